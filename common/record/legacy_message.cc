#include "common/record/legacy_message.h"

#include <algorithm>

namespace ottla {
namespace {

// Takes one sized field off `rest`.
bool TakeField(std::string_view& rest, NullableBytes& out) {
  if (rest.size() < 4) return false;
  const std::int32_t size = LoadI32(rest.data());
  rest.remove_prefix(4);
  out = std::nullopt;
  if (size < 0) return true;
  if (static_cast<std::size_t>(size) > rest.size()) return false;
  out = rest.substr(0, static_cast<std::size_t>(size));
  rest.remove_prefix(static_cast<std::size_t>(size));
  return true;
}

}  // namespace

bool ParseLegacyFields(const BatchFrame& frame, NullableBytes& key, NullableBytes& value) {
  std::string_view rest = frame.bytes.substr(frame.header.magic == 0 ? kLegacyTimestampAt : kLegacyTimestampAt + 8);
  return TakeField(rest, key) && TakeField(rest, value);
}

RecordFault LegacySet::Open(const BatchFrame& wrapper, CodecContext& codecs, std::size_t limit) {
  NullableBytes key;
  NullableBytes value;
  wrapper_ = wrapper.header;
  if (!IsKnown(wrapper_.codec)) return RecordFault::kCorrupt;
  if (wrapper_.codec == Codec::kZstd || wrapper_.codec == Codec::kNone) return RecordFault::kInvalid;
  if (!ParseLegacyFields(wrapper, key, value) || !value) return RecordFault::kInvalid;
  const RecordFault fault = codecs.Decompress(wrapper_.codec, wrapper_.magic, *value, limit, buffer_);
  if (fault != RecordFault::kNone) return fault;

  BatchScanner scanner(buffer_.view());
  BatchFrame inner;
  Offset first;
  Offset last;
  count_ = 0;
  auto step = scanner.Next(inner);
  for (; step == BatchScanner::Step::kBatch; step = scanner.Next(inner)) {
    if (inner.header.magic == 2 || inner.header.codec != Codec::kNone) return RecordFault::kInvalid;
    if (count_++ == 0) first = inner.header.base_offset;
    last = inner.header.base_offset;
  }
  if (step == BatchScanner::Step::kCorrupt) return RecordFault::kCorrupt;
  if (count_ == 0) return RecordFault::kInvalid;
  // A wrapper at offset 0 may come from a producer that does not set it: its inner offsets count as they are.
  relative_ = wrapper_.magic == 1 && wrapper_.last_offset != Offset(0);
  if (relative_ && wrapper_.last_offset < last) return RecordFault::kInvalid;
  base_ = relative_ ? Offset(WrappingSub(wrapper_.last_offset.value, last.value)) : Offset(0);
  first_offset_ = Absolute(first);
  scanner_ = BatchScanner(buffer_.view());
  return RecordFault::kNone;
}

Offset LegacySet::Absolute(Offset inner) const { return WrappingAdvance(base_, inner.value); }

LegacySet::Step LegacySet::Next(Record& out, std::int8_t& magic) {
  BatchFrame inner;
  if (scanner_.Next(inner) != BatchScanner::Step::kBatch) return Step::kEnd;
  if (!CrcMatches(inner)) return Step::kCorrupt;
  if (!ParseLegacyFields(inner, out.key, out.value)) return Step::kInvalid;
  magic = inner.header.magic;
  out.offset = Absolute(inner.header.base_offset);
  const bool append_time = wrapper_.timestamp_type == TimestampType::kLogAppendTime;
  out.timestamp = append_time ? wrapper_.max_timestamp : inner.header.max_timestamp;
  out.sequence = kNoSequence;
  out.headers = RecordHeaders();
  return Step::kRecord;
}

}  // namespace ottla
