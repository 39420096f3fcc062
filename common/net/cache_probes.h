// How much of a file range is taken to be in the page cache, so that sending it does not wait for a disk.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "common/base/clock.h"
#include "common/base/status.h"
#include "common/io/file_range.h"

namespace ottla {

// A probe costs one to three microseconds, most of it the page's first touch, so one page stands for many: pages come
// and go by read-ahead and eviction in long runs. Each range that does not go on where one before it ended, or up to
// 256 KiB before (its last batch was not whole), is looked at where it begins; a consumer reads several files by turns.
// Behind that, a connection that found all it sent in memory probes ever less, from every 256 KiB down to one page in 4
// MiB; once it met a cold page it looks at the first and at every 256 KiB of each range for 10 s. So the loop may wait
// for a disk where streams leave the cache, for 4 MiB at most in those 10 s. Owner: one send queue. Times are
// monotonic, lengths are bytes.
class CacheProbes {
 public:
  // How many of the next `length` bytes of `front`, at least 1, may be sent without waiting. kUnavailable: the first of
  // them must be brought in before; other errors: the file cannot be read.
  Result<std::uint64_t> Look(const FileRange& front, std::uint64_t length, MonoTime now);
  // `sent` has left, another range comes.
  void NextRange(const FileRange& sent);

 private:
  static constexpr std::uint64_t kClosest = 256 << 10;
  static constexpr std::uint64_t kWidest = 4 << 20;

  bool GoesOn(const FileRange& front) const;
  Status Begin(const FileRange& front, MonoTime now);
  Status Step(const FileRange& front, MonoTime now);
  Status Probe(const FileRange& front, std::uint64_t position, MonoTime now);
  void Trust(std::uint64_t bytes, MonoTime now);
  void Distrust();

  std::optional<std::uint64_t> seen_to_;  // file position in the present range
  std::uint64_t spacing_ = kClosest;
  std::uint64_t unprobed_ = 0;  // let pass since the last probe, in ranges before this one
  std::uint64_t trusted_ = 0;   // found since `spacing_` grew last
  struct End {
    const File* file = nullptr;  // only to be compared
    std::uint64_t position = 0;
  };
  std::array<End, 16> ends_;  // of the ranges before, one a file
  std::size_t oldest_end_ = 0;
  MonoTime seen_at_{};
  MonoTime wary_until_{};
};

}  // namespace ottla
