// One segment of an open log, in memory. Owner: the loop of its log. The files themselves are written by the log and by
// its disk tasks, which work on copies (SegmentImage) so that nothing here is shared between threads.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "broker/log/file_cache.h"
#include "broker/log/log_config.h"
#include "broker/log/segment_recovery.h"
#include "broker/log/sparse_index.h"
#include "broker/log/txn_index.h"
#include "common/base/ids.h"
#include "common/io/file_range.h"

namespace ottla {

struct Segment {
  Segment(SegmentImage from, std::int64_t now_ms, const std::shared_ptr<FileCache>& cache);

  Offset base() const { return image.base; }
  std::uint64_t size() const { return image.size; }
  // Largest timestamp, or the time of the file where no record tells one. Meaningful once timestamps_known.
  std::int64_t age_timestamp() const { return image.largest_timestamp >= 0 ? image.largest_timestamp : image.mtime_ms; }

  // The bytes of one append are in the file.
  void OnAppended(std::uint64_t bytes, Offset last_offset, std::int64_t max_timestamp, Offset max_timestamp_offset,
                  const LogConfig& config, std::int64_t now_ms);
  // The last time entry of a segment that is rolled or closed.
  void AddTimeEntry();
  // Whether an append must go to a new segment. `size` and `last_offset` are the append's.
  bool MustRoll(std::uint64_t bytes, Offset last_offset, std::int64_t max_timestamp, const LogConfig& config,
                std::int64_t jitter_ms, std::int64_t now_ms) const;

  SegmentImage image;
  CachedFile log;
  CachedFile index;
  std::shared_ptr<FileGeneration> generation;
  std::vector<AbortedTxn> aborted;  // all rows, when aborted_known
  bool aborted_known = false;
  std::size_t aborted_written = 0;  // rows in the file
  std::int64_t created_ms = 0;
  std::uint64_t bytes_since_index = 0;
};

// What a disk task needs to bring a segment's index files up to date.
struct IndexWrite {
  Offset base;
  OffsetIndex offsets;
  TimeIndex times;
  std::vector<AbortedTxn> aborted;  // rows not yet in the file
  std::size_t aborted_at = 0;       // rows in the file before these
};
IndexWrite PendingIndexWrite(const Segment& segment);
// Marks what an IndexWrite held as written.
void OnIndexWritten(Segment& segment, const IndexWrite& write);
// Blocks. Writes the tails behind what the files hold;
Status WriteIndexTails(FileSystem& files, const std::string& dir, const IndexWrite& write, bool sync);

}  // namespace ottla
