// What all connections of one loop share.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <vector>

#include "common/base/clock.h"
#include "common/base/executor.h"
#include "common/base/status.h"
#include "common/io/file_range.h"
#include "common/net/frame_buffer.h"

namespace ottla {

// Brings `length` bytes from the start of `range` into the page cache without blocking the caller, then calls `done`
// on the caller's loop. kUnavailable and the like: the file cannot be read, the connection closes.
using FileWarmer = std::function<void(const FileRange& range, std::uint64_t length, UniqueFunction<void(Status)> done)>;

// Owner: the loop; made before and destroyed after its connections.
struct LoopContext {
  static constexpr std::size_t kScratchBytes = 128 << 10;

  Executor* executor = nullptr;
  const Clock* clock = nullptr;
  std::shared_ptr<MemoryBudget> budget;  // null: none
  FileWarmer warm;                       // null: no file ranges are sent
  std::size_t senders = 0;               // connections that had more to send than went in their last turn
  // Passes through the cache again and again: what is read from sockets and files stays here only during one call.
  std::vector<char> scratch = std::vector<char>(kScratchBytes);
};

}  // namespace ottla
