// Makes record batches: v2 for everything that Ottla writes itself, and the legacy formats for old consumers and tests.
// Owner: one thread. Rules: Apache Kafka's MemoryRecordsBuilder.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "common/record/codec_context.h"
#include "common/record/record.h"

namespace ottla {

// What a v2 batch says about itself besides its records.
struct BatchFields {
  Offset base_offset{0};
  LeaderEpoch leader_epoch = kNoLeaderEpoch;
  Codec codec = Codec::kNone;
  std::optional<int> level;  // absent: the codec's default
  TimestampType timestamp_type = TimestampType::kCreateTime;
  std::int64_t append_time = kNoTimestamp;  // ms; max timestamp of a kLogAppendTime batch
  std::int64_t producer_id = kNoProducerId;
  std::int16_t producer_epoch = kNoProducerEpoch;
  std::int32_t base_sequence = kNoSequence;
  bool is_transactional = false;
  bool is_control = false;
  std::optional<std::int64_t> delete_horizon_ms;  // then deltas are relative to it
};

class BatchBuilder {
 public:
  explicit BatchBuilder(const BatchFields& fields) : fields_(fields) {}

  // Offsets must not fall and lie within 2^31 of the base offset. `headers` is copied as encoded bytes.
  void Append(Offset offset, std::int64_t timestamp, NullableBytes key, NullableBytes value,
              const RecordHeaders& headers = {});
  void Append(Offset offset, std::int64_t timestamp, NullableBytes key, NullableBytes value,
              std::span<const RecordHeader> headers);
  // The next offset, starting at the base offset.
  void Append(std::int64_t timestamp, NullableBytes key, NullableBytes value) {
    Append(NextOffset(), timestamp, key, value);
  }
  // A batch may end behind its last record (compaction keeps the last offset).
  void SetLastOffset(Offset offset) { last_offset_ = offset; }
  void Reserve(std::size_t record_bytes) { records_.reserve(record_bytes); }

  std::int32_t count() const { return count_; }
  Offset NextOffset() const { return count_ == 0 ? fields_.base_offset : Advance(last_offset_, 1); }
  std::size_t size_estimate() const { return kBatchHeaderSize + records_.size(); }  // before compression
  std::int64_t max_timestamp() const { return max_timestamp_; }

  // Appends the batch to `out`. `codecs` may be null for Codec::kNone. The builder is then spent.
  void Build(CodecContext* codecs, std::string& out);

 private:
  void AppendPrefix(std::int64_t timestamp_delta, std::int32_t offset_delta, NullableBytes key, NullableBytes value,
                    std::int32_t header_count, std::size_t header_bytes);

  BatchFields fields_;
  std::string records_;
  std::int32_t count_ = 0;
  std::int64_t base_timestamp_ = kNoTimestamp;
  std::int64_t max_timestamp_ = kNoTimestamp;
  Offset last_offset_ = kNoOffset;
};

// The batch that ends a transaction: one control record, 78 bytes.
std::string MakeEndTransactionMarker(std::int64_t producer_id, std::int16_t producer_epoch, bool commit,
                                     std::int32_t coordinator_epoch, std::int64_t timestamp_ms);

// The 61 bytes that compaction leaves where a batch must not vanish (the last of a producer).
std::string MakeEmptyBatch(const BatchFields& fields, Offset last_offset, std::int64_t max_timestamp);

// Appends `batch` with its records, given uncompressed, under another codec. Header and records stay as they are but
// for codec, max timestamp and unused attribute bits; the timestamp type becomes CreateTime.
void AppendRecompressed(const RecordBatchView& batch, std::string_view records, Codec codec, int level,
                        std::int64_t max_timestamp, CodecContext& codecs, std::string& out);

// Appends one message of magic 0 or 1. `timestamp` and `type` count for magic 1 only.
void AppendLegacyMessage(int magic, Offset offset, std::int64_t timestamp, TimestampType type, Codec codec,
                         NullableBytes key, NullableBytes value, std::string& out);

// Makes a legacy message set: plain messages, or one compressed wrapper with (v1) relative inner offsets.
class LegacyBuilder {
 public:
  // `append_time`: for TimestampType::kLogAppendTime.
  LegacyBuilder(int magic, Codec codec, TimestampType type = TimestampType::kCreateTime,
                std::int64_t append_time = kNoTimestamp)
      : magic_(magic), codec_(codec), type_(type), append_time_(append_time) {}
  void Append(Offset offset, std::int64_t timestamp, NullableBytes key, NullableBytes value);
  bool empty() const { return count_ == 0; }
  void Build(CodecContext* codecs, std::string& out);

 private:
  int magic_;
  Codec codec_;
  TimestampType type_;
  std::int64_t append_time_;
  std::string messages_;
  std::int32_t count_ = 0;
  Offset first_offset_ = kNoOffset;
  Offset last_offset_ = kNoOffset;
  std::int64_t max_timestamp_ = kNoTimestamp;
};

}  // namespace ottla
