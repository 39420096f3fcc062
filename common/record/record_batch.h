// Batches as they lie in a request, in memory or in a segment: framing of all formats (magic 0, 1, 2), the header of a
// v2 batch, and edits of it in place. Nothing here owns or copies bytes, and nothing trusts them: a view is made only
// of bytes whose size was checked. Pure; any thread.
//
// Layout and rules: Apache Kafka's DefaultRecordBatch, LegacyRecord, ByteBufferLogInputStream (3.9).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "common/base/check.h"
#include "common/base/ids.h"
#include "common/record/big_endian.h"

namespace ottla {

enum class Codec : std::uint8_t { kNone = 0, kGzip = 1, kSnappy = 2, kLz4 = 3, kZstd = 4 };  // 5..7: unknown, invalid
inline bool IsKnown(Codec codec) { return codec <= Codec::kZstd; }
std::string_view ToString(Codec codec);  // as in compression.type: none gzip snappy lz4 zstd; else "unknown"

enum class TimestampType : std::uint8_t { kCreateTime = 0, kLogAppendTime = 1, kNone = 2 };  // kNone: magic 0

inline constexpr std::int64_t kNoTimestamp = -1;
inline constexpr std::int64_t kNoProducerId = -1;
inline constexpr std::int16_t kNoProducerEpoch = -1;
inline constexpr std::int32_t kNoSequence = -1;

// Positions in a batch of any magic.
inline constexpr std::size_t kBaseOffsetAt = 0;
inline constexpr std::size_t kBatchLengthAt = 8;
inline constexpr std::size_t kLogOverhead = 12;  // bytes not counted by the length field
inline constexpr std::size_t kMagicAt = 16;
inline constexpr std::size_t kFramePrefix = 17;  // enough to know size and magic

// Positions in a v2 batch.
inline constexpr std::size_t kLeaderEpochAt = 12;
inline constexpr std::size_t kCrcAt = 17;
inline constexpr std::size_t kAttributesAt = 21;  // the CRC covers from here to the end
inline constexpr std::size_t kLastOffsetDeltaAt = 23;
inline constexpr std::size_t kBaseTimestampAt = 27;
inline constexpr std::size_t kMaxTimestampAt = 35;
inline constexpr std::size_t kProducerIdAt = 43;
inline constexpr std::size_t kProducerEpochAt = 51;
inline constexpr std::size_t kBaseSequenceAt = 53;
inline constexpr std::size_t kRecordCountAt = 57;
inline constexpr std::size_t kBatchHeaderSize = 61;

// Positions in a message of magic 0 or 1.
inline constexpr std::size_t kLegacyCrcAt = 12;  // covers from the magic to the end
inline constexpr std::size_t kLegacyAttributesAt = 17;
inline constexpr std::size_t kLegacyTimestampAt = 18;     // magic 1
inline constexpr std::size_t kLegacyMinSizeV0 = 12 + 14;  // with null key and value
inline constexpr std::size_t kLegacyMinSizeV1 = 12 + 22;
inline constexpr std::int32_t kMinLengthField = 14;
inline constexpr std::int32_t kMaxLengthField = 0x7fffffff - 12;  // so that a batch's size fits 31 bits

// Bits of the attributes.
inline constexpr int kCodecMask = 0x07;
inline constexpr int kAppendTimeBit = 0x08;
inline constexpr int kTransactionalBit = 0x10;
inline constexpr int kControlBit = 0x20;
inline constexpr int kDeleteHorizonBit = 0x40;

// Sums of untrusted numbers wrap around as Java's do, instead of being undefined.
constexpr std::int64_t WrappingAdd(std::int64_t a, std::int64_t b) {
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) + static_cast<std::uint64_t>(b));
}
constexpr std::int64_t WrappingSub(std::int64_t a, std::int64_t b) {
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) - static_cast<std::uint64_t>(b));
}
constexpr Offset WrappingAdvance(Offset offset, std::int64_t by) { return Offset(WrappingAdd(offset.value, by)); }

// A v2 batch. `bytes` is exactly one batch of at least kBatchHeaderSize bytes (what BatchScanner hands out).
class RecordBatchView {
 public:
  explicit RecordBatchView(std::string_view bytes) : bytes_(bytes) { OTTLA_CHECK(bytes.size() >= kBatchHeaderSize); }

  std::string_view bytes() const { return bytes_; }
  std::size_t size() const { return bytes_.size(); }
  std::string_view records() const { return bytes_.substr(kBatchHeaderSize); }  // compressed as one blob if codec()

  Offset base_offset() const { return Offset(LoadI64(At(kBaseOffsetAt))); }
  Offset last_offset() const { return WrappingAdvance(base_offset(), last_offset_delta()); }
  Offset next_offset() const { return WrappingAdvance(last_offset(), 1); }
  LeaderEpoch leader_epoch() const { return LeaderEpoch(LoadI32(At(kLeaderEpochAt))); }
  std::uint32_t crc() const { return LoadU32(At(kCrcAt)); }
  bool CrcMatches() const { return crc() == ComputeCrc(); }
  std::uint32_t ComputeCrc() const;

  int attributes() const { return LoadI16(At(kAttributesAt)) & 0xff; }  // readers look at the low byte only
  Codec codec() const { return static_cast<Codec>(attributes() & kCodecMask); }
  TimestampType timestamp_type() const {
    return (attributes() & kAppendTimeBit) != 0 ? TimestampType::kLogAppendTime : TimestampType::kCreateTime;
  }
  bool is_transactional() const { return (attributes() & kTransactionalBit) != 0; }
  bool is_control() const { return (attributes() & kControlBit) != 0; }
  bool has_delete_horizon() const { return (attributes() & kDeleteHorizonBit) != 0; }
  // With a delete horizon (ms) the base timestamp field holds it; record times stay base + delta.
  std::optional<std::int64_t> delete_horizon_ms() const {
    return has_delete_horizon() ? std::optional(base_timestamp()) : std::nullopt;
  }

  std::int32_t last_offset_delta() const { return LoadI32(At(kLastOffsetDeltaAt)); }
  std::int64_t base_timestamp() const { return LoadI64(At(kBaseTimestampAt)); }
  std::int64_t max_timestamp() const { return LoadI64(At(kMaxTimestampAt)); }
  std::int64_t producer_id() const { return LoadI64(At(kProducerIdAt)); }
  bool has_producer_id() const { return producer_id() > kNoProducerId; }
  std::int16_t producer_epoch() const { return LoadI16(At(kProducerEpochAt)); }
  std::int32_t base_sequence() const { return LoadI32(At(kBaseSequenceAt)); }
  std::int32_t last_sequence() const;  // wraps from 2147483647 to 0; kNoSequence without a base sequence
  std::int32_t count() const { return LoadI32(At(kRecordCountAt)); }  // may be 0 after compaction; untrusted

 private:
  const char* At(std::size_t position) const { return bytes_.data() + position; }
  std::string_view bytes_;
};

// base + delta in the circle of 0..2147483647.
std::int32_t AdvanceSequence(std::int32_t sequence, std::int32_t by);

// What the first bytes of a batch say, whatever its magic. Enough to scan a segment with small reads.
struct BatchHeader {
  std::uint64_t size = 0;  // bytes of the whole batch
  std::int8_t magic = 2;
  // Magic 0 and 1: both are the offset field; of a compressed wrapper that is the LAST inner offset, and the first is
  // known only by decompressing (legacy_set.h).
  Offset base_offset = kNoOffset;
  Offset last_offset = kNoOffset;
  LeaderEpoch leader_epoch = kNoLeaderEpoch;  // magic 2
  std::uint32_t crc = 0;
  Codec codec = Codec::kNone;
  TimestampType timestamp_type = TimestampType::kCreateTime;
  bool is_transactional = false;
  bool is_control = false;
  bool has_delete_horizon = false;
  std::int64_t base_timestamp = kNoTimestamp;
  std::int64_t max_timestamp = kNoTimestamp;  // magic 0: -1
  std::int64_t producer_id = kNoProducerId;
  std::int16_t producer_epoch = kNoProducerEpoch;
  std::int32_t base_sequence = kNoSequence;
  std::int32_t last_sequence = kNoSequence;
  std::int32_t count = -1;  // -1: known only by decompressing

  Offset next_offset() const { return WrappingAdvance(last_offset, 1); }
  bool has_producer_id() const { return producer_id > kNoProducerId; }
};

// kShort: more bytes are needed (pass kBatchHeaderSize, or all there are); kCorrupt: length field below the smallest
// batch of that magic or above 2 GiB, or magic outside 0..2. A v2 batch needs 61 bytes, v1 26, v0 18.
enum class HeaderParse { kOk, kShort, kCorrupt };
HeaderParse ParseBatchHeader(std::string_view prefix, BatchHeader& out);

// One framed batch; `bytes` is whole, its size fits its magic, its CRC is not yet checked.
struct BatchFrame {
  std::string_view bytes;
  BatchHeader header;
  RecordBatchView v2() const {
    OTTLA_CHECK(header.magic == 2);
    return RecordBatchView(bytes);
  }
};

// Walks the batches of a buffer. A partial batch at the end is not an error: Next() says kEnd and consumed() stops
// before it.
class BatchScanner {
 public:
  explicit BatchScanner(std::string_view bytes) : bytes_(bytes) {}
  enum class Step { kBatch, kEnd, kCorrupt };
  Step Next(BatchFrame& out);
  std::size_t consumed() const { return at_; }  // bytes of the whole batches handed out so far

 private:
  std::string_view bytes_;
  std::size_t at_ = 0;
};

// CRC of a framed batch of any magic (CRC-32C for v2, CRC-32 for 0 and 1).
bool CrcMatches(const BatchFrame& frame);

// Edits in place; `batch` points at a whole v2 batch of `size` bytes. Offset and leader epoch lie outside the CRC.
void SetBaseOffset(char* batch, Offset base_offset);
void SetLeaderEpoch(char* batch, LeaderEpoch epoch);
// Recomputes the CRC only if one of the two really changes; then unused attribute bits become 0. Returns whether it
// did.
bool SetTimestamps(char* batch, std::size_t size, TimestampType type, std::int64_t max_timestamp);
void UpdateCrc(char* batch, std::size_t size);

}  // namespace ottla
