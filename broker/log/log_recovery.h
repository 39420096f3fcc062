// The scan after an unclean stop: every segment from the recovery point on, in order. The first that had to be cut, or
// that ends before the next one begins, ends the log; what lies behind is kept aside. Everything here blocks.
#pragma once

#include "broker/log/failed_sync.h"
#include "broker/log/log_loader.h"
#include "broker/log/producer_replay.h"

namespace ottla {

class LogRecovery {
 public:
  // `log` has its segments and what the epoch file says; its producers and epochs are settled here.
  LogRecovery(FileSystem& files, const LoadOptions& options, LoadedLog& log)
      : files_(files), options_(options), log_(log), failed_sync_(HasFailedSync(files, log.dir)) {}

  // The base of the first segment that was scanned; kNoLimit: there is no segment.
  Result<Offset> Run();

  // Scans segment `i` alone, to write its indexes anew, durably.
  Status RebuildIndexes(std::size_t i);

 private:
  std::size_t FirstToScan() const;
  Status Begin(std::size_t first);
  Status WriteAgainFrom(std::size_t first);
  Offset NextBase(std::size_t i) const;
  bool LeavesHole(std::size_t i, Offset next) const;
  void NoteCut(const SegmentImage& segment, const SegmentRecovery& recovered, bool emptied);
  Status CutAfter(std::size_t last);
  Status WriteSnapshot(Offset at);
  Status SyncIndexes(Offset base);

  FileSystem& files_;
  const LoadOptions& options_;
  LoadedLog& log_;
  const bool failed_sync_;
};

}  // namespace ottla
