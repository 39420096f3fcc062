// Finding records by time in segment files. Blocks: for disk threads. Works on copies of what the log knows of its
// segments, and fills in what it has to find out. Rules: Apache Kafka's fetchOffsetByTimestamp (3.9).
#pragma once

#include <string>
#include <vector>

#include "broker/log/partition_log.h"
#include "broker/log/segment_recovery.h"

namespace ottla {

struct TimeLookup {
  FileSystem* files;
  std::string dir;
  std::vector<SegmentImage> segments;
  Offset log_start;
};

Result<TimestampedOffset> FirstAtOrAfter(TimeLookup& lookup, std::int64_t timestamp);
Result<TimestampedOffset> FirstOfLargest(TimeLookup& lookup);

}  // namespace ottla
