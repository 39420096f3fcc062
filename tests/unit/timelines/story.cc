#include "story.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>

#include "common/zk/zk_codec.h"
#include "common/zk/zk_paths.h"
#include "timeline.h"

namespace ottla::timelines {
namespace {

using Json = nlohmann::json;

std::string Content(const ZkOp& op) {
  if (!op.data) return "null";
  if (op.path == zk::kClusterId) return "*";
  Json json = Json::parse(*op.data, nullptr, false);
  if (json.is_discarded()) return *op.data;
  if (json.is_object()) {
    for (const char* free : {"topic_id", "timestamp"}) {
      if (json.contains(free)) json[free] = "*";
    }
  }
  return json.dump();
}

std::string Text(const ZkOp& op) {
  switch (op.kind) {
    case ZkOp::Kind::kCreate:
      return "create " + op.path + (op.mode == ZkCreateMode::kEphemeral ? " ephemeral " : " ") + Content(op);
    case ZkOp::Kind::kSet: return "set " + op.path + " " + Content(op);
    case ZkOp::Kind::kDelete: return "delete " + op.path;
    case ZkOp::Kind::kCheck: break;
  }
  return "check " + op.path;
}

// Writes of states, and of the directories above them, come in no order among the partitions.
class Folder {
 public:
  explicit Folder(std::string topic) : topic_(std::move(topic)) {}

  void Add(const Entry& entry) {
    const std::string where = "line " + std::to_string(entry.line);
    if (!entry.cause.empty()) {
      if (!entry.topic.empty() && entry.topic != topic_) return;
      Flush();
      dying_ = dying_ || entry.cause.ends_with(" " + zk::DeleteTopic(topic_));  // by hand
      lines_.push_back({"-- " + entry.cause, false, 0, where});
      return;
    }
    const std::string owner = TopicOf(entry.op.path);
    if (!owner.empty() && owner != topic_) return;
    const auto state = ParseState(entry.op.path);
    if (state && entry.op.kind != ZkOp::Kind::kDelete) {
      AddState(entry, state->partition, where);
    } else if (entry.op.kind == ZkOp::Kind::kCreate && !owner.empty() &&
               zk::Parent(entry.op.path) == zk::Partitions(topic_)) {
      if (!states_.empty()) Flush();
      directories_[entry.op.path] = {Text(entry.op), entry.fenced, 0, where};
    } else {
      AddOther(entry, where);
    }
  }
  std::vector<Line> Take() {
    Flush();
    return std::move(lines_);
  }

 private:
  struct Run {
    std::optional<zk::PartitionStateData> before;
    bool created = false, fenced = true;
    std::string where;
  };

  void AddState(const Entry& entry, std::int32_t partition, const std::string& where) {
    if (!directories_.empty()) Flush();
    const auto [run, fresh] = states_.try_emplace(partition);
    if (fresh && now_.contains(partition)) run->second.before = now_.at(partition);
    run->second.created |= entry.op.kind == ZkOp::Kind::kCreate;
    run->second.fenced &= entry.fenced;
    run->second.where = where;
    now_[partition] = zk::DecodeState(entry.op.data).value();
  }
  void AddOther(const Entry& entry, const std::string& where) {
    Flush();
    if (entry.op.path == zk::DeleteTopic(topic_)) dying_ = entry.op.kind == ZkOp::Kind::kCreate;
    const std::string text = Text(entry.op);
    if (entry.op.kind == ZkOp::Kind::kDelete) {
      content_.erase(entry.op.path);
      if (const auto state = ParseState(entry.op.path)) now_.erase(state->partition);
    } else {
      const std::string content = Content(entry.op);
      const auto [known, fresh] = content_.try_emplace(entry.op.path, content);
      if (!fresh && known->second == content) return;  // same again
      known->second = content;
    }
    lines_.push_back({text, entry.fenced, 0, where});
  }
  void Flush() {
    for (auto& [path, line] : directories_) lines_.push_back(std::move(line));
    directories_.clear();
    for (const auto& [partition, run] : states_) AddRun(partition, run);
    states_.clear();
  }
  void AddRun(std::int32_t partition, const Run& run) {
    const zk::PartitionStateData& now = now_.at(partition);
    const bool same = run.before && run.before->leader == now.leader && run.before->isr == now.isr &&
                      run.before->recovering == now.recovering;
    if (same && now.leader == kNoBroker) return;  // same again
    const int raise = run.before ? now.leader_epoch.value - run.before->leader_epoch.value : now.leader_epoch.value;
    std::string text = (run.created ? "create " : "set ") + zk::State(topic_, partition) + " leader " +
                       std::to_string(now.leader.value) + " isr";
    for (const BrokerId id : now.isr) text += dying_ ? " *" : " " + std::to_string(id.value);
    text += " by epoch " + std::to_string(now.controller_epoch.value) + (now.recovering ? " recovering" : "") +
            (raise > 0 ? " new leader epoch" : "");
    lines_.push_back({text, run.fenced, raise, run.where});
  }

  const std::string topic_;
  bool dying_ = false;  // being deleted
  std::vector<Line> lines_;
  std::map<std::string, std::string> content_;
  std::map<std::string, Line> directories_;
  std::map<std::int32_t, Run> states_;
  std::map<std::int32_t, zk::PartitionStateData> now_;
};

std::string Around(const std::vector<Line>& lines, std::size_t at) {
  std::string text;
  for (std::size_t i = at > 4 ? at - 4 : 0; i < std::min(lines.size(), at + 6); ++i) {
    text += (i == at ? "  > " : "    ") + lines[i].text + "   (" + lines[i].where + ")\n";
  }
  return text;
}

}  // namespace

std::vector<Line> LinesOf(const Log& log, const std::string& topic) {
  Folder folder(topic);
  for (const Entry& entry : log) folder.Add(entry);
  return folder.Take();
}

std::set<std::string> TopicsOf(const Log& log) {
  std::set<std::string> topics{""};
  for (const Entry& entry : log) {
    if (entry.cause.empty()) topics.insert(TopicOf(entry.op.path));
  }
  return topics;
}

void Compare(const Log& kafka, const Log& ours) {
  std::set<std::string> topics = TopicsOf(kafka);
  topics.merge(TopicsOf(ours));
  for (const std::string& topic : topics) {
    const std::vector<Line> want = LinesOf(kafka, topic);
    const std::vector<Line> got = LinesOf(ours, topic);
    std::size_t at = 0;
    while (at < want.size() && at < got.size() && want[at].text == got[at].text) {
      EXPECT_TRUE(got[at].fenced || !want[at].fenced) << got[at].text << " is not fenced";
      EXPECT_LE(got[at].raise, want[at].raise) << got[at].text << " (" << want[at].where << ")";
      ++at;
    }
    if (at < want.size() || at < got.size()) {
      ADD_FAILURE() << "topic \"" << topic << "\"\nKafka wrote\n" << Around(want, at) << "ours\n" << Around(got, at);
    }
  }
}

}  // namespace ottla::timelines
