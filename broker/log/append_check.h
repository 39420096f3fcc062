// What a leader makes of the batches a producer sends for one partition, before and when they enter the log. Pure: no
// clock, no log. Two stages, so that the work per byte runs on the connection's loop and only the patching of a header
// on the partition's owner:
//   1. CheckAppend: framing, CRC, decompression, every record, rewriting where the topic's codec or the format demands.
//   2. AssignOffsets: base offset, leader epoch, append time.
// The usual batch (v2, codec as the topic wants it) is checked and patched where it lies in the request, without a
// copy.
//
// Rules: Apache Kafka 3.9 ProduceRequest.validateRecords, UnifiedLog.append, LogValidator. Stricter than Kafka: a
// compressed batch must hold exactly the records that its lengths claim (Kafka stores some that no consumer can read),
// may decompress to no more than `max_decompressed_bytes`, and lists at most kMaxRecordErrors errors.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "broker/log/producer_state.h"
#include "common/base/ids.h"
#include "common/protocol/error_code.h"
#include "common/record/codec_context.h"
#include "common/record/legacy_message.h"
#include "common/record/record_batch.h"

namespace ottla {

struct TopicConfig;

inline constexpr std::size_t kMaxRecordErrors = 1000;

// The settings of the topic that matter here.
struct AppendRules {
  std::optional<Codec> codec;  // compression.type; absent: as the producer sent it
  std::optional<int> level;    // compression.<codec>.level of that codec; absent: the codec's default
  TimestampType timestamp_type = TimestampType::kCreateTime;
  std::int64_t timestamp_before_max_ms = std::numeric_limits<std::int64_t>::max();
  std::int64_t timestamp_after_max_ms = std::numeric_limits<std::int64_t>::max();
  std::int64_t max_message_bytes = 1'048'588;
  bool compacted = false;  // cleanup.policy has compact: records need a key
  std::size_t max_decompressed_bytes = std::size_t{128} << 20;
};
AppendRules MakeAppendRules(const TopicConfig& config);

// kCoordinator: our own group and transaction coordinators; control batches and any base offset are welcome.
struct AppendSource {
  AppendOrigin origin = AppendOrigin::kClient;
  std::int16_t produce_version = 9;  // of the client's request
  std::string_view topic;            // this and `partition` for messages only; alive during the call
  std::int32_t partition = 0;
  std::int64_t now_ms = 0;
};

// What the codecs keep between batches. Owned by one loop.
struct AppendScratch {
  CodecContext codecs;
  ByteBuffer plain;
  LegacySet set;
  // What may still be decompressed for the present request, whose partitions share it: a small request with many
  // batches that each decompress to the limit must not hold its loop for long.
  std::size_t may_decompress = std::numeric_limits<std::size_t>::max();
};

struct RecordError {
  std::int32_t batch_index = 0;
  std::string message;
  friend bool operator==(const RecordError&, const RecordError&) = default;
};

struct AppendRefusal {
  ErrorCode code = ErrorCode::kNone;
  // True: the shape of the request is wrong, which Kafka answers before it asks whether it leads the partition.
  bool before_leadership = false;
  const char* reason = "";                 // for our log
  std::optional<std::string> message;      // error_message of Produce 8+; only with record errors
  std::vector<RecordError> record_errors;  // Produce 8+
};

// Batches that may enter the log. The view into the request is good as long as the request's bytes are.
struct CheckedAppend {
  AppendRefusal refusal;
  TimestampType timestamp_type = TimestampType::kCreateTime;
  std::span<char> in_place;  // of the request; unless `rewritten` has the bytes
  std::string rewritten;
  BatchHeader header;  // of the batch to be written: count, producer, codec, max timestamp; offsets from 0

  bool ok() const { return refusal.code == ErrorCode::kNone; }
  // A legacy request without any whole message: answered with success and base offset -1, nothing is written.
  bool empty() const { return in_place.empty() && rewritten.empty(); }
  std::string_view bytes() const {
    return rewritten.empty() ? std::string_view(in_place.data(), in_place.size()) : std::string_view(rewritten);
  }
  char* data() { return rewritten.empty() ? in_place.data() : rewritten.data(); }
};

// Stage 1; any loop. `bytes` (what the request holds for the partition) is edited only if all is well.
CheckedAppend CheckAppend(std::span<char> bytes, const AppendRules& rules, const AppendSource& source,
                          AppendScratch& scratch);

struct AssignedAppend {
  Offset first_offset = kNoOffset;
  Offset last_offset = kNoOffset;
  std::int64_t max_timestamp = kNoTimestamp;
  Offset offset_of_max_timestamp = kNoOffset;   // as the time index wants it: the batch's last
  std::int64_t log_append_time = kNoTimestamp;  // for the response; -1 unless the topic stamps
};

// Stage 2; the partition's owner. May be called again with other offsets when the write failed. `append` is ok() and
// not empty().
AssignedAppend AssignOffsets(CheckedAppend& append, Offset next_offset, LeaderEpoch epoch, std::int64_t now_ms);

}  // namespace ottla
