// What one replica of a partition decides: who leads under which epochs, who is in sync, how far the high watermark is,
// when to propose another ISR. Pure: no clock, file, socket, lock or thread; time and the outcome of writes are events.
// Rules: Apache Kafka 3.9's Partition, Replica (ZooKeeper mode).
//
// Always true (CheckInvariants, after every event): on a leader log start <= high watermark <= log end, and while it
// leads the high watermark never falls; the leader is in the maximal ISR; the ISR lies within the assignment; an old
// leader epoch changes nothing; at most one ISR change is in flight.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <variant>
#include <vector>

#include "common/base/clock.h"
#include "common/base/ids.h"
#include "common/protocol/error_code.h"

namespace ottla {

// Ids of the brokers alive according to the last UpdateMetadata; ascending.
using LiveBrokers = std::shared_ptr<const std::vector<BrokerId>>;

// What the leader knows of one follower, from its fetches.
struct FollowerState {
  BrokerId id;
  Offset log_end = kNoOffset;  // -1: has not fetched since this broker leads
  Offset log_start = kNoOffset;
  Offset leader_end_at_last_fetch = kNoOffset;
  std::optional<MonoTime> last_fetch;
  std::optional<MonoTime> last_caught_up;
  BrokerEpoch broker_epoch{-1};
};

// --- Events. `now` is monotonic time.
struct BecomeLeader {
  LeaderEpoch leader_epoch;
  PartitionEpoch partition_epoch;
  std::vector<BrokerId> replicas;
  std::vector<BrokerId> isr;
  MonoTime now;
};
struct BecomeFollower {
  BrokerId leader;
  LeaderEpoch leader_epoch;
  PartitionEpoch partition_epoch;
  std::vector<BrokerId> replicas;
};
// Log bounds as they are after a write, truncation or deletion of old segments.
struct LogMoved {
  Offset log_start;
  Offset log_end;
  MonoTime now;
};
// A follower asked for bytes from `fetch_offset`, which was not refused and does not diverge.
struct FollowerFetched {
  BrokerId follower;
  Offset fetch_offset;
  Offset follower_log_start;
  BrokerEpoch broker_epoch{-1};
  MonoTime now;
};
// The controller's answer to ProposeIsr.
struct IsrAnswered {
  ErrorCode error = ErrorCode::kNone;
  LeaderEpoch leader_epoch;  // the three below with kNone
  PartitionEpoch partition_epoch;
  std::vector<BrokerId> isr;
  LeaderEpoch asked_under;  // leader epoch of the proposal; an answer to an older leadership is ignored
  MonoTime now;
};
struct LagTick {
  MonoTime now;
};
struct LiveBrokersChanged {
  LiveBrokers live;
  MonoTime now;
};
struct MinIsrChanged {
  std::int32_t min_isr = 1;
  MonoTime now;
};
// The leader said how far the high watermark is (followers).
struct LeaderHighWatermark {
  Offset high_watermark;
};
// This broker may have been declared dead (session lost, STALE_BROKER_EPOCH): no produce until the next LeaderAndIsr.
struct Fenced {};
// StopReplica, or the log dir failed.
struct StopReplicating {
  ErrorCode tell_waiters;
};

// --- Effects, to be carried out in order.
struct SetHighWatermark {
  Offset high_watermark;
};
struct ProposeIsr {
  LeaderEpoch leader_epoch;
  PartitionEpoch partition_epoch;
  std::vector<BrokerId> isr;
  bool shrink = false;
};
struct NoteEpochStart {  // the leader epoch cache learns where this leader begins
  LeaderEpoch epoch;
  Offset start;
};
struct FailWaiters {
  ErrorCode error;
};
struct CheckProduceWaiters {};  // the ISR or min ISR changed: what waits may be decided now
struct StartFetching {
  BrokerId leader;
  LeaderEpoch epoch;
};
struct StopFetching {};
using PartitionEffect = std::variant<SetHighWatermark, ProposeIsr, NoteEpochStart, FailWaiters, CheckProduceWaiters,
                                     StartFetching, StopFetching>;
using PartitionEffects = std::vector<PartitionEffect>;  // reused by the caller, so that events allocate nothing

enum class PartitionRole : std::uint8_t { kNone, kLeader, kFollower };

class PartitionCore {
 public:
  struct Options {
    BrokerId self;
    Micros lag_max;  // replica.lag.time.max.ms
    std::int32_t min_isr = 1;
    LiveBrokers live;
  };
  struct LogBounds {
    Offset log_start;
    Offset log_end;
    Offset high_watermark;
  };
  PartitionCore(Options options, LogBounds bounds);

  void On(const BecomeLeader& event, PartitionEffects& out);
  void On(const BecomeFollower& event, PartitionEffects& out);
  void On(const LogMoved& event, PartitionEffects& out);
  void On(const FollowerFetched& event, PartitionEffects& out);
  void On(const IsrAnswered& event, PartitionEffects& out);
  void On(const LagTick& event, PartitionEffects& out);
  void On(const LiveBrokersChanged& event, PartitionEffects& out);
  void On(const MinIsrChanged& event, PartitionEffects& out);
  void On(const LeaderHighWatermark& event, PartitionEffects& out);
  void On(const Fenced& event, PartitionEffects& out);
  void On(const StopReplicating& event, PartitionEffects& out);
  void CheckInvariants() const;

  PartitionRole role() const { return role_; }
  bool is_leader() const { return role_ == PartitionRole::kLeader; }
  BrokerId leader() const { return leader_; }
  LeaderEpoch leader_epoch() const { return leader_epoch_; }
  PartitionEpoch partition_epoch() const { return partition_epoch_; }
  Offset leader_epoch_start() const { return epoch_start_; }
  Offset log_start() const { return log_start_; }
  Offset log_end() const { return log_end_; }
  Offset high_watermark() const { return high_watermark_; }
  const std::vector<BrokerId>& replicas() const { return replicas_; }
  const std::vector<BrokerId>& isr() const { return isr_; }                  // committed; empty on a follower
  const std::vector<BrokerId>& maximal_isr() const { return maximal_isr_; }  // with a member that is about to join
  bool isr_change_in_flight() const { return in_flight_ != InFlight::kNone; }
  const std::vector<FollowerState>& followers() const { return followers_; }
  const FollowerState* FindFollower(BrokerId id) const;

  std::size_t effective_min_isr() const;
  // A leader that may take appends: not fenced.
  bool may_append() const { return is_leader() && !fenced_; }
  bool fenced() const { return fenced_; }
  bool enough_in_sync() const { return isr_.size() >= effective_min_isr(); }  // else NOT_ENOUGH_REPLICAS before append
  // Error of an acks=all append whose offsets are below the high watermark: kNone or NOT_ENOUGH_REPLICAS_AFTER_APPEND.
  ErrorCode AckVerdict() const;
  // Some ISR member is behind the log end: LagTick has something to look at.
  bool has_lagging_follower() const;
  // kNone: `epoch` is this replica's leader epoch or not given (-1); else 74 (older) or 75 (newer).
  ErrorCode CheckEpoch(LeaderEpoch epoch) const;

 private:
  enum class InFlight : std::uint8_t { kNone, kExpand, kShrink };

  void ResetFollowers(const BecomeLeader& event, bool was_leader);
  bool IsLive(BrokerId id) const;
  bool CountsForHighWatermark(const FollowerState& follower, MonoTime now) const;
  void ClampHighWatermark(PartitionEffects& out);
  void MaybeAdvance(MonoTime now, PartitionEffects& out);
  void MaybeExpand(const FollowerState& follower, PartitionEffects& out);
  void Propose(InFlight kind, std::vector<BrokerId> isr, PartitionEffects& out);
  void CommitIsr(const IsrAnswered& event, PartitionEffects& out);

  const Options options_;
  LiveBrokers live_;
  std::int32_t min_isr_;

  PartitionRole role_ = PartitionRole::kNone;
  BrokerId leader_ = kNoBroker;
  LeaderEpoch leader_epoch_ = kNoLeaderEpoch;
  PartitionEpoch partition_epoch_{0};
  Offset epoch_start_ = kNoOffset;
  bool fenced_ = false;

  std::vector<BrokerId> replicas_;
  std::vector<BrokerId> isr_;
  std::vector<BrokerId> maximal_isr_;
  InFlight in_flight_ = InFlight::kNone;
  std::vector<BrokerId> proposed_;        // the ISR in flight
  std::vector<FollowerState> followers_;  // remote replicas of a leader

  Offset log_start_;
  Offset log_end_;
  Offset high_watermark_;
  Offset highest_led_{0};  // high watermark at its highest while leading; it may not fall below
};

}  // namespace ottla
