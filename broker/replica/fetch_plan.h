// What one fetcher knows of its partitions and of the session it holds at the leader: which partitions the next request
// must mention, which it must withdraw, what each was last told. Pure. Owner: the fetcher.
// Rules: Apache Kafka's FetchSessionHandler (KIP-227).
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "broker/replica/follower_core.h"
#include "broker/replica/partition_shard.h"
#include "broker/replica/shard_state.h"
#include "common/base/clock.h"
#include "common/base/ids.h"
#include "common/protocol/messages/01_fetch.h"

namespace ottla {

// One partition that is pulled.
struct PulledPartition {
  enum class State : std::uint8_t { kReady, kDelayed, kAskLatest, kAskEarliest };
  std::shared_ptr<const TopicPartition> tp;
  Uuid topic_id;
  LeaderEpoch leader_epoch;
  State state = State::kReady;
  // The next question.
  Offset fetch_offset;
  Offset log_start;
  LeaderEpoch last_fetched_epoch = kNoLeaderEpoch;
  // The question the leader's session holds; an answer is to this one.
  bool in_session = false;
  Offset told_offset;
  Offset told_log_start;
  LeaderEpoch told_last_epoch = kNoLeaderEpoch;
  LeaderEpoch told_leader_epoch = kNoLeaderEpoch;

  bool listed = false;  // in the list of what the next request must look at
  int failures = 0;     // in a row; the pause grows with it
};

class FetchPlan {
 public:
  struct Limits {
    BrokerId self;
    std::int16_t version = 17;  // 12 is used while a topic id is missing
    std::int32_t wait_max_ms = 500;
    std::int32_t min_bytes = 1;
    std::int32_t max_bytes = 10 << 20;
    std::int32_t partition_max_bytes = 1 << 20;
  };
  explicit FetchPlan(const Limits& limits) : limits_(limits) {}

  std::size_t size() const { return partitions_.size(); }
  bool empty() const { return partitions_.empty(); }
  PulledPartition* Find(std::string_view topic, std::int32_t partition);
  PulledPartition* Find(const Uuid& topic_id, std::int32_t partition);

  void Start(const FetchControl::Start& start);
  void Stop(const TopicPartition& tp);
  // The owner of the partition has said what comes next. `now` is for the pause of kBackoff.
  void Step(PulledPartition& partition, const FollowerStep& step, Micros pause_max, MonoTime now);
  // Delayed partitions whose time has come are ready again. Returns when the next one will be.
  std::optional<MonoTime> Wake(MonoTime now);
  // Those that wait for an answer of ListOffsets; `state` is kAskLatest or kAskEarliest.
  std::vector<PulledPartition*> Asking(PulledPartition::State state);

  // Whether a request is worth sending: something to tell, or a session that may have news.
  bool Wanted() const { return !changed_.empty() || session_partitions_ > 0; }
  struct Question {
    std::int16_t version = 17;
    FetchRequest request;  // its views point into the plan's partitions
  };
  Question Ask(BrokerEpoch broker_epoch);
  // The answer arrived with these; a refused session begins anew with a full request.
  void OnSession(ErrorCode error, std::int32_t session_id);
  // No answer arrived: the leader may or may not have seen the request. The next is full and closes the old session.
  void OnLost();
  std::int32_t session_id() const { return session_id_; }

 private:
  void List(PulledPartition& partition);
  void LeaveSession(PulledPartition& partition);
  bool MustTell(const PulledPartition& partition) const;
  void TellChanged(FetchRequest& request);
  FetchRequest::FetchPartition Tell(PulledPartition& partition);
  void TellWithdrawn(FetchRequest& request);
  void BeginSession();

  const Limits limits_;
  std::unordered_map<TopicPartition, PulledPartition, PartitionHash, PartitionEqual> partitions_;
  struct NamedTopic {
    std::string name;
    std::size_t partitions = 0;
  };
  std::map<Uuid, NamedTopic> topics_;  // of ids in use
  std::size_t without_id_ = 0;
  using Name = std::shared_ptr<const TopicPartition>;
  std::vector<Name> changed_;  // to be looked at by the next request
  struct Withdrawn {
    Uuid topic_id;
    Name tp;
  };
  std::vector<Withdrawn> withdrawn_;
  std::vector<Name> speaking_of_;  // keeps the names of the last request alive
  std::multimap<MonoTime, Name> delayed_;

  std::int32_t session_id_ = 0;
  std::int32_t session_epoch_ = 0;  // of the next request; 0: full
  bool session_by_id_ = true;
  std::size_t session_partitions_ = 0;
};

}  // namespace ottla
