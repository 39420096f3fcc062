// What followers asked in recorded conversations of Kafka's brokers, and what our fetch plan asks when its partitions
// stand where theirs stood: constants, versions, sessions, which partitions are mentioned and which are withdrawn.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <set>
#include <sstream>

#include "broker/replica/fetch_plan.h"
#include "common/config/inter_broker_version.h"
#include "common/protocol/codec.h"
#include "common/protocol/frame.h"
#include "tests/support/golden.h"

namespace ottla {
namespace {

using nlohmann::json;

constexpr char kPrefix[] = "inter-broker-ibp";
constexpr std::int16_t kFetch = 1;

std::string Folder() {
  const char* given = std::getenv("OTTLA_CONVERSATIONS_DIR");
  return given != nullptr && *given != '\0' ? given : std::string(OTTLA_SOURCE_DIR) + "/tests/golden/conversations";
}

struct Session {
  ErrorCode error = ErrorCode::kNone;
  std::int32_t id = 0;
};

// One fetcher of one broker, as long as it is seen without a gap.
class Follower {
 public:
  Follower(std::int32_t self, std::int16_t version) : plan_({.self = BrokerId(self), .version = version}) {}

  // Whether our plan, brought to where this request shows Kafka's, asks the same.
  void Asked(const FetchRequest& request, std::int16_t version) {
    if (waiting_) Lost();
    if (request.session_epoch == 0) {
      // Whatever came before: a first request, a lost answer, a session that the leader did not keep.
      if (plan_.session_id() != request.session_id) known_ = false;
      if (!known_) Restart();
      known_ = request.session_id == plan_.session_id();
    }
    if (!known_) return;
    for (int skipped = 0; epoch_ < request.session_epoch && skipped < 1'000'000; ++skipped) {
      // Repeats without news that the recorder left out.
      const auto idle = plan_.Ask(BrokerEpoch(request.replica_state.replica_epoch));
      EXPECT_TRUE(idle.request.topics.empty());
      Answered({ErrorCode::kNone, plan_.session_id()});
    }
    Bring(request);
    waiting_ = true;
    const FetchPlan::Question ours = plan_.Ask(BrokerEpoch(request.replica_state.replica_epoch));
    ++compared;
    EXPECT_EQ(ours.version, version);
    EXPECT_EQ(Head(ours.request), Head(request));
    EXPECT_EQ(Topics(ours.request), Topics(request));
    EXPECT_EQ(Forgotten(ours.request), Forgotten(request));
  }
  void Answered(const Session& session) {
    waiting_ = false;
    if (!known_) return;
    plan_.OnSession(session.error, session.id);
    epoch_ = session.error == ErrorCode::kNone && session.id != 0 ? epoch_ + 1 : 0;
  }
  void Lost() {
    waiting_ = false;
    if (!known_) return;
    plan_.OnLost();
    epoch_ = 0;
  }

  int compared = 0;

 private:
  using Key = std::pair<std::string, std::int32_t>;

  void Restart() {
    for (const Key& key : std::exchange(pulled_, {})) plan_.Stop({key.first, key.second});
    plan_.OnSession(ErrorCode::kFetchSessionIdNotFound, 0);
    epoch_ = 0;
  }
  static std::string Name(const FetchRequest::FetchTopic& topic) {
    return topic.topic.empty() ? topic.topic_id.ToString() : std::string(topic.topic);
  }

  // The partitions are where the request says they are.
  void Bring(const FetchRequest& request) {
    std::set<Key> mentioned;
    for (const auto& topic : request.topics) {
      for (const auto& p : topic.partitions) {
        const Key key{Name(topic), p.partition};
        mentioned.insert(key);
        PulledPartition* known = plan_.Find(key.first, key.second);
        if (known != nullptr && known->leader_epoch.value == p.current_leader_epoch) {
          const FollowerStep step{.kind = FollowerStep::Kind::kFetch,
                                  .fetch_offset = Offset(p.fetch_offset),
                                  .log_start = Offset(p.log_start_offset),
                                  .last_fetched_epoch = LeaderEpoch(p.last_fetched_epoch)};
          plan_.Step(*known, step, Millis(1000), MonoTime{});
          continue;
        }
        plan_.Start({.tp = {key.first, key.second},
                     .topic_id = topic.topic_id,
                     .leader = BrokerId(0),
                     .leader_epoch = LeaderEpoch(p.current_leader_epoch),
                     .fetch_offset = Offset(p.fetch_offset),
                     .log_start = Offset(p.log_start_offset),
                     .last_fetched_epoch = LeaderEpoch(p.last_fetched_epoch)});
        pulled_.insert(key);
      }
    }
    for (const auto& topic : request.forgotten_topics_data) {
      const std::string name = topic.topic.empty() ? topic.topic_id.ToString() : std::string(topic.topic);
      for (const std::int32_t number : topic.partitions) Stop({name, number});
    }
    if (request.session_epoch != 0) return;
    for (const Key& key : std::set<Key>(pulled_)) {  // a full request names all there are
      if (!mentioned.contains(key)) Stop(key);
    }
  }
  void Stop(const Key& key) {
    plan_.Stop({key.first, key.second});
    pulled_.erase(key);
  }

  static std::string Head(const FetchRequest& request) {
    std::ostringstream out;
    out << "cluster " << request.cluster_id.has_value() << " replica " << request.replica_id << " state "
        << request.replica_state.replica_id << " " << request.replica_state.replica_epoch << " wait "
        << request.max_wait_ms << " min " << request.min_bytes << " max " << request.max_bytes << " isolation "
        << static_cast<int>(request.isolation_level) << " session " << request.session_id << " "
        << request.session_epoch << " rack " << request.rack_id;
    return out.str();
  }
  static std::set<std::string> Topics(const FetchRequest& request) {
    std::set<std::string> texts;
    for (const auto& topic : request.topics) {
      for (const auto& p : topic.partitions) {
        std::ostringstream out;
        out << Name(topic) << "-" << p.partition << " epoch " << p.current_leader_epoch << " from " << p.fetch_offset
            << " last " << p.last_fetched_epoch << " start " << p.log_start_offset << " max " << p.partition_max_bytes;
        texts.insert(out.str());
      }
    }
    return texts;
  }
  static std::set<std::string> Forgotten(const FetchRequest& request) {
    std::set<std::string> texts;
    for (const auto& topic : request.forgotten_topics_data) {
      const std::string name = topic.topic.empty() ? topic.topic_id.ToString() : std::string(topic.topic);
      for (const std::int32_t number : topic.partitions) texts.insert(name + "-" + std::to_string(number));
    }
    return texts;
  }

  FetchPlan plan_;
  std::set<Key> pulled_;
  bool known_ = false;    // since a full request was seen
  bool waiting_ = false;  // for an answer
  std::int32_t epoch_ = 0;
};

// An answer may have been cut short behind these.
Session ReadSession(std::string_view body) {
  const auto number = [&](std::size_t at, int bytes) {
    std::uint32_t value = 0;
    for (int i = 0; i < bytes; ++i) value = value << 8 | static_cast<unsigned char>(body.at(at + i));
    return value;
  };
  return {static_cast<ErrorCode>(static_cast<std::int16_t>(number(4, 2))), static_cast<std::int32_t>(number(6, 4))};
}

class Step {
 public:
  void Take(const json& line) {
    if (!line.contains("hex") || line.at("api_key") != kFetch) return;
    const std::string from = line.at("from"), to = line.at("to");
    const bool asks = line.at("dir") == "req";
    const std::string& follower = asks ? from : to;
    if (!follower.starts_with("broker-")) return;
    const std::string id = line.at("client_id").is_null() ? "" : line.at("client_id").get<std::string>();
    EXPECT_EQ(id, follower + "-fetcher-0");
    const std::string bytes = test::FromHex(line.at("hex").get<std::string>());
    Follower& at = followers_
                       .try_emplace(asks ? std::pair(from, to) : std::pair(to, from), std::atoi(follower.c_str() + 7),
                                    line.at("api_version").get<std::int16_t>())
                       .first->second;
    if (!asks) {
      const auto response = ParseResponseHeader(bytes, kFetch, line.at("api_version"));
      ASSERT_TRUE(response.ok());
      at.Answered(ReadSession(response->body));
      return;
    }
    ASSERT_FALSE(line.value("truncated", false));
    FetchRequest request;
    const auto left = Decode(ParseRequestHeader(bytes).body, line.at("api_version"), &request);
    ASSERT_TRUE(left.ok() && *left == 0);
    at.Asked(request, line.at("api_version"));
  }
  int compared() const {
    int all = 0;
    for (const auto& [pair, follower] : followers_) all += follower.compared;
    return all;
  }

 private:
  std::map<std::pair<std::string, std::string>, Follower> followers_;
};

TEST(RecordedFetches, OurPlanAsksWhatKafkasFollowersAsked) {
  int compared = 0;
  for (const auto& entry : std::filesystem::directory_iterator(Folder())) {
    const std::string name = entry.path().filename().string();
    if (!name.starts_with(kPrefix)) continue;
    const std::string protocol = name.substr(sizeof kPrefix - 1, name.find('-', sizeof kPrefix) - sizeof kPrefix + 1);
    const auto version = ParseInterBrokerVersion(protocol);
    if (!version.ok() || *version < InterBrokerVersion{2, 8, 1}) continue;
    SCOPED_TRACE(name);
    Step step;
    std::istringstream lines(test::ReadAll(entry.path().string()));
    for (std::string text; std::getline(lines, text);) {
      const json line = json::parse(text);
      SCOPED_TRACE("at " + line.at("t_ms").dump());
      step.Take(line);
    }
    compared += step.compared();
  }
  const char* given = std::getenv("OTTLA_CONVERSATIONS_DIR");
  if (given == nullptr || *given == '\0') {
    EXPECT_GT(compared, 200);
  }
}

}  // namespace
}  // namespace ottla
