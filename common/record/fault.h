// Why the bytes of a batch cannot be used. An enum, because hostile batches must be cheap to refuse.
#pragma once

#include <cstdint>
#include <string_view>

namespace ottla {

enum class RecordFault : std::uint8_t {
  kNone,
  kCorrupt,   // checksum, unknown codec, or a compressed stream that does not decompress: wire CORRUPT_MESSAGE
  kInvalid,   // the structure of the records inside is wrong: wire INVALID_RECORD
  kTooLarge,  // decompresses to more than the caller allows: wire MESSAGE_TOO_LARGE
};

constexpr std::string_view ToString(RecordFault fault) {
  switch (fault) {
    case RecordFault::kNone: return "none";
    case RecordFault::kCorrupt: return "corrupt";
    case RecordFault::kInvalid: return "invalid record";
    case RecordFault::kTooLarge: return "decompressed size over the limit";
  }
  return "unknown";
}

}  // namespace ottla
