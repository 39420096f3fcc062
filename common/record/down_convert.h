// Batches for consumers that only know an older format (Fetch v0-1: magic 0, v2-3: magic 1). Pure.
// Rules: Apache Kafka's RecordsUtil.downConvert.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "common/record/codec_context.h"
#include "common/record/record_reader.h"

namespace ottla {

enum class DownConvertStop {
  kEnd,               // all whole batches are done
  kEnough,            // `max_bytes` were made and batches are left; go on at `consumed`
  kUnsupportedCodec,  // the next batch is zstd: UNSUPPORTED_COMPRESSION_TYPE 76
  kFault,             // the next batch cannot be read
};

struct DownConverted {
  DownConvertStop stop = DownConvertStop::kEnd;
  std::size_t consumed = 0;            // of the input, in whole batches
  std::int64_t records_converted = 0;  // those in batches of a newer format than asked for
};

// Appends `batches` to `out` in `to_magic` (0 or 1) until at least `max_bytes` were appended. Batches of that format or
// an older one stay as they are. Control and empty batches vanish, and so do headers and producer data. Plain records
// below `first_offset` (where the consumer asked) are left out; compressed batches stay whole and keep their codec.
// `reader` and `codecs` belong to the calling loop.
DownConverted DownConvert(std::string_view batches, int to_magic, Offset first_offset, std::size_t max_bytes,
                          RecordReader& reader, CodecContext& codecs, std::string& out);

}  // namespace ottla
