#include "conversation_stage.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "common/protocol/codec.h"
#include "common/zk/zk_paths.h"

namespace ottla::controller::test {
namespace {

std::string TopicOf(const std::string& partition) { return partition.substr(0, partition.rfind('-')); }

std::string Texts(const std::vector<Word>& words) {
  std::string text;
  for (const Word& word : words) text += "  " + word.ToString() + "\n";
  return text;
}

// Stops without the one that only prepares a deletion.
std::string OneStop(const std::vector<std::string>& words, int epochs_less) {
  std::string text;
  for (std::size_t i = 0; i < words.size(); ++i) {
    const bool removes = words[i].ends_with(" delete");
    if (!removes && i + 1 < words.size() && words[i + 1].ends_with(" delete")) continue;
    const int epoch = std::stoi(words[i].substr(1));
    text += "e" + std::to_string(epoch < 0 ? epoch : epoch - epochs_less) + (removes ? " delete; " : "; ");
  }
  return text;
}

}  // namespace

// Kafka's words on one partition without the rounds that ours does not make.
std::vector<Word> Stage::WithoutRounds(const std::string& partition, std::vector<Word> words) const {
  // Repeats; a second isNew is none.
  std::vector<Word> told;
  for (const Word& word : words) {
    Word again = word;
    if (!told.empty()) again.is_new = told.back().is_new;
    if (told.empty() || !(again == told.back())) told.push_back(word);
  }
  // Stored first.
  const auto known =
      before_.partitions.find({TopicOf(partition), std::stoi(partition.substr(partition.rfind('-') + 1))});
  if (told.size() > 1 && known != before_.partitions.end() &&
      told.front().leader_epoch == known->second.word.leader_epoch) {
    told.erase(told.begin());
  }
  if (story_->one_epoch.contains(partition) && told.size() > 1) {
    told.erase(told.end() - 2);
    --told.back().leader_epoch;
    --told.back().partition_epoch;
  }
  return told;
}

void Stage::CheckBroker(std::int32_t broker) {
  if (story_->killed.contains(broker)) return;
  SCOPED_TRACE("broker " + std::to_string(broker));
  Heard& kafka = kafka_[broker];
  Heard& ours = ours_[broker];
  EXPECT_EQ(ours.faults, kafka.faults);
  EXPECT_EQ(ours.heads, kafka.heads);
  EXPECT_EQ(ours.live, kafka.live);
  std::map<std::string, std::string> want, got;
  for (const auto& [partition, words] : kafka.leader_and_isr) {
    if (story_->dying_topics.contains(TopicOf(partition)) || story_->repeated.contains(partition)) continue;
    want[partition] = Texts(WithoutRounds(partition, words));
  }
  for (const auto& [partition, words] : ours.leader_and_isr) got[partition] = Texts(words);
  EXPECT_EQ(got, want) << "LeaderAndIsr";
  want.clear(), got.clear();
  for (auto& [partition, word] : kafka.metadata) {
    if (story_->dying_topics.contains(TopicOf(partition))) continue;
    if (story_->one_epoch.contains(partition)) --word.leader_epoch, --word.partition_epoch;
    want[partition] = word.ToString();
  }
  for (const auto& [partition, word] : ours.metadata) {
    if (story_->dying_topics.contains(TopicOf(partition))) {
      EXPECT_EQ(word.leader, -2) << partition;
    } else {
      got[partition] = word.ToString();
    }
  }
  EXPECT_EQ(got, want) << "UpdateMetadata";
  want.clear(), got.clear();
  for (const auto& [partition, words] : kafka.stop) {
    want[partition] = OneStop(words, story_->one_epoch.contains(partition) ? 1 : 0);
  }
  for (const auto& [partition, words] : ours.stop) got[partition] = OneStop(words, 0);
  EXPECT_EQ(got, want) << "StopReplica";
}

// What the recorder found in the state znodes by the end of the story.
void Stage::CheckStates() {
  std::map<std::string, nlohmann::json> want;
  for (const Frame& frame : steps_[step_]) {
    if (frame.ms < story_->from || frame.ms >= story_->to || !frame.mark.starts_with("zookeeper state ")) continue;
    const std::size_t brace = frame.mark.find('{');
    want[frame.mark.substr(16, brace - 17)] = nlohmann::json::parse(frame.mark.substr(brace));
  }
  for (auto& [partition, json] : want) {
    if (story_->dying_topics.contains(TopicOf(partition))) continue;
    if (story_->one_epoch.contains(partition)) json["leader_epoch"] = json["leader_epoch"].get<int>() - 1;
    const std::int32_t number = std::stoi(partition.substr(partition.rfind('-') + 1));
    EXPECT_EQ(nlohmann::json::parse(harness_->tree.Data(zk::State(TopicOf(partition), number)), nullptr, false), json)
        << partition;
  }
}

void Stage::Check() {
  std::map<std::int32_t, std::pair<std::string, std::string>> want, got;
  for (const Kinds& kinds : story_->kinds) want[kinds.broker] = {kinds.kafka, kinds.ours};
  for (const auto& [broker, heard] : kafka_) got[broker].first = heard.kinds;
  for (const auto& [broker, heard] : ours_) got[broker].second = heard.kinds;
  EXPECT_EQ(got, want) << "requests of Kafka's and of ours";
  std::set<std::int32_t> brokers;
  for (const auto& [broker, both] : got) brokers.insert(broker);
  for (const std::int32_t broker : brokers) CheckBroker(broker);
  CheckStates();
}

// --- derived stories ---

bool Stage::Dying(const std::string& partition) const { return story_->dying_topics.contains(TopicOf(partition)); }

// A leader epoch that was not known when the story began? Replicas heed nothing else, though Kafka tells them more:
// ISRs that their own proposals have made.
bool Stage::News(const std::string& partition, const Word& word) const {
  const auto known =
      before_.partitions.find({TopicOf(partition), std::stoi(partition.substr(partition.rfind('-') + 1))});
  return known == before_.partitions.end() || known->second.word.leader_epoch != word.leader_epoch;
}

// The same but for epochs: Kafka may have taken several where ours took one.
void Stage::CheckLastWord(const std::string& partition, const Word& kafka, const Word& ours) const {
  Word same = ours;
  same.leader_epoch = kafka.leader_epoch;
  same.partition_epoch = kafka.partition_epoch;
  same.is_new = kafka.is_new;
  EXPECT_EQ(same.ToString(), kafka.ToString()) << partition;
  EXPECT_LE(ours.leader_epoch, kafka.leader_epoch) << partition;
  EXPECT_LE(ours.partition_epoch, kafka.partition_epoch) << partition;
  EXPECT_EQ(News(partition, ours), News(partition, kafka)) << partition;
}

void Stage::CheckLastWords(std::int32_t broker) {
  SCOPED_TRACE("broker " + std::to_string(broker));
  Heard& kafka = kafka_[broker];
  Heard& ours = ours_[broker];
  EXPECT_EQ(ours.faults, kafka.faults);
  EXPECT_EQ(ours.heads, kafka.heads);
  if (!kafka.live.empty() && !ours.live.empty()) {
    EXPECT_EQ(ours.live.back(), kafka.live.back());
  }
  // Ours says less, never in another order.
  std::size_t at = 0;
  for (const char kind : kafka.kinds) {
    if (at < ours.kinds.size() && ours.kinds[at] == kind) ++at;
  }
  EXPECT_EQ(at, ours.kinds.size()) << "ours " << ours.kinds << ", Kafka " << kafka.kinds;
  const bool came =
      !before_.live.contains(broker) || before_.broker_epochs.at(broker) != after_.broker_epochs.at(broker);
  for (const auto& [partition, words] : kafka.leader_and_isr) {
    if (Dying(partition)) continue;
    const auto told = ours.leader_and_isr.find(partition);
    if (told != ours.leader_and_isr.end()) {
      CheckLastWord(partition, words.back(), told->second.back());
    } else {
      EXPECT_FALSE(came || News(partition, words.back())) << partition << " is not told: " << words.back().ToString();
    }
  }
  for (const auto& [partition, words] : ours.leader_and_isr) {
    EXPECT_TRUE(kafka.leader_and_isr.contains(partition)) << partition << ": " << words.back().ToString();
  }
  for (const auto& [partition, word] : kafka.metadata) {
    if (Dying(partition)) continue;
    const auto told = ours.metadata.find(partition);
    if (told != ours.metadata.end()) {
      CheckLastWord(partition, word, told->second);
    } else {
      const auto tp = TopicPartition{TopicOf(partition), std::stoi(partition.substr(partition.rfind('-') + 1))};
      const bool isr = before_.partitions.contains(tp) && before_.partitions.at(tp).word.isr != word.isr;
      EXPECT_FALSE(came || isr || News(partition, word)) << partition << " is unknown: " << word.ToString();
    }
  }
  for (const auto& [partition, word] : ours.metadata) {
    EXPECT_TRUE(kafka.metadata.contains(partition)) << partition << ": " << word.ToString();
  }
  std::map<std::string, bool> want, got;  // at last with deletion?
  for (const auto& [partition, words] : kafka.stop) want[partition] = words.back().ends_with(" delete");
  for (const auto& [partition, words] : ours.stop) got[partition] = words.back().ends_with(" delete");
  const auto settled = [this](const auto& entry) { return before_.dying.contains(TopicOf(entry.first)); };
  std::erase_if(want, settled);
  std::erase_if(got, settled);
  EXPECT_EQ(got, want) << "StopReplica";
}

void Stage::CheckLastWords() {
  for (const std::int32_t broker : before_.live) kafka_[broker], ours_[broker];
  for (const std::int32_t broker : after_.live) {
    if (!story_->killed.contains(broker)) CheckLastWords(broker);
  }
}

}  // namespace ottla::controller::test
