// The records of a framed batch of any magic and codec, as a consumer would see them.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

#include "common/record/byte_buffer.h"
#include "common/record/codec_context.h"
#include "common/record/fault.h"
#include "common/record/legacy_message.h"
#include "common/record/record.h"

namespace ottla {

// A bound for readers of our own log, where a large batch was accepted once and must stay readable.
inline constexpr std::size_t kNoDecompressLimit = 0x7fffffff;

// Owner: one thread; keep one and Open batch after batch. Decompressed bytes live here until the next Open.
class RecordReader {
 public:
  // `codecs` outlives the reader. `limit`: the most that one batch may decompress to.
  RecordReader(CodecContext& codecs, std::size_t limit) : codecs_(codecs), limit_(limit) {}

  // Begins with `frame`, whose bytes must stay until the last record is used. Does not check its CRC.
  RecordFault Open(const BatchFrame& frame);

  enum class Step { kRecord, kEnd, kFault };
  Step Next(Record& out);
  RecordFault fault() const { return fault_; }  // after kFault

  // Of the open batch: its first record's offset. For a v0/v1 wrapper only this tells (BatchHeader cannot).
  Offset first_offset() const { return first_offset_; }

 private:
  RecordFault OpenV2(const BatchFrame& frame);
  Step Fail(RecordFault fault);
  Step NextLegacy(Record& out);

  CodecContext& codecs_;
  std::size_t limit_;
  ByteBuffer buffer_;
  LegacySet set_;
  std::optional<RecordIterator> v2_;
  std::optional<BatchFrame> message_;  // one uncompressed legacy message, until it was handed out
  bool in_set_ = false;
  Offset first_offset_ = kNoOffset;
  RecordFault fault_ = RecordFault::kNone;
};

// Control records (transaction markers). Layout: Apache Kafka's ControlRecordType, EndTransactionMarker.
enum class ControlType : std::int16_t { kAbort = 0, kCommit = 1 };  // others exist and are tolerated
struct ControlRecord {
  std::int16_t type = -1;                         // a ControlType, or unknown
  std::optional<std::int32_t> coordinator_epoch;  // of the two known types
};
// nullopt: the key or value is too short or of a negative version. Newer versions and longer bodies are accepted.
std::optional<ControlRecord> ParseControlRecord(const Record& record);

}  // namespace ottla
