// A stretch of an open log file on its way to a socket. It keeps the file open, so that deleting or renaming the
// segment never disturbs a send. Truncation does: bytes promised in a response header may then be gone or, worse, be
// other bytes. So each file carries a generation that truncation raises, and a range remembers the one it was made
// under.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>

#include "common/io/file.h"

namespace ottla {

// Counts truncations of one file. Raised by the owner of the log before the file is cut, read by senders on any thread.
using FileGeneration = std::atomic<std::uint32_t>;

struct FileRange {
  std::shared_ptr<File> file;  // null: an empty range
  std::shared_ptr<const FileGeneration> current;
  std::uint32_t generation = 0;
  std::uint64_t position = 0;  // bytes
  std::uint64_t length = 0;    // bytes
  // Bytes from here on were appended a moment ago and are surely in the page cache; no need to probe them.
  std::uint64_t hot_from = UINT64_MAX;

  bool empty() const { return length == 0; }
  // False: the file was cut since; the connection must be closed, as the length is already promised. To be asked before
  // and after the bytes are handed to the kernel (a truncation may run in between on the owner's thread).
  bool Valid() const { return current == nullptr || current->load(std::memory_order_acquire) == generation; }

  // The first `count` bytes are sent.
  void Consume(std::uint64_t count) {
    position += count;
    length -= count;
  }
};

// kUnavailable: the page that holds the byte at `position` of the file is not in the page cache and reading it would
// wait for the disk. A call of one to three microseconds. For data loops.
Status ProbeCached(const FileRange& range, std::uint64_t position);
// Brings the stretch into the page cache. Blocks: for Disk executors.
Status WarmUp(const FileRange& range, std::uint64_t length);

}  // namespace ottla
