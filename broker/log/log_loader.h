// Opening the directory of one partition, on a disk thread. Everything here blocks.
//
// After a clean stop only names, sizes and the tail of the last segment are read. After an unclean one every segment
// from the recovery point on is scanned. Damage is repaired where the bytes allow it and told in `notes`; bytes that
// are more than a torn tail stay in files that end in .cut or .bad. Order and rules: Apache Kafka's LogLoader (3.9),
// without the accidents by which it refuses to start.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "broker/log/leader_epochs.h"
#include "broker/log/log_config.h"
#include "broker/log/producer_replay.h"
#include "broker/log/producer_state.h"
#include "broker/log/segment_recovery.h"
#include "common/base/ids.h"
#include "common/base/status.h"
#include "common/io/file.h"

namespace ottla {

struct LoadOptions {
  LogConfig config;
  bool clean = false;  // the directory has its clean mark
  Offset recovery_point{0};
  Offset log_start{0};       // from log-start-offset-checkpoint
  Offset high_watermark{0};  // from replication-offset-checkpoint
  Offset compacted_to{0};    // from cleaner-offset-checkpoint
  std::int64_t now_ms = 0;
  bool replay_producers = false;  // even where a clean stop left no snapshot

  ProducerReplay Replay(Offset from, Offset end) const {
    return {.log_start = from, .end = end, .now_ms = now_ms, .expiration_ms = config.producer_expiration_ms};
  }
};

struct LoadedLog {
  std::string dir;
  std::vector<SegmentImage> segments;      // at least one; the last is the active one, its indexes are known
  std::vector<AbortedTxn> active_aborted;  // rows of the active segment's txn index
  Offset log_start{0};
  Offset log_end{0};
  Offset recovery_point{0};
  Offset high_watermark{0};
  LeaderEpochs epochs;
  bool epochs_changed = false;  // the file says something else
  ProducerState producers;
  std::vector<Offset> unsynced_snapshots;
  bool as_left = false;            // a clean stop left everything durable, down to the snapshot of the log end
  Uuid topic_id;                   // zero: none
  std::vector<std::string> notes;  // what was found wrong, and what was done about it
};

Result<LoadedLog> LoadLog(FileSystem& files, const std::string& dir, const LoadOptions& options);

// A new, empty log that begins at `start`. Nothing is synced.
Result<LoadedLog> CreateLog(FileSystem& files, const std::string& dir, const LogConfig& config, const Uuid& topic_id,
                            Offset start);

}  // namespace ottla
