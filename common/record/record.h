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
