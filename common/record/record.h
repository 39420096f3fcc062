// Records inside a batch: the v2 record parser (one pass, no copies) and the form in which records of any magic are
// handed out. Pure; any thread. Layout: Apache Kafka's DefaultRecord.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "common/base/ids.h"
#include "common/record/fault.h"
#include "common/record/record_batch.h"
#include "common/record/varint.h"

namespace ottla {

using NullableBytes = std::optional<std::string_view>;

struct RecordHeader {
  std::string_view key;  // need not be UTF-8
  NullableBytes value;
};

// The headers of one record; of bytes that ParseRecord or RecordHeaders::Check has accepted.
class RecordHeaders {
 public:
  RecordHeaders() = default;
  RecordHeaders(std::string_view bytes, std::int32_t count) : bytes_(bytes), left_(count) {}
  std::int32_t count() const { return left_; }  // how many Next() will still give
  std::string_view bytes() const { return bytes_; }
  bool Next(RecordHeader& out);

 private:
  std::string_view bytes_;
  std::int32_t left_ = 0;
};

// A record as readers see it. Views into the batch or into the buffer it was decompressed to.
struct Record {
  Offset offset;
  std::int64_t timestamp = kNoTimestamp;  // ms; the append time where the batch has one
  std::int32_t sequence = kNoSequence;    // with a producer id and no control batch
  NullableBytes key;
  NullableBytes value;
  RecordHeaders headers;
};

// A v2 record where it lies. A negative key or value size is null.
struct RawRecord {
  const char* body = nullptr;  // behind the length
  const char* end = nullptr;
  std::int64_t timestamp_delta = 0;
  std::int32_t offset_delta = 0;
  std::int32_t key_size = -1;
  std::int32_t value_size = -1;
  std::int32_t header_count = 0;
  const char* key = nullptr;
  const char* value = nullptr;
  const char* headers = nullptr;
};

namespace internal {

// Checks `count` headers from p on; p then stands behind them.
bool SkipHeaders(const char*& p, const char* end, std::int32_t count);

// A sized field: p moves behind it. Null for any negative size.
inline bool ReadField(const char*& p, const char* end, const char*& field, std::int32_t& size) {
  if (!ReadVarint(p, end, size)) return false;
  field = p;
  if (size <= 0) return true;
  if (size > end - p) return false;
  p += size;
  return true;
}

}  // namespace internal

// Parses the record at p, wholly: lengths, headers, and that the body ends where its length says. False: the structure
// is wrong (INVALID_RECORD); p is then unspecified.
inline bool ParseRecord(const char*& p, const char* end, RawRecord& out) {
  std::int32_t size = 0;
  if (!ReadVarint(p, end, size) || size < 1 || size > end - p) return false;
  out.body = p;
  out.end = p + size;
  ++p;  // attributes: unused
  if (!ReadVarlong(p, out.end, out.timestamp_delta)) return false;
  if (!ReadVarint(p, out.end, out.offset_delta)) return false;
  if (!internal::ReadField(p, out.end, out.key, out.key_size)) return false;
  if (!internal::ReadField(p, out.end, out.value, out.value_size)) return false;
  if (!ReadVarint(p, out.end, out.header_count)) return false;
  out.headers = p;
  if (out.header_count != 0 && !internal::SkipHeaders(p, out.end, out.header_count)) return false;
  return p == out.end;
}

// What a check of all records of a batch looks at.
struct RecordGlance {
  std::int64_t timestamp_delta = 0;
  std::int32_t offset_delta = 0;
  bool null_key = false;
};

namespace internal {

// The record at p if it is as most are: small numbers, no headers, right in every part. False says nothing against it.
inline bool GlanceAtUsual(const char*& p, const char* end, RecordGlance& out) {
  constexpr std::ptrdiff_t kHead = 13;  // four numbers of three bytes and the attributes
  constexpr std::ptrdiff_t kTail = 4;   // the value's size and the count of headers
  const char* at = p;
  std::int32_t size = 0;
  if (end - at < kHead || !ReadSmall(at, size) || size < 1 || size > end - at) return false;
  const char* const behind = at + size;
  ++at;  // attributes: unused
  std::int32_t timestamp = 0;
  std::int32_t offset = 0;
  std::int32_t key = 0;
  if (!ReadSmall(at, timestamp) || !ReadSmall(at, offset) || !ReadSmall(at, key)) return false;
  if (key > 0) {
    if (key > behind - at) return false;
    at += key;
  }
  std::int32_t value = 0;
  if (end - at < kTail || !ReadSmall(at, value)) return false;
  if (value > 0) {
    if (value > behind - at) return false;
    at += value;
  }
  if (at + 1 != behind || *at != 0) return false;
  p = behind;
  out = {timestamp, offset, key < 0};
  return true;
}

}  // namespace internal

// As ParseRecord, for those who look at nothing but the glance. In half the time.
inline bool GlanceAtRecord(const char*& p, const char* end, RecordGlance& out) {
  if (internal::GlanceAtUsual(p, end, out)) [[likely]]
    return true;
  RawRecord raw;
  if (!ParseRecord(p, end, raw)) return false;
  out = {raw.timestamp_delta, raw.offset_delta, raw.key_size < 0};
  return true;
}

// Walks the records of a v2 batch. `records` are uncompressed: the batch's own, or decompressed ones that stay alive.
// After kEnd the count was right and no byte is left over; else kInvalid.
class RecordIterator {
 public:
  RecordIterator(const RecordBatchView& batch, std::string_view records);
  enum class Step { kRecord, kEnd, kInvalid };
  Step Next(Record& out);

 private:
  const char* p_;
  const char* end_;
  std::int32_t left_;
  Offset base_offset_;
  std::int64_t base_timestamp_;
  std::optional<std::int64_t> append_time_;
  std::int32_t base_sequence_;  // kNoSequence: records have none
};

}  // namespace ottla
