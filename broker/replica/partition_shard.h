// All partitions of one data loop. Owner: that loop; every call without a remark is made there, and every callback runs
// there, before the call returns or later. The set of shards and the shard of a partition are fixed at start
// (PartitionShards). With one data loop nothing hops: RunOn calls at once.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "broker/log/append_check.h"
#include "broker/log/log_manager.h"
#include "broker/replica/isr_sender.h"
#include "broker/replica/metadata_cache.h"
#include "broker/replica/partition_core.h"
#include "broker/replica/replica_types.h"
#include "common/base/clock.h"
#include "common/base/executor.h"
#include "common/base/ids.h"
#include "common/base/unique_function.h"
#include "common/config/topic_config.h"

namespace ottla {

class Partition;
class PartitionShard;
class ShardState;
struct FollowerSlice;
struct FollowerStep;

// The data loop of a partition. Any thread; the same answer while the process runs.
std::size_t ShardIndex(std::string_view topic, std::int32_t partition, std::size_t loops);

// Settings of topics. Any thread; the newest values each time.
using TopicConfigSource = std::function<std::shared_ptr<const TopicConfig>(std::string_view topic)>;

// Where a partition's replica is pulled from its leader. Implemented by ReplicaFetchers. Any thread.
class FetchControl {
 public:
  struct Start {
    TopicPartition tp;
    Uuid topic_id;
    BrokerId leader;
    LeaderEpoch leader_epoch;
    Offset fetch_offset;
    Offset log_start;
    LeaderEpoch last_fetched_epoch = kNoLeaderEpoch;
  };
  virtual ~FetchControl() = default;
  virtual void StartFetching(std::vector<Start> partitions) = 0;  // replaces what was fetched for them before
  virtual void StopFetching(std::vector<TopicPartition> partitions) = 0;
};

struct ReplicaOptions {
  BrokerId self;
  Micros lag_max{std::chrono::seconds(30)};  // replica.lag.time.max.ms
  bool truncate_on_fetch = true;             // inter.broker.protocol.version >= 2.7-IV1
  bool rack_aware_selector = false;          // replica.selector.class is the rack aware one
  std::string rack;                          // broker.rack; empty: none
};

// What the shards need from the rest of the broker; outlives them.
struct ReplicaEnv {
  const Clock& clock;
  LogManager& logs;
  TopicConfigSource topic_config;                           // never null
  std::function<LogConfig(const std::string&)> log_config;  // as LogManagerOptions::config_of
  IsrSender* isr_sender = nullptr;                          // set before the first LeaderAndIsr
  FetchControl* fetchers = nullptr;                         // set before the first LeaderAndIsr
  ReplicaOptions options;
};

// One partition of a Produce request, or a batch of a coordinator of this broker.
struct AppendRequest {
  std::string_view topic;  // alive until the call returns
  std::int32_t partition = 0;
  // Stage 1 of append_check, refused or not: some refusals are answered only where this broker leads the partition.
  CheckedAppend batch;
  std::shared_ptr<const void> keep_alive;  // of the bytes in `batch` (RequestContext::frame.buffer)
  AppendOrigin origin = AppendOrigin::kClient;
  bool transaction_verified = true;  // may open a transaction on this partition
  std::optional<TxnMarker> marker;   // the batch is a control batch that ends a transaction
  std::int16_t acks = -1;            // 0 and 1: answered when written; -1: when all in-sync replicas have it
  Millis timeout{30'000};            // of acks=-1, counted from the write
  // -1, or: NOT_LEADER_OR_FOLLOWER when the partition is led under another epoch by now (coordinators).
  LeaderEpoch only_under = kNoLeaderEpoch;
};
using AppendCallback = UniqueFunction<void(ProduceResult)>;

// The partitions of one Fetch that live on one shard.
struct FetchRequestSlice {
  FetchParams params;
  std::vector<FetchPartition> partitions;  // in the order in which bytes are handed out
  std::uint64_t max_bytes = 0;             // what is left of the request's budget
  bool no_bytes_yet = true;     // no partition asked before has returned bytes: a first batch may exceed the limits
  bool record_progress = true;  // false when this fetch is a repeat after a watch or the deadline
  // 0: no watch. Else, when fewer bytes than this were found and nothing asks for an answer now, a watch is left
  // behind: `on_ready` runs once when so many bytes can be read from the partitions of this slice, or one of them
  // changed role, leader, truncated or vanished. Never before `done` of the fetch.
  std::uint64_t watch_bytes = 0;
  Task on_ready;
};
using FetchCallback = UniqueFunction<void(FetchResult)>;

class PartitionShard {
 public:
  PartitionShard(std::size_t index, Executor& loop, ReplicaEnv& env);
  ~PartitionShard();
  PartitionShard(const PartitionShard&) = delete;
  PartitionShard& operator=(const PartitionShard&) = delete;

  std::size_t index() const { return index_; }
  Executor& loop() const { return loop_; }
  // This loop's copy of the cluster view. Produce and Fetch answer UNKNOWN_TOPIC_OR_PARTITION for what is not in it.
  const MetadataPtr& metadata() const;

  // --- For request handlers.
  void Append(AppendRequest request, AppendCallback done);
  // Partitions that need the disk first are warmed; then `done` comes later.
  void Fetch(FetchRequestSlice request, FetchCallback done);
  void CancelWatch(std::uint64_t watch);  // one that fired, or 0: no effect
  void ListOffset(const ListOffsetQuery& query, UniqueFunction<void(ListOffsetAnswer)> done);
  // Version 0 of ListOffsets: at most `max_offsets` offsets, newest first.
  void ListOffsetsV0(const ListOffsetQuery& query, std::int32_t max_offsets,
                     UniqueFunction<void(ErrorCode, std::vector<Offset>)> done);
  EpochEndAnswer OffsetForLeaderEpoch(std::string_view topic, std::int32_t partition, LeaderEpoch current_leader_epoch,
                                      LeaderEpoch wanted);
  // -1: up to the high watermark. Answered when the low watermark of the live replicas has reached it, or at `timeout`.
  void DeleteRecords(std::string_view topic, std::int32_t partition, Offset offset, Millis timeout,
                     UniqueFunction<void(DeleteRecordsAnswer)> done);
  DescribeProducersAnswer DescribeProducers(std::string_view topic, std::int32_t partition);
  // Whether a producer has a transaction open here (then no verification is needed). False when unknown.
  bool HasOpenTransaction(std::string_view topic, std::int32_t partition, std::int64_t producer_id,
                          std::int16_t producer_epoch) const;
  std::optional<PartitionInfo> Info(std::string_view topic, std::int32_t partition) const;
  void ForEachInfo(const std::function<void(const PartitionInfo&)>& visit) const;
  void ForEachBounds(const std::function<void(const PartitionBounds&)>& visit) const;

  // --- For coordinators that keep their state in a partition of this loop.
  // The log to replay from; nullptr when this broker does not lead the partition.
  std::shared_ptr<PartitionLog> LeaderLog(std::string_view topic, std::int32_t partition,
                                          LeaderEpoch* leader_epoch) const;

  // --- For ReplicaManager.
  struct LeaderState {  // one entry of LeaderAndIsr
    TopicPartition tp;
    Uuid topic_id;
    BrokerId leader;
    LeaderEpoch leader_epoch;
    PartitionEpoch partition_epoch;
    std::vector<BrokerId> replicas;
    std::vector<BrokerId> isr;
    bool is_new = false;
  };
  struct LeaderOutcome {
    ErrorCode error = ErrorCode::kNone;
    bool became_leader = false;    // was none or follower, or leads under a newer epoch
    bool became_follower = false;  // took a newer epoch as follower
    LeaderEpoch leader_epoch = kNoLeaderEpoch;
  };
  // Outcomes in the order given, when the last log is there.
  void LeaderAndIsr(std::vector<LeaderState> states, UniqueFunction<void(std::vector<LeaderOutcome>)> done);
  struct StopState {
    TopicPartition tp;
    LeaderEpoch leader_epoch = kNoLeaderEpoch;  // -1 and -2: not compared
    bool remove = false;
  };
  void StopReplicas(std::vector<StopState> states, UniqueFunction<void(std::vector<ErrorCode>)> done);
  void Publish(MetadataPtr view);
  void RefreshConfig(std::string_view topic);
  void FenceAll();  // session lost: no produce until the next LeaderAndIsr of each partition
  void CheckLag();  // every lag_max / 2
  void DirOffline(std::size_t dir_index);
  void SetStartFetchers(bool start);  // false: followers are not started any more (shutdown)
  void Stop();                        // answers what waits with NOT_LEADER_OR_FOLLOWER

  // --- For ReplicaFetchers: what came from a leader for partitions of this loop, and what to ask next.
  void ApplyFetched(std::vector<FollowerSlice> slices, UniqueFunction<void(std::vector<FollowerStep>)> done);

 private:
  const std::size_t index_;
  Executor& loop_;
  std::shared_ptr<ShardState> state_;
};

// The shards of all data loops. Any thread.
class PartitionShards {
 public:
  PartitionShards(Executors& loops, ReplicaEnv& env);

  std::size_t size() const { return shards_.size(); }
  PartitionShard& at(std::size_t index) const { return *shards_[index]; }
  std::size_t IndexOf(std::string_view topic, std::int32_t partition) const {
    return ShardIndex(topic, partition, shards_.size());
  }
  PartitionShard& Of(std::string_view topic, std::int32_t partition) const { return at(IndexOf(topic, partition)); }
  // Runs `work(PartitionShard&)` on the loop of shard `index`: at once when already there, else posted.
  template <class F>
  void RunOn(std::size_t index, F&& work) const {
    PartitionShard& shard = at(index);
    if (shard.loop().OnThread()) {
      work(shard);
    } else {
      shard.loop().Post([&shard, work = std::forward<F>(work)]() mutable { work(shard); });
    }
  }

 private:
  std::vector<std::unique_ptr<PartitionShard>> shards_;
};

}  // namespace ottla
