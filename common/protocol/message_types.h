// What the fields of messages are made of, besides integers, bool and double.
//
//   string, bytes   std::string_view. Decoded: a view into the frame, which must outlive the message. To be encoded: a
//                   view of bytes that the caller keeps alive until Encode returns.
//   nullable        std::optional of the type, when null is legal in any version of the message
//   array           std::vector, in the order of the wire
//   records         Records: batches in the on-disk form, never looked into here
//   error codes     ErrorCode; a number this broker does not know is kept as it came
//
// Message types are plain structs with Kafka's names; a default-constructed one holds Kafka's default of every field.
// Which versions have a field is said once, in the rows of the message's .cc file.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string_view>

#include "common/base/ids.h"
#include "common/protocol/api_key.h"
#include "common/protocol/error_code.h"

namespace ottla {

struct MessageRows;  // field.h

// kFirstFlexible of a message that has no version with compact lengths and tag sections.
inline constexpr std::int16_t kNeverFlexible = std::numeric_limits<std::int16_t>::max();

// A records field: null (the default), bytes at hand, or bytes that the sender of the frame adds by itself, for example
// out of a file. For the latter the encoder writes the length and notes a Cut where the bytes belong (codec.h).
struct Records {
  std::optional<std::string_view> bytes;
  std::int64_t external_size = -1;  // bytes; at or above 0: `bytes` is not looked at
  std::uint64_t external_id = 0;    // the caller's name for those bytes, handed back in the Cut

  static Records Of(std::string_view bytes) { return {.bytes = bytes}; }
  static Records External(std::int64_t size, std::uint64_t id) { return {.external_size = size, .external_id = id}; }
  bool IsExternal() const { return external_size >= 0; }
  bool IsNull() const { return !bytes.has_value() && !IsExternal(); }
};

}  // namespace ottla
