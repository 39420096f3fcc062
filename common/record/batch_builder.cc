#include "common/record/batch_builder.h"

#include <zlib.h>

#include <algorithm>

#include "common/base/check.h"

namespace ottla {
namespace {

std::int64_t SizeOf(const NullableBytes& bytes) { return bytes ? static_cast<std::int64_t>(bytes->size()) : -1; }

std::size_t FieldSize(const NullableBytes& bytes) { return VarintSize(SizeOf(bytes)) + (bytes ? bytes->size() : 0); }

void WriteField(std::string& out, const NullableBytes& bytes) {
  WriteVarint(out, SizeOf(bytes));
  if (bytes) out += *bytes;
}

// Writes the 61 bytes in front of the records at out[begin..], CRC included; the records are there already.
void FinishHeader(const BatchFields& fields, std::int32_t last_offset_delta, std::int64_t base_timestamp,
                  std::int64_t max_timestamp, std::int32_t count, std::string& out, std::size_t begin) {
  const std::size_t size = out.size() - begin;
  OTTLA_CHECK(size - kLogOverhead <= static_cast<std::size_t>(kMaxLengthField));
  char* p = out.data() + begin;
  int attributes = static_cast<int>(fields.codec);
  if (fields.timestamp_type == TimestampType::kLogAppendTime) attributes |= kAppendTimeBit;
  if (fields.is_transactional) attributes |= kTransactionalBit;
  if (fields.is_control) attributes |= kControlBit;
  if (fields.delete_horizon_ms) attributes |= kDeleteHorizonBit;
  StoreI64(p + kBaseOffsetAt, fields.base_offset.value);
  StoreI32(p + kBatchLengthAt, static_cast<std::int32_t>(size - kLogOverhead));
  StoreI32(p + kLeaderEpochAt, fields.leader_epoch.value);
  p[kMagicAt] = 2;
  StoreI16(p + kAttributesAt, static_cast<std::int16_t>(attributes));
  StoreI32(p + kLastOffsetDeltaAt, last_offset_delta);
  StoreI64(p + kBaseTimestampAt, base_timestamp);
  StoreI64(p + kMaxTimestampAt, max_timestamp);
  StoreI64(p + kProducerIdAt, fields.producer_id);
  StoreI16(p + kProducerEpochAt, fields.producer_epoch);
  StoreI32(p + kBaseSequenceAt, fields.base_sequence);
  StoreI32(p + kRecordCountAt, count);
  UpdateCrc(p, size);
}

std::int32_t OffsetDelta(Offset base, Offset offset) {
  const std::int64_t delta = Distance(base, offset);
  OTTLA_CHECK(delta >= 0 && delta <= 0x7fffffff) << base << " to " << offset;
  return static_cast<std::int32_t>(delta);
}

void AppendLegacyField(std::string& out, const NullableBytes& bytes) {
  char size[4];
  StoreI32(size, static_cast<std::int32_t>(SizeOf(bytes)));
  out.append(size, sizeof size);
  if (bytes) out += *bytes;
}

}  // namespace

void BatchBuilder::AppendPrefix(std::int64_t timestamp_delta, std::int32_t offset_delta, NullableBytes key,
                                NullableBytes value, std::int32_t header_count, std::size_t header_bytes) {
  const std::size_t body = 1 + VarintSize(timestamp_delta) + VarintSize(offset_delta) + FieldSize(key) +
                           FieldSize(value) + VarintSize(header_count) + header_bytes;
  WriteVarint(records_, static_cast<std::int64_t>(body));
  records_.push_back('\0');
  WriteVarint(records_, timestamp_delta);
  WriteVarint(records_, offset_delta);
  WriteField(records_, key);
  WriteField(records_, value);
  WriteVarint(records_, header_count);
}

void BatchBuilder::Append(Offset offset, std::int64_t timestamp, NullableBytes key, NullableBytes value,
                          const RecordHeaders& headers) {
  if (count_ == 0) base_timestamp_ = fields_.delete_horizon_ms.value_or(timestamp);
  OTTLA_CHECK(count_ == 0 || offset > last_offset_);
  AppendPrefix(WrappingSub(timestamp, base_timestamp_), OffsetDelta(fields_.base_offset, offset), key, value,
               headers.count(), headers.bytes().size());
  records_ += headers.bytes();
  max_timestamp_ = std::max(max_timestamp_, timestamp);
  last_offset_ = offset;
  ++count_;
}

void BatchBuilder::Append(Offset offset, std::int64_t timestamp, NullableBytes key, NullableBytes value,
                          std::span<const RecordHeader> headers) {
  std::string encoded;
  for (const RecordHeader& header : headers) {
    WriteField(encoded, header.key);
    WriteField(encoded, header.value);
  }
  Append(offset, timestamp, key, value, RecordHeaders(encoded, static_cast<std::int32_t>(headers.size())));
}

void BatchBuilder::Build(CodecContext* codecs, std::string& out) {
  const std::size_t begin = out.size();
  out.resize(begin + kBatchHeaderSize);
  if (fields_.codec == Codec::kNone) {
    out += records_;
  } else {
    OTTLA_CHECK(codecs != nullptr);
    codecs->Compress(fields_.codec, fields_.level.value_or(DefaultLevel(fields_.codec)), 2, records_, out);
  }
  const bool append_time = fields_.timestamp_type == TimestampType::kLogAppendTime;
  const Offset last = last_offset_ == kNoOffset ? fields_.base_offset : last_offset_;
  FinishHeader(fields_, OffsetDelta(fields_.base_offset, last), base_timestamp_,
               append_time ? fields_.append_time : max_timestamp_, count_, out, begin);
  records_.clear();
}

std::string MakeEndTransactionMarker(std::int64_t producer_id, std::int16_t producer_epoch, bool commit,
                                     std::int32_t coordinator_epoch, std::int64_t timestamp_ms) {
  BatchFields fields;
  fields.producer_id = producer_id;
  fields.producer_epoch = producer_epoch;
  fields.is_transactional = true;
  fields.is_control = true;
  char key[4];
  char value[6];
  StoreI16(key, 0);
  StoreI16(key + 2, static_cast<std::int16_t>(commit ? 1 : 0));
  StoreI16(value, 0);
  StoreI32(value + 2, coordinator_epoch);
  BatchBuilder builder(fields);
  builder.Append(timestamp_ms, std::string_view(key, sizeof key), std::string_view(value, sizeof value));
  std::string out;
  builder.Build(nullptr, out);
  return out;
}

std::string MakeEmptyBatch(const BatchFields& fields, Offset last_offset, std::int64_t max_timestamp) {
  BatchFields plain = fields;
  plain.codec = Codec::kNone;
  plain.delete_horizon_ms.reset();
  std::string out(kBatchHeaderSize, '\0');
  FinishHeader(plain, OffsetDelta(plain.base_offset, last_offset), kNoTimestamp, max_timestamp, 0, out, 0);
  return out;
}

void AppendRecompressed(const RecordBatchView& batch, std::string_view records, Codec codec, int level,
                        std::int64_t max_timestamp, CodecContext& codecs, std::string& out) {
  const std::size_t begin = out.size();
  out += batch.bytes().substr(0, kBatchHeaderSize);
  if (codec == Codec::kNone) {
    out += records;
  } else {
    codecs.Compress(codec, level, 2, records, out);
  }
  const std::size_t size = out.size() - begin;
  OTTLA_CHECK(size - kLogOverhead <= static_cast<std::size_t>(kMaxLengthField));
  char* p = out.data() + begin;
  const int kept = batch.attributes() & (kTransactionalBit | kControlBit | kDeleteHorizonBit);
  StoreI32(p + kBatchLengthAt, static_cast<std::int32_t>(size - kLogOverhead));
  StoreI16(p + kAttributesAt, static_cast<std::int16_t>(kept | static_cast<int>(codec)));
  StoreI64(p + kMaxTimestampAt, max_timestamp);
  UpdateCrc(p, size);
}

void AppendLegacyMessage(int magic, Offset offset, std::int64_t timestamp, TimestampType type, Codec codec,
                         NullableBytes key, NullableBytes value, std::string& out) {
  OTTLA_CHECK(magic == 0 || magic == 1);
  const std::size_t begin = out.size();
  const bool append_time = magic == 1 && type == TimestampType::kLogAppendTime;
  out.resize(begin + kLegacyTimestampAt + (magic == 1 ? 8 : 0));
  StoreI64(out.data() + begin, offset.value);
  out[begin + kMagicAt] = static_cast<char>(magic);
  out[begin + kLegacyAttributesAt] = static_cast<char>(static_cast<int>(codec) | (append_time ? kAppendTimeBit : 0));
  if (magic == 1) StoreI64(out.data() + begin + kLegacyTimestampAt, timestamp);
  AppendLegacyField(out, key);
  AppendLegacyField(out, value);
  char* p = out.data() + begin;
  const std::size_t size = out.size() - begin;
  StoreI32(p + kBatchLengthAt, static_cast<std::int32_t>(size - kLogOverhead));
  StoreU32(p + kLegacyCrcAt,
           static_cast<std::uint32_t>(crc32_z(0, reinterpret_cast<const Bytef*>(p + kMagicAt), size - kMagicAt)));
}

void LegacyBuilder::Append(Offset offset, std::int64_t timestamp, NullableBytes key, NullableBytes value) {
  if (count_ == 0) first_offset_ = offset;
  const bool relative = magic_ == 1 && codec_ != Codec::kNone;
  const Offset written = relative ? Offset(Distance(first_offset_, offset)) : offset;
  const std::int64_t time = type_ == TimestampType::kLogAppendTime ? append_time_ : timestamp;
  AppendLegacyMessage(magic_, written, time, type_, Codec::kNone, key, value, messages_);
  last_offset_ = offset;
  max_timestamp_ = std::max(max_timestamp_, time);
  ++count_;
}

void LegacyBuilder::Build(CodecContext* codecs, std::string& out) {
  if (codec_ == Codec::kNone || count_ == 0) {
    out += messages_;
    return;
  }
  OTTLA_CHECK(codecs != nullptr && codec_ != Codec::kZstd);
  std::string compressed;
  codecs->Compress(codec_, DefaultLevel(codec_), magic_, messages_, compressed);
  AppendLegacyMessage(magic_, last_offset_, max_timestamp_, type_, codec_, std::nullopt, compressed, out);
}

}  // namespace ottla
