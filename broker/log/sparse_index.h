// The two sparse indexes of a segment: offset to file position (.index) and timestamp to offset (.timeindex).
//
// An index is the entries already in its file followed by a tail kept in memory, which the disk thread writes in
// blocks. So our files are never longer than their entries; Kafka's, grown to segment.index.bytes and filled with zeros
// while a segment is active, are recognised by their last entry and cut. Pure, but for the reader passed in. Layout and
// rules: Apache Kafka's OffsetIndex, TimeIndex (3.9).
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "common/base/ids.h"
#include "common/base/status.h"
#include "common/record/big_endian.h"

namespace ottla {

// Index entries hold offsets relative to their segment's base, in 32 bits: no segment spans more.
inline constexpr std::int64_t kMaxSegmentSpan = std::numeric_limits<std::int32_t>::max();
inline std::uint32_t RelativeTo(Offset base, Offset offset) {
  return static_cast<std::uint32_t>(Distance(base, offset));
}

// The last offset of an append, relative to the segment's base, and the position of the append's first byte.
struct OffsetEntry {
  static constexpr std::size_t kSize = 8;
  std::uint32_t relative = 0;
  std::uint32_t position = 0;

  std::int64_t key() const { return relative; }
  // No real entry is zero: the first append of a segment is never indexed.
  bool is_padding() const { return relative == 0; }
  void Encode(char* to) const {
    StoreU32(to, relative);
    StoreU32(to + 4, position);
  }
  static OffsetEntry Decode(const char* from) { return {LoadU32(from), LoadU32(from + 4)}; }
  friend bool operator==(const OffsetEntry&, const OffsetEntry&) = default;
};

// The largest timestamp so far in the segment and the last offset of the first batch that has it.
struct TimeEntry {
  static constexpr std::size_t kSize = 12;
  std::int64_t timestamp = -1;
  std::uint32_t relative = 0;

  std::int64_t key() const { return timestamp; }
  // Also what a segment says whose first record is of 1970: only its log can tell the two apart.
  bool is_padding() const { return timestamp == 0 && relative == 0; }
  void Encode(char* to) const {
    StoreI64(to, timestamp);
    StoreU32(to + 8, relative);
  }
  static TimeEntry Decode(const char* from) { return {LoadI64(from), LoadU32(from + 8)}; }
  friend bool operator==(const TimeEntry&, const TimeEntry&) = default;
};

template <class Entry>
std::string EncodeEntries(std::span<const Entry> entries) {
  std::string bytes(entries.size() * Entry::kSize, '\0');
  for (std::size_t i = 0; i < entries.size(); ++i) entries[i].Encode(bytes.data() + i * Entry::kSize);
  return bytes;
}

// `read(span<char>, position)` -> Result<size_t>, as File::ReadAt or File::TryReadAt.
template <class Entry, class Read>
Result<Entry> ReadEntry(const Read& read, std::uint64_t number) {
  char bytes[Entry::kSize];
  const Result<std::size_t> got = read(std::span<char>(bytes), number * Entry::kSize);
  if (!got.ok()) return got.status();
  if (*got != Entry::kSize) return Status(StatusCode::kCorrupt, "index file is shorter than it was");
  return Entry::Decode(bytes);
}

// Entries [from, from + count) of a file in one read.
template <class Entry, class Read>
Result<std::vector<Entry>> ReadEntries(const Read& read, std::uint64_t from, std::uint64_t count) {
  std::string bytes(count * Entry::kSize, '\0');
  const Result<std::size_t> got = read(std::span<char>(bytes), from * Entry::kSize);
  if (!got.ok()) return got.status();
  if (*got != bytes.size()) return Status(StatusCode::kCorrupt, "index file is shorter than it was");
  std::vector<Entry> entries(count);
  for (std::size_t i = 0; i < count; ++i) entries[i] = Entry::Decode(bytes.data() + i * Entry::kSize);
  return entries;
}

// How many entries at the beginning of an index satisfy something, and the last of them.
template <class Entry>
struct EntryPrefix {
  std::uint64_t count = 0;
  std::optional<Entry> last;
};

// Of the first `count` entries of a file those that satisfy `before`, which holds for a prefix of them.
template <class Entry, class Read, class Before>
Result<EntryPrefix<Entry>> FindPrefix(const Read& read, std::uint64_t count, const Before& before) {
  // Each read is a system call: what is no more than a page is read at once.
  constexpr std::uint64_t kAtOnce = 4096 / Entry::kSize;
  EntryPrefix<Entry> found;
  std::uint64_t high = count;
  while (high - found.count > kAtOnce) {
    const std::uint64_t middle = found.count + (high - found.count) / 2;
    const Result<Entry> entry = ReadEntry<Entry>(read, middle);
    if (!entry.ok()) return entry.status();
    if (before(*entry)) {
      found = {middle + 1, *entry};
    } else {
      high = middle;
    }
  }
  if (found.count == high) return found;
  const auto entries = ReadEntries<Entry>(read, found.count, high - found.count);
  if (!entries.ok()) return entries.status();
  const auto behind = std::ranges::partition_point(*entries, before);
  if (behind != entries->begin()) found.last = *std::prev(behind);
  found.count += static_cast<std::uint64_t>(behind - entries->begin());
  return found;
}

template <class Entry, class Read, class Before>
Result<std::uint64_t> PartitionPoint(const Read& read, std::uint64_t count, const Before& before) {
  const auto found = FindPrefix<Entry>(read, count, before);
  if (!found.ok()) return found.status();
  return found->count;
}

// Entries in a file of `bytes` bytes, without zero padding at its end. `zero_first()` -> Result<bool>, asked only of a
// file that ends in zeros: the first entry is a real one, even if it looks like padding.
template <class Entry, class Read, class ZeroFirst>
Result<std::uint64_t> CountEntries(const Read& read, std::uint64_t bytes, const ZeroFirst& zero_first) {
  const std::uint64_t count = bytes / Entry::kSize;
  if (count == 0) return count;
  const Result<Entry> last = ReadEntry<Entry>(read, count - 1);
  if (!last.ok()) return last.status();
  if (!last->is_padding()) return count;
  const Result<bool> real = zero_first();
  if (!real.ok()) return real.status();
  const std::uint64_t sure = *real ? 1 : 0;
  if (count <= sure) return count;
  const auto after_sure = [&](std::span<char> into, std::uint64_t at) { return read(into, at + sure * Entry::kSize); };
  const auto more =
      PartitionPoint<Entry>(after_sure, count - sure, [](const Entry& entry) { return !entry.is_padding(); });
  if (!more.ok()) return more.status();
  return sure + *more;
}

template <class Entry>
struct SparseIndex {
  std::uint64_t written = 0;  // entries in the file
  std::optional<Entry> last;  // of all
  std::vector<Entry> tail;    // not yet in the file

  std::uint64_t size() const { return written + tail.size(); }
  void Append(const Entry& entry) {
    tail.push_back(entry);
    last = entry;
  }
  // The first `count` entries are in the file now. May come late, or twice.
  void OnWritten(std::uint64_t count) {
    if (count <= written) return;
    const std::uint64_t moved = std::min<std::uint64_t>(count - written, tail.size());
    tail.erase(tail.begin(), tail.begin() + static_cast<std::ptrdiff_t>(moved));
    written += moved;
  }
  // The last entry whose key is at most `key`; nullopt: none. Reads the file only when the tail does not reach so far
  // back.
  template <class Read>
  Result<std::optional<Entry>> Floor(const Read& read, std::int64_t key) const {
    return LastOf(read, [key](const Entry& entry) { return entry.key() <= key; });
  }
  // The last entry that satisfies `before`, which holds for a prefix of them.
  template <class Read, class Before>
  Result<std::optional<Entry>> LastOf(const Read& read, const Before& before) const {
    if (last && before(*last)) return std::optional<Entry>(last);
    const auto after = std::ranges::partition_point(tail, before);
    if (after != tail.begin()) return std::optional<Entry>(*std::prev(after));
    const auto found = FindPrefix<Entry>(read, written, before);
    if (!found.ok()) return found.status();
    return found->last;
  }
};

using OffsetIndex = SparseIndex<OffsetEntry>;
using TimeIndex = SparseIndex<TimeEntry>;

}  // namespace ottla
