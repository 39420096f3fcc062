// Messages of magic 0 and 1, and the wrappers that hold a compressed set of them. Pure; any thread. Layout and rules:
// Apache Kafka's LegacyRecord and AbstractLegacyRecordBatch.
#pragma once

#include <cstdint>
#include <string_view>

#include "common/base/ids.h"
#include "common/record/codec_context.h"
#include "common/record/fault.h"
#include "common/record/record.h"

namespace ottla {

// Key and value of one framed message. False: a length leaves the message. Bytes behind the value are tolerated, and
// any negative length is null, as in Kafka.
bool ParseLegacyFields(const BatchFrame& frame, NullableBytes& key, NullableBytes& value);

// The messages inside a compressed wrapper. Owns what was decompressed; keep one per loop and Open it again.
class LegacySet {
 public:
  // Decompresses the wrapper and checks what must hold for the set as a whole: value not null, codec allowed for the
  // magic, inner messages not compressed, at least one; a cut last one is dropped silently. Inner offsets are made
  // absolute (v1: relative to the wrapper's, which is the last one's). Readers tolerate inner messages of the other
  // legacy magic, leaders report them: hence Next() tells it.
  RecordFault Open(const BatchFrame& wrapper, CodecContext& codecs, std::size_t limit);

  Offset first_offset() const { return first_offset_; }
  std::int32_t count() const { return count_; }

  enum class Step { kRecord, kEnd, kCorrupt, kInvalid };
  // kCorrupt: the inner checksum does not match. `magic` is the inner message's.
  Step Next(Record& out, std::int8_t& magic);
  Step Next(Record& out) {
    std::int8_t magic = 0;
    return Next(out, magic);
  }

  ByteBuffer& buffer() { return buffer_; }  // to Trim it

 private:
  Offset Absolute(Offset inner) const;

  ByteBuffer buffer_;
  BatchScanner scanner_{{}};
  BatchHeader wrapper_;
  bool relative_ = false;
  Offset base_{0};
  Offset first_offset_ = kNoOffset;
  std::int32_t count_ = 0;
};

}  // namespace ottla
