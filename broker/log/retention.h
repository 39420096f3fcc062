// Which segments of a log may go. Pure. Rules: Apache Kafka's UnifiedLog.deleteOldSegments (3.9).
#pragma once

#include <cstdint>
#include <vector>

#include "broker/log/log_config.h"
#include "common/base/ids.h"

namespace ottla {

struct SegmentSummary {
  Offset base;
  std::uint64_t size = 0;          // bytes
  std::int64_t timestamp_ms = -1;  // largest of its records, or the file's time
};

struct RetentionView {
  std::vector<SegmentSummary> segments;  // oldest first; the last is the active one
  Offset log_start;
  Offset log_end;
  Offset high_watermark;
};

// How many of the oldest segments may be removed now. All of them: roll an empty one first. Never beyond the high
// watermark; an empty active segment stays.
std::size_t SegmentsToRemove(const RetentionView& log, const LogConfig& config, std::int64_t now_ms);

}  // namespace ottla
