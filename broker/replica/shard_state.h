// What the parts of one shard share: the partitions, the waiting fetches, the answers of the current turn. Internal to
// broker/replica. Owner: the shard's loop.
//
// Callbacks of handlers run at the end of a turn, when no partition is in the middle of an event: they may come back
// with the next request at once (Kafka's action queue serves the same end).
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "broker/replica/metadata_cache.h"
#include "broker/replica/partition_shard.h"
#include "broker/replica/replica_types.h"

namespace ottla {

class Partition;

struct PartitionKey {
  std::string_view topic;
  std::int32_t partition = 0;
};

struct PartitionHash {
  using is_transparent = void;
  std::size_t operator()(const PartitionKey& key) const {
    return std::hash<std::string_view>{}(key.topic) * 31 + static_cast<std::size_t>(key.partition);
  }
  std::size_t operator()(const TopicPartition& tp) const { return (*this)(PartitionKey{tp.topic, tp.partition}); }
};
struct PartitionEqual {
  using is_transparent = void;
  bool operator()(const TopicPartition& a, const TopicPartition& b) const { return a == b; }
  bool operator()(const PartitionKey& a, const TopicPartition& b) const {
    return a.partition == b.partition && a.topic == b.topic;
  }
  bool operator()(const TopicPartition& a, const PartitionKey& b) const { return (*this)(b, a); }
};

// A fetch that waits for more bytes.
struct FetchWatch {
  struct Part {
    std::weak_ptr<Partition> partition;
    FetchPartition ask;  // its topic view is not to be used
    std::uint64_t available = 0;
  };
  std::uint64_t needed = 1;  // bytes
  std::uint64_t available = 0;
  FetchParams params;
  BrokerId follower = kNoBroker;  // set: fired by any append this follower does not have; `parts` is empty
  std::vector<Part> parts;
  Task on_ready;
};

class ShardState : public std::enable_shared_from_this<ShardState> {
 public:
  ShardState(Executor& loop_in, ReplicaEnv& env_in) : loop(loop_in), env(env_in) {}

  // Brackets everything that may answer. Answers go out when the outermost ends.
  class Turn {
   public:
    explicit Turn(ShardState& state) : state_(state) { ++state_.depth_; }
    ~Turn() {
      if (--state_.depth_ == 0) state_.EndTurn();
    }
    Turn(const Turn&) = delete;
    Turn& operator=(const Turn&) = delete;

   private:
    ShardState& state_;
  };

  MonoTime Now() const { return env.clock.Now(); }
  std::shared_ptr<Partition> Find(std::string_view topic, std::int32_t partition) const;
  // As ReplicaManager.getPartitionOrException: nullptr and 6 where the cluster knows the partition, else 3, or 56.
  std::shared_ptr<Partition> FindOr(std::string_view topic, std::int32_t partition, ErrorCode* error) const;

  // --- Answers of this turn.
  void Answer(AppendCallback done, ProduceResult result) { answers_.push_back({std::move(done), std::move(result)}); }
  void Defer(Task task) { tasks_.push_back(std::move(task)); }
  void StartFetching(FetchControl::Start start) { starts_.push_back(std::move(start)); }
  void StopFetching(const TopicPartition& tp) { stops_.push_back(tp); }

  // --- Deadlines of parked requests: one timer for the shard.
  void NoteDeadline(MonoTime deadline);

  // --- Watches.
  std::uint64_t AddWatch(FetchWatch watch);
  void CancelWatch(std::uint64_t id);
  void FireWatch(std::uint64_t id);
  void FireFollower(BrokerId follower);
  FetchWatch* FindWatch(std::uint64_t id);

  Executor& loop;
  ReplicaEnv& env;
  MetadataPtr metadata = std::make_shared<MetadataView>();
  std::uint64_t metadata_number = 1;  // counts the views published here
  LiveBrokers live = std::make_shared<const std::vector<BrokerId>>();
  std::unordered_map<TopicPartition, std::shared_ptr<Partition>, PartitionHash, PartitionEqual> partitions;
  std::unordered_set<TopicPartition> offline;     // hosted in a log dir that failed
  std::vector<std::weak_ptr<Partition>> lagging;  // leaders with a follower of the ISR behind; each flagged as listed
  bool stopped = false;
  bool start_fetchers = true;

 private:
  struct PendingAnswer {
    AppendCallback done;
    ProduceResult result;
  };
  void EndTurn();
  void OnDeadline();

  int depth_ = 0;
  bool draining_ = false;
  std::vector<PendingAnswer> answers_;
  std::vector<Task> tasks_;
  std::vector<FetchControl::Start> starts_;
  std::vector<TopicPartition> stops_;

  std::unordered_map<std::uint64_t, FetchWatch> watches_;
  std::unordered_map<BrokerId, std::vector<std::uint64_t>> follower_watches_;
  std::uint64_t next_watch_ = 1;

  TimerId deadline_timer_ = 0;
  MonoTime deadline_at_{};
};

}  // namespace ottla
