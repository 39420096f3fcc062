#include "common/record/record.h"

namespace ottla {
namespace {

NullableBytes Bytes(const char* data, std::int32_t size) {
  if (size < 0) return std::nullopt;
  return std::string_view(data, static_cast<std::size_t>(size));
}

}  // namespace

namespace internal {

bool SkipHeaders(const char*& p, const char* end, std::int32_t count) {
  // Each header takes two bytes at least: a count beyond that is refused before the loop believes it.
  if (count < 0 || count > (end - p) / 2) return false;
  const char* field = nullptr;
  std::int32_t size = 0;
  for (; count > 0; --count) {
    if (!ReadField(p, end, field, size) || size < 0) return false;  // a header's key is never null
    if (!ReadField(p, end, field, size)) return false;
  }
  return true;
}

}  // namespace internal

bool RecordHeaders::Next(RecordHeader& out) {
  if (left_ <= 0) return false;
  const char* p = bytes_.data();
  const char* end = p + bytes_.size();
  const char* field = nullptr;
  std::int32_t size = 0;
  if (!internal::ReadField(p, end, field, size) || size < 0) return false;
  out.key = std::string_view(field, static_cast<std::size_t>(size));
  if (!internal::ReadField(p, end, field, size)) return false;
  out.value = Bytes(field, size);
  bytes_.remove_prefix(static_cast<std::size_t>(p - bytes_.data()));
  --left_;
  return true;
}

RecordIterator::RecordIterator(const RecordBatchView& batch, std::string_view records)
    : p_(records.data()),
      end_(records.data() + records.size()),
      left_(batch.count()),
      base_offset_(batch.base_offset()),
      base_timestamp_(batch.base_timestamp()),
      base_sequence_(batch.is_control() ? kNoSequence : batch.base_sequence()) {
  if (batch.timestamp_type() == TimestampType::kLogAppendTime) append_time_ = batch.max_timestamp();
}

RecordIterator::Step RecordIterator::Next(Record& out) {
  if (left_ < 0) return Step::kInvalid;
  if (left_ == 0) return p_ == end_ ? Step::kEnd : Step::kInvalid;
  RawRecord raw;
  // The last record is not handed out when bytes follow it: then the count lies.
  if (!ParseRecord(p_, end_, raw) || (left_ == 1 && p_ != end_)) {
    left_ = -1;
    return Step::kInvalid;
  }
  --left_;
  out.offset = WrappingAdvance(base_offset_, raw.offset_delta);
  out.timestamp = append_time_ ? *append_time_ : WrappingAdd(base_timestamp_, raw.timestamp_delta);
  out.sequence = base_sequence_ == kNoSequence ? kNoSequence : AdvanceSequence(base_sequence_, raw.offset_delta);
  out.key = Bytes(raw.key, raw.key_size);
  out.value = Bytes(raw.value, raw.value_size);
  out.headers =
      RecordHeaders(std::string_view(raw.headers, static_cast<std::size_t>(raw.end - raw.headers)), raw.header_count);
  return Step::kRecord;
}

}  // namespace ottla
