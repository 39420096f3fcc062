// Producer state at an offset: from the newest snapshot, and what the batches after it say. Everything here blocks.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "broker/log/producer_state.h"
#include "broker/log/segment_recovery.h"
#include "common/base/ids.h"
#include "common/base/status.h"
#include "common/io/file.h"

namespace ottla {

struct ProducerReplay {
  Offset log_start;
  Offset end;
  std::int64_t now_ms = 0;
  std::int64_t expiration_ms = 0;
  bool keep_later = false;  // snapshots beyond `end` stay: this is a look into the past
};

// State of the producers at `replay.end`: the newest usable snapshot at or below it, and what the segments say after
// it. Snapshots beyond it, and those nobody can use, are removed.
Result<ProducerState> RebuildProducers(FileSystem& files, const std::string& dir,
                                       const std::vector<SegmentImage>& segments, const ProducerReplay& replay,
                                       std::vector<std::string>& notes);

}  // namespace ottla
