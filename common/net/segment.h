// What leaves through a connection: bytes that are owned, bytes that somebody else keeps alive, and ranges of files.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "common/io/file_range.h"

namespace ottla {

// Bytes inside an object that `owner` keeps alive: a slice of a request's frame, a cached answer.
struct SharedBytes {
  std::shared_ptr<const void> owner;
  std::string_view bytes;
};

using WireSegment = std::variant<std::string, SharedBytes, FileRange>;
using WireSegments = std::vector<WireSegment>;

inline std::uint64_t SegmentSize(const WireSegment& segment) {
  if (const auto* owned = std::get_if<std::string>(&segment)) return owned->size();
  if (const auto* shared = std::get_if<SharedBytes>(&segment)) return shared->bytes.size();
  return std::get<FileRange>(segment).length;
}

inline std::uint64_t TotalSize(const WireSegments& segments) {
  std::uint64_t total = 0;
  for (const WireSegment& segment : segments) total += SegmentSize(segment);
  return total;
}

}  // namespace ottla
