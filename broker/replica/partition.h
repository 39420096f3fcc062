// One replica on its owner loop: the core that decides, the log that keeps, the requests that wait. Internal to
// broker/replica; handlers speak to PartitionShard. Role changes wait until the log has finished the write or
// truncation in flight, so that no event ever sees a log end that is about to move.
// What survives a crash is the log; role and epochs come again with LeaderAndIsr.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "broker/log/partition_log.h"
#include "broker/replica/follower_core.h"
#include "broker/replica/partition_core.h"
#include "broker/replica/partition_shard.h"
#include "broker/replica/replica_types.h"
#include "broker/replica/shard_state.h"
#include "broker/replica/waiters.h"

namespace ottla {

class Partition : public std::enable_shared_from_this<Partition> {
 public:
  Partition(ShardState& shard, TopicPartition tp, std::shared_ptr<PartitionLog> log);

  const TopicPartition& tp() const { return tp_; }
  const PartitionCore& core() const { return core_; }
  PartitionLog& log() { return *log_; }
  const std::shared_ptr<PartitionLog>& shared_log() const { return log_; }
  PartitionInfo Info() const;
  LeaderHint Hint() const { return {core_.leader(), core_.leader_epoch()}; }
  // In this loop's cluster view (looked up once per view).
  bool InMetadata();

  // --- Roles. `done` when the core has taken it, possibly later.
  using LeaderState = PartitionShard::LeaderState;
  using LeaderOutcome = PartitionShard::LeaderOutcome;
  void Become(LeaderState state, UniqueFunction<void(LeaderOutcome)> done);
  // `final`: removed or offline; nothing is taken any more.
  void Stop(ErrorCode tell_waiters, bool final);
  void Fence();
  void OnLiveBrokers();
  void OnConfig();
  void OnLagTick();
  bool lag_listed = false;  // in ShardState::lagging

  // --- Produce.
  void Append(AppendRequest request, AppendCallback done);
  void ExpireWaiters(MonoTime now);
  std::optional<MonoTime> NextDeadline() const;

  // --- Reading. kCold: Warm, then again.
  enum class FetchState : std::uint8_t { kDone, kColdRead, kColdAborted };
  struct FetchLimits {
    std::uint64_t max_bytes = 0;
    bool min_one_message = false;
    bool record_progress = false;
  };
  FetchState Fetch(const FetchParams& params, const FetchPartition& ask, const FetchLimits& limits,
                   FetchPartitionResult& out);
  void WarmFor(const FetchParams& params, const FetchPartition& ask, const FetchLimits& limits, FetchState what,
               Task done);
  // Bytes a waiting fetch would get now; nullopt: it should look for itself (error, divergence, newer segment, cold).
  // `needed` <= 1: only whether there is anything is of interest (0 or 1).
  std::optional<std::uint64_t> Available(const FetchParams& params, const FetchPartition& ask, std::uint64_t needed);
  void AddWatch(std::uint64_t watch, std::size_t part) { watches_.emplace_back(watch, part); }
  void RemoveWatch(std::uint64_t watch);
  void ListOffset(const ListOffsetQuery& query, UniqueFunction<void(ListOffsetAnswer)> done);
  std::vector<Offset> ListOffsetsV0(const ListOffsetQuery& query, std::int32_t max_offsets) const;
  void DeleteRecords(Offset offset, Millis timeout, UniqueFunction<void(DeleteRecordsAnswer)> done);

  // --- Following.
  void ApplySlice(FollowerSlice slice, UniqueFunction<void(FollowerStep)> done);

 private:
  struct QueuedAppend {
    AppendRequest request;
    AppendCallback done;
  };
  struct ParkedProduce {
    ProduceResult result;
    AppendCallback done;
  };
  struct ParkedDelete {
    UniqueFunction<void(DeleteRecordsAnswer)> done;
  };
  struct Burst;
  using StepDone = UniqueFunction<void(FollowerStep)>;

  void TakeRole(const LeaderState& state, UniqueFunction<void(LeaderOutcome)> done);
  template <class Event>
  void Feed(const Event& event);
  void Run(PartitionEffects& effects);
  void Do(const SetHighWatermark& effect);
  void Do(const ProposeIsr& effect);
  void Do(const NoteEpochStart& effect);
  void Do(const FailWaiters& effect);
  void Do(const CheckProduceWaiters& effect);
  void Do(const StartFetching& effect);
  void Do(const StopFetching& effect);
  void OnLogMoved();  // tells the core where the log begins and ends
  void WakeFollowers(Offset old_end);
  void NoteLagging();
  void NotifyConsumers();
  void FireAllWatches();

  std::optional<ErrorCode> RefuseAppend(const AppendRequest& request) const;
  void Refuse(ErrorCode error, const AppendRequest& request, AppendCallback done);
  void PumpAppends();
  std::shared_ptr<Burst> MakeBurst();
  bool StageOne(Burst& burst, ProducerStaging& staging, QueuedAppend queued);
  void OnWritten(const std::shared_ptr<Burst>& burst, const AppendOutcome& outcome);
  void FinishAppend(std::int16_t acks, Millis timeout, Offset last_offset, ProduceResult result, AppendCallback done);
  void CompleteReached();

  // Asked by the id of a topic that had this name before, or will have it next.
  bool IsOtherTopic(const FetchPartition& ask) const;
  ErrorCode CheckFetch(const FetchParams& params, const FetchPartition& ask) const;
  bool Diverges(const FetchPartition& ask, FetchPartitionResult& out);
  bool PreferAnother(const FetchParams& params, const FetchPartition& ask, FetchPartitionResult& out) const;
  void FillOffsets(FetchPartitionResult& out) const;
  Offset UpperBound(const FetchParams& params) const;
  // Why ListOffsets is not answered here; how far the asker may see; why that is not known yet (kNone: it is).
  ErrorCode CheckListOffset(const ListOffsetQuery& query) const;
  Offset ListLimit(const ListOffsetQuery& query) const;
  ErrorCode UnsureOfLimit(const ListOffsetQuery& query) const;
  ListOffsetAnswer LatestOffset(const ListOffsetQuery& query) const;
  ListOffsetAnswer EarliestOffset() const;
  void LookUp(const ListOffsetQuery& query, UniqueFunction<void(ListOffsetAnswer)> done);
  void CheckLowWatermark();
  Offset LowWatermark() const;

  FollowerLog LogView() const;
  void BeginFollowing(LeaderEpoch epoch);
  FollowerStep StepNow(FollowerStep::Kind kind) const;
  void Carry(const FollowerDecision& decision, FollowerSlice slice, StepDone done);
  void AppendFetched(FollowerSlice slice, StepDone done);
  void AfterTruncate(const Status& status, FollowerStep::Kind next, StepDone done);
  bool Follows(LeaderEpoch epoch) const {
    return core_.role() == PartitionRole::kFollower && core_.leader_epoch() == epoch;
  }

  ShardState& shard_;
  const TopicPartition tp_;
  const std::shared_ptr<PartitionLog> log_;
  std::shared_ptr<const TopicConfig> config_;
  PartitionCore core_;
  PartitionEffects effects_;  // of the event under way
  bool closed_ = false;       // stopped for good: removed or offline
  ErrorCode closed_error_ = ErrorCode::kNotLeaderOrFollower;

  std::deque<QueuedAppend> queue_;
  bool waiting_for_log_ = false;  // a burst is in flight, or a turn at the log is asked for
  bool in_pump_ = false;
  int roles_waiting_ = 0;  // role changes that wait for the log
  OffsetWaiters<ParkedProduce> produce_waiters_;
  OffsetWaiters<ParkedDelete> delete_waiters_;
  std::vector<std::pair<std::uint64_t, std::size_t>> watches_;  // watch id, index of its part

  std::uint64_t seen_view_ = 0;  // number of the view `in_view_` was looked up in
  bool in_view_ = false;
};

}  // namespace ottla
