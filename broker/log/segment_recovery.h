// Scanning segment files on a disk thread: rebuilding one segment after an unclean stop, and replaying producers.
// Everything here blocks.
#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <string>
#include <vector>

#include "broker/log/leader_epochs.h"
#include "broker/log/log_config.h"
#include "broker/log/producer_state.h"
#include "broker/log/sparse_index.h"
#include "broker/log/txn_index.h"
#include "common/base/ids.h"
#include "common/base/status.h"
#include "common/io/file.h"

namespace ottla {

inline constexpr Offset kNoLimit{std::numeric_limits<std::int64_t>::max()};

// A segment as its files describe it.
struct SegmentImage {
  Offset base;
  std::uint64_t size = 0;      // bytes of whole batches in the .log file
  std::int64_t mtime_ms = 0;   // of the .log file
  bool indexes_known = false;  // the three below are filled in; else they wait until somebody needs them
  OffsetIndex offsets;
  TimeIndex times;
  bool has_txn_file = false;
  // Largest timestamp of the segment and the last offset of the first batch that has it; -1: unknown or none.
  bool timestamps_known = false;
  std::int64_t largest_timestamp = kNoTimestamp;
  Offset largest_timestamp_offset = kNoOffset;
  // Largest timestamp of the first batch, which the age of the segment counts from; -1: none or unknown.
  std::int64_t first_timestamp = kNoTimestamp;

  void NoteTimestamp(std::int64_t timestamp, Offset last_offset) {
    if (timestamp <= largest_timestamp) return;
    largest_timestamp = timestamp;
    largest_timestamp_offset = last_offset;
  }
};

struct SegmentRecovery {
  Offset next;  // after the last good batch; the base when there is none
  std::uint64_t bytes_cut = 0;
  std::string reason;         // why the rest was cut
  bool emptied = false;       // no bytes, though the time index has entries: they were there once
  bool valid_beyond = false;  // a whole batch with a good CRC is among what was cut: not just a torn tail
};

// Checks every batch of the segment (framing, CRC, offsets that grow within the segment's span and stay below `limit`,
// where the next segment begins), rebuilds its three indexes and writes them, feeds `producers` and `epochs` with every
// good batch, and cuts the file behind the last one. When bytes are cut that are more than a torn tail, the whole file
// is first copied aside (suffix .cut).
Result<SegmentRecovery> RecoverSegment(FileSystem& files, const std::string& dir, const LogConfig& config, Offset limit,
                                       SegmentImage& segment, ProducerState& producers, EpochRebuild& epochs);

// Counts the entries of both index files, cuts zero padding, distrusts what does not fit the segment (an entry beyond
// its size, or one that does not point at a batch): such an index becomes empty, and lookups scan.
Status LoadIndexes(FileSystem& files, const std::string& dir, SegmentImage& segment);

// LoadIndexes, then finds the batches after the last index entry. Returns the offset after the last batch, and sets the
// size to its end: a tail that is no whole batch is left out of the size. `each` is called for every batch scanned.
Result<Offset> LoadTail(FileSystem& files, const std::string& dir, SegmentImage& segment,
                        const std::function<void(const BatchHeader&)>& each);

// Epochs from the headers of all batches in these segments.
Result<LeaderEpochs> ScanEpochs(FileSystem& files, const std::string& dir, const std::vector<SegmentImage>& segments);

// One batch is in the log: what the producers and the txn index learn from it.
void ApplyToProducers(const BatchFrame& frame, ProducerState& producers, std::vector<AbortedTxn>* aborted);

}  // namespace ottla
