// Message bodies to and from bytes, for every message type and version (headers and length prefix: frame.h).
// Pure; no thread owns anything here.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/status.h"
#include "common/protocol/message_types.h"

namespace ottla {

// Decoded array elements of one message take at most kDecodeMemoryBase + kDecodeMemoryFactor * (bytes of the body), and
// for the moment in which the largest array grows half as much again: a frame of a hundred million one-byte elements is
// refused instead of being blown up to gigabytes. Strings and bytes are views and take nothing.
inline constexpr std::size_t kDecodeMemoryBase = 64u << 20;
inline constexpr std::size_t kDecodeMemoryFactor = 4;

// A place in the output where the sender adds bytes of its own (Records::External).
struct Cut {
  std::size_t at = 0;     // offset in EncodedBody::bytes: the external bytes go before this byte
  std::int64_t size = 0;  // how many; the length in front of them is already written
  std::uint64_t id = 0;   // Records::external_id
};

struct EncodedBody {
  std::string bytes;
  std::vector<Cut> cuts;  // ascending by `at`

  // What goes over the wire: bytes and cuts.
  std::int64_t TotalSize() const {
    auto total = static_cast<std::int64_t>(bytes.size());
    for (const Cut& cut : cuts) total += cut.size;
    return total;
  }
};

// Fills `*message`, which must be default-constructed, from the start of `body`. Strings and bytes in it are views of
// `body`. Returns how many bytes were left over after the last field; Kafka ignores those in a request. kUnsupported: a
// version the message does not have. kCorrupt: anything that does not parse; `*message` is then half filled.
Result<std::size_t> Decode(const MessageRows& rows, std::string_view body, std::int16_t version, void* message);

// Appends to `*out`. kUnsupported: a version the message does not have, or a field that this version lacks, is not
// ignorable, and is not at its default (Kafka: UnsupportedVersionException). kInvalidArgument: a null where the version
// forbids it, a string above 32767 bytes, an array above 2^31-1. After an error the end of `*out` is rubbish.
Status Encode(const MessageRows& rows, const void* message, std::int16_t version, EncodedBody* out);

template <class T>
Result<std::size_t> Decode(std::string_view body, std::int16_t version, T* message) {
  return Decode(T::kRows, body, version, message);
}

template <class T>
Status Encode(const T& message, std::int16_t version, EncodedBody* out) {
  return Encode(T::kRows, &message, version, out);
}

// Coordinator records and consumer protocol blobs: an int16 version, then the body in that version.
// DecodeVersioned returns the version; bytes left over are ignored, as Kafka does.
Result<std::int16_t> DecodeVersioned(const MessageRows& rows, std::string_view bytes, void* message);

Result<std::string> EncodeVersioned(const MessageRows& rows, const void* message, std::int16_t version);

template <class T>
Result<std::int16_t> DecodeVersioned(std::string_view bytes, T* message) {
  return DecodeVersioned(T::kRows, bytes, message);
}
template <class T>
Result<std::string> EncodeVersioned(const T& message, std::int16_t version) {
  return EncodeVersioned(T::kRows, &message, version);
}

// A message whose type is known at run time only: dumps, tests, fuzzers.
class AnyMessage {
 public:
  explicit AnyMessage(const MessageRows& rows);
  const MessageRows& rows() const { return *rows_; }
  void* get() { return message_.get(); }
  const void* get() const { return message_.get(); }

 private:
  const MessageRows* rows_;
  std::unique_ptr<void, void (*)(void*)> message_;
};

}  // namespace ottla
