// Where the last whole batch of a read ends. Readers drop the beginning of a batch and ask for it again, so that of
// batches that nearly fill a read up to half of what is sent is sent in vain.
#pragma once

#include <cstdint>
#include <optional>

#include "broker/log/segment_files.h"
#include "broker/log/sparse_index.h"
#include "common/io/file.h"

namespace ottla {

struct WholeBatches {
  std::uint64_t bytes = 0;      // the whole batches of the range; its length where that is not known cheaply
  std::optional<BatchAt> next;  // the batch that no longer fits, where `bytes` ends
};

// A stretch of one segment that was cut to a reader's limit. Bytes.
struct CutRange {
  std::uint64_t position = 0;
  std::uint64_t length = 0;
  std::uint64_t first_size = 0;  // of the batch that begins at `position`, at most `length`
  std::uint64_t limit = 0;       // end of the segment's last whole batch that the reader may see
};

// Looks only where batches are large, at few headers, and never waits for the disk. An index entry is a hint: what
// begins there must be a batch.
template <class ReadIndex>
WholeBatches FindWholeBatches(const File& log, const OffsetIndex& index, const ReadIndex& read_index,
                              const CutRange& range) {
  constexpr std::uint64_t kLarge = 32 << 10;
  constexpr int kHeaders = 8;
  const std::uint64_t end = range.position + range.length;
  const std::uint64_t second = range.position + range.first_size;
  if (range.first_size < kLarge || second >= end) return {.bytes = range.length, .next = {}};
  const auto entry = index.LastOf(read_index, [end](const OffsetEntry& each) { return each.position < end; });
  const bool closer = entry.ok() && entry->has_value() && (*entry)->position > second;
  HeaderScanner scanner(log, closer ? (*entry)->position : second, range.limit, /*may_wait=*/false);
  for (int i = 0; i < kHeaders; ++i) {
    const auto batch = scanner.Next();
    if (!batch.ok() || !batch->has_value() || scanner.position() == end) break;
    if (scanner.position() > end) return {.bytes = (*batch)->position - range.position, .next = *batch};
  }
  return {.bytes = range.length, .next = {}};
}

}  // namespace ottla
