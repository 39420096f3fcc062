#include "common/record/record_batch.h"

#include <zlib.h>

#include "common/base/crc32c.h"

namespace ottla {
namespace {

std::uint32_t LegacyCrc(std::string_view bytes) {
  const std::string_view covered = bytes.substr(kMagicAt);
  return static_cast<std::uint32_t>(
      crc32_z(0, reinterpret_cast<const Bytef*>(covered.data()), static_cast<z_size_t>(covered.size())));
}

std::uint64_t MinSize(std::int8_t magic) {
  return magic == 2 ? kBatchHeaderSize : magic == 1 ? kLegacyMinSizeV1 : kLegacyMinSizeV0;
}

// Bytes of a batch's front that hold all that BatchHeader says.
std::uint64_t HeaderBytes(std::int8_t magic) {
  return magic == 2 ? kBatchHeaderSize : magic == 1 ? kLegacyTimestampAt + 8 : kLegacyAttributesAt + 1;
}

void ParseLegacy(const char* p, BatchHeader& out) {
  const int attributes = static_cast<unsigned char>(p[kLegacyAttributesAt]);
  out.base_offset = out.last_offset = Offset(LoadI64(p + kBaseOffsetAt));
  out.crc = LoadU32(p + kLegacyCrcAt);
  out.codec = static_cast<Codec>(attributes & kCodecMask);
  out.count = out.codec == Codec::kNone ? 1 : -1;
  if (out.magic == 0) {
    out.timestamp_type = TimestampType::kNone;
    return;
  }
  out.timestamp_type = (attributes & kAppendTimeBit) != 0 ? TimestampType::kLogAppendTime : TimestampType::kCreateTime;
  out.base_timestamp = out.max_timestamp = LoadI64(p + kLegacyTimestampAt);
}

void ParseV2(std::string_view prefix, BatchHeader& out) {
  const RecordBatchView view(prefix);
  out.base_offset = view.base_offset();
  out.last_offset = view.last_offset();
  out.leader_epoch = view.leader_epoch();
  out.crc = view.crc();
  out.codec = view.codec();
  out.timestamp_type = view.timestamp_type();
  out.is_transactional = view.is_transactional();
  out.is_control = view.is_control();
  out.has_delete_horizon = view.has_delete_horizon();
  out.base_timestamp = view.base_timestamp();
  out.max_timestamp = view.max_timestamp();
  out.producer_id = view.producer_id();
  out.producer_epoch = view.producer_epoch();
  out.base_sequence = view.base_sequence();
  out.last_sequence = view.last_sequence();
  out.count = view.count();
}

}  // namespace

std::string_view ToString(Codec codec) {
  switch (codec) {
    case Codec::kNone: return "none";
    case Codec::kGzip: return "gzip";
    case Codec::kSnappy: return "snappy";
    case Codec::kLz4: return "lz4";
    case Codec::kZstd: return "zstd";
  }
  return "unknown";
}

std::uint32_t RecordBatchView::ComputeCrc() const {
  return Crc32c(0, At(kAttributesAt), bytes_.size() - kAttributesAt);
}

std::int32_t AdvanceSequence(std::int32_t sequence, std::int32_t by) {
  constexpr std::int64_t kCircle = std::int64_t{1} << 31;
  return static_cast<std::int32_t>(((std::int64_t{sequence} + by) % kCircle + kCircle) % kCircle);
}

std::int32_t RecordBatchView::last_sequence() const {
  return base_sequence() == kNoSequence ? kNoSequence : AdvanceSequence(base_sequence(), last_offset_delta());
}

HeaderParse ParseBatchHeader(std::string_view prefix, BatchHeader& out) {
  if (prefix.size() < kLogOverhead) return HeaderParse::kShort;
  const std::int32_t length = LoadI32(prefix.data() + kBatchLengthAt);
  if (length < kMinLengthField || length > kMaxLengthField) return HeaderParse::kCorrupt;
  if (prefix.size() < kFramePrefix) return HeaderParse::kShort;
  const auto magic = static_cast<std::int8_t>(prefix[kMagicAt]);
  const std::uint64_t size = kLogOverhead + static_cast<std::uint64_t>(length);
  if (magic < 0 || magic > 2 || size < MinSize(magic)) return HeaderParse::kCorrupt;
  if (prefix.size() < HeaderBytes(magic)) return HeaderParse::kShort;
  out = BatchHeader{};
  out.size = size;
  out.magic = magic;
  if (magic == 2) {
    ParseV2(prefix.substr(0, kBatchHeaderSize), out);
  } else {
    ParseLegacy(prefix.data(), out);
  }
  return HeaderParse::kOk;
}

BatchScanner::Step BatchScanner::Next(BatchFrame& out) {
  const std::string_view rest = bytes_.substr(at_);
  switch (ParseBatchHeader(rest, out.header)) {
    case HeaderParse::kShort: return Step::kEnd;
    case HeaderParse::kCorrupt: return Step::kCorrupt;
    case HeaderParse::kOk: break;
  }
  if (rest.size() < out.header.size) return Step::kEnd;
  out.bytes = rest.substr(0, static_cast<std::size_t>(out.header.size));
  at_ += out.bytes.size();
  return Step::kBatch;
}

bool CrcMatches(const BatchFrame& frame) {
  if (frame.header.magic == 2) return frame.v2().CrcMatches();
  return frame.header.crc == LegacyCrc(frame.bytes);
}

void SetBaseOffset(char* batch, Offset base_offset) { StoreI64(batch + kBaseOffsetAt, base_offset.value); }

void SetLeaderEpoch(char* batch, LeaderEpoch epoch) { StoreI32(batch + kLeaderEpochAt, epoch.value); }

void UpdateCrc(char* batch, std::size_t size) {
  StoreU32(batch + kCrcAt, RecordBatchView(std::string_view(batch, size)).ComputeCrc());
}

bool SetTimestamps(char* batch, std::size_t size, TimestampType type, std::int64_t max_timestamp) {
  const RecordBatchView view(std::string_view(batch, size));
  if (view.timestamp_type() == type && view.max_timestamp() == max_timestamp) return false;
  constexpr int kUsed = kCodecMask | kTransactionalBit | kControlBit | kDeleteHorizonBit;
  const int append_time = type == TimestampType::kLogAppendTime ? kAppendTimeBit : 0;
  StoreI16(batch + kAttributesAt, static_cast<std::int16_t>((view.attributes() & kUsed) | append_time));
  StoreI64(batch + kMaxTimestampAt, max_timestamp);
  UpdateCrc(batch, size);
  return true;
}

}  // namespace ottla
