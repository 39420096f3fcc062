// What handlers say to the partitions of a data loop and what they hear. Plain data; offsets, sizes in bytes and error
// codes as on the wire.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "broker/log/leader_epochs.h"
#include "broker/log/txn_index.h"
#include "common/base/clock.h"
#include "common/base/ids.h"
#include "common/base/unique_function.h"
#include "common/io/file_range.h"
#include "common/protocol/error_code.h"

namespace ottla {

// For the current_leader fields of Produce v10+ and Fetch v16+; set with errors 6 and 74 when known.
struct LeaderHint {
  BrokerId leader = kNoBroker;
  LeaderEpoch epoch = kNoLeaderEpoch;
};

struct ProduceRecordError {
  std::int32_t batch_index = 0;
  std::string message;
};

// Outcome of one partition of a Produce request.
struct ProduceResult {
  ErrorCode error = ErrorCode::kNone;
  Offset base_offset = kNoOffset;        // -1 on error, or when nothing was written (only a cut batch)
  std::int64_t log_append_time_ms = -1;  // append time of a LogAppendTime topic; of a duplicate the batch's timestamp
  Offset log_start_offset = kNoOffset;
  std::vector<ProduceRecordError> record_errors;
  std::optional<std::string> message;  // nullopt: the null of the wire
  LeaderHint current_leader;
};

enum class FetchIsolation : std::uint8_t { kLogEnd, kHighWatermark, kLastStable };

// Common to all partitions of one Fetch request.
struct FetchParams {
  BrokerId replica_id = kNoBroker;  // >= 0: a follower; -1 consumer; -2 debugging consumer
  BrokerEpoch replica_epoch{-1};
  std::int16_t version = 17;
  bool read_committed = false;
  std::string_view client_rack;      // alive until the call returns; used only with replica.selector.class
  std::string_view client_listener;  // the same; a replica is preferred only where the client can reach it
  bool hard_max_bytes = false;       // versions 0-2: cut the first batch instead of returning it whole

  bool from_follower() const { return replica_id.value >= 0; }
  FetchIsolation isolation() const {
    if (from_follower()) return FetchIsolation::kLogEnd;
    return read_committed ? FetchIsolation::kLastStable : FetchIsolation::kHighWatermark;
  }
};

// What one Fetch asks of one partition; the views must live until the fetch is done.
struct FetchPartition {
  std::string_view topic;
  std::int32_t partition = 0;
  Uuid topic_id;  // zero: not given
  Offset fetch_offset;
  Offset log_start_offset = kNoOffset;  // followers: their own
  std::int32_t max_bytes = 0;
  LeaderEpoch current_leader_epoch = kNoLeaderEpoch;
  LeaderEpoch last_fetched_epoch = kNoLeaderEpoch;
};

struct FetchPartitionResult {
  ErrorCode error = ErrorCode::kNone;
  Offset high_watermark = kNoOffset;
  Offset last_stable_offset = kNoOffset;
  Offset log_start_offset = kNoOffset;
  std::optional<EpochEnd> diverging;
  std::optional<std::vector<AbortedTxn>> aborted;  // nullopt: null on the wire (not read_committed, or an error)
  LeaderHint current_leader;
  BrokerId preferred_read_replica = kNoBroker;
  FileRange records;                    // empty: no records (not null)
  std::uint64_t whole_bytes = 0;        // of `records`, what an answer should carry: ReadPlan::whole_bytes
  std::uint64_t first_batch_bytes = 0;  // of `records`; fewer bytes of them are of no use to readers of v3 and above
};

// Outcome of the partitions of one shard, in the order asked.
struct FetchResult {
  std::vector<FetchPartitionResult> partitions;
  std::uint64_t bytes = 0;
  bool answer_now = false;  // an error, a divergence or a preferred replica: do not wait for more bytes
  std::uint64_t watch = 0;  // id for CancelWatch; 0: none was left behind
};

// One lookup of ListOffsets.
struct ListOffsetQuery {
  std::string_view topic;  // alive until the answer
  std::int32_t partition = 0;
  BrokerId replica_id = kNoBroker;  // -1 consumer, -2 debugging (any replica answers), >= 0 follower
  bool read_committed = false;
  LeaderEpoch current_leader_epoch = kNoLeaderEpoch;
  std::int64_t timestamp =
      -1;  // -1 latest, -2 earliest, -3 max timestamp, -4 earliest local, -5 latest tiered, or a time
  std::int16_t version = 9;
};

struct ListOffsetAnswer {
  ErrorCode error = ErrorCode::kNone;
  std::int64_t timestamp = -1;
  Offset offset = kNoOffset;
  LeaderEpoch leader_epoch = kNoLeaderEpoch;
};

struct EpochEndAnswer {
  ErrorCode error = ErrorCode::kNone;
  EpochEnd end;
};

struct DeleteRecordsAnswer {
  ErrorCode error = ErrorCode::kNone;
  Offset low_watermark = kNoOffset;
};

struct ActiveProducer {
  std::int64_t producer_id = -1;
  std::int32_t producer_epoch = -1;
  std::int32_t last_sequence = -1;
  std::int64_t last_timestamp = -1;
  std::int32_t coordinator_epoch = -1;
  Offset current_txn_start_offset = kNoOffset;
};

struct DescribeProducersAnswer {
  ErrorCode error = ErrorCode::kNone;
  std::vector<ActiveProducer> producers;
};

// The offsets of an online replica, without what costs more to tell. The references live during the call.
struct PartitionBounds {
  const TopicPartition& tp;
  const Uuid& topic_id;
  const std::string& log_dir;
  bool leader = false;
  LeaderEpoch leader_epoch = kNoLeaderEpoch;
  Offset log_start;
  Offset log_end;
  Offset high_watermark;
};

// A replica as metrics, DescribeLogDirs and tests see it.
struct PartitionInfo {
  TopicPartition tp;
  Uuid topic_id;
  bool leader = false;
  BrokerId leader_id = kNoBroker;
  LeaderEpoch leader_epoch = kNoLeaderEpoch;
  PartitionEpoch partition_epoch;
  std::vector<BrokerId> replicas;
  std::vector<BrokerId> isr;  // committed; empty on a follower
  std::size_t min_isr = 1;    // effective
  Offset log_start;
  Offset log_end;
  Offset high_watermark;
  Offset last_stable_offset;
  std::uint64_t size_bytes = 0;
  std::string log_dir;
  bool offline = false;
};

}  // namespace ottla
