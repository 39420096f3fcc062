// Which leader epoch wrote which offsets of a log: (epoch, first offset), ascending in both. Pure; the log that holds
// it owns it. Rules: Apache Kafka's LeaderEpochFileCache (3.9).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/ids.h"
#include "common/base/status.h"
#include "common/record/record_batch.h"

namespace ottla {

struct EpochStart {
  LeaderEpoch epoch;
  Offset start;
  friend bool operator==(const EpochStart&, const EpochStart&) = default;
};

// Answer to "where did this epoch end here?": the largest epoch at or below the one asked for, and the first offset
// after its records. Both -1: not known.
struct EpochEnd {
  LeaderEpoch epoch = kNoLeaderEpoch;
  Offset end = kNoOffset;
  friend bool operator==(const EpochEnd&, const EpochEnd&) = default;
};

class LeaderEpochs {
 public:
  const std::vector<EpochStart>& entries() const { return entries_; }
  bool empty() const { return entries_.empty(); }
  std::optional<EpochStart> latest() const;
  std::optional<EpochStart> earliest() const;

  // From `start` on, records are of `epoch`. Later entries that contradict it go. Returns whether anything changed.
  // Both must not be negative (false, nothing changes).
  bool Assign(LeaderEpoch epoch, Offset start);
  // The log now ends at `end`: drops the entries that start at or after it. Returns whether anything changed.
  bool TruncateFromEnd(Offset end);
  // The log now starts at `start`: the epoch in force there is kept, with that start.
  bool TruncateFromStart(Offset start);
  bool Clear();

  EpochEnd EndOffsetFor(LeaderEpoch epoch, Offset log_end) const;
  // The epoch of the record at `offset`; nullopt when no entry covers it.
  std::optional<LeaderEpoch> EpochAt(Offset offset) const;

  // The file leader-epoch-checkpoint. Parse refuses what Kafka refuses, and entries that do not ascend.
  std::string ToText() const;
  static Result<LeaderEpochs> Parse(std::string_view text);

 private:
  std::vector<EpochStart> entries_;
};

// The epochs of a log whose batches are read again. The batches decide. What the file said stays where they do not
// contradict it: compaction may have removed the first batches of an epoch, or all of them.
class EpochRebuild {
 public:
  EpochRebuild() = default;
  // Below `from` the file is believed; the batches from there on follow.
  EpochRebuild(LeaderEpochs said, Offset from);

  void OnBatch(const BatchHeader& batch);
  const LeaderEpochs& epochs() const { return epochs_; }

 private:
  LeaderEpochs said_;
  LeaderEpochs epochs_;
  Offset next_{0};  // after the last batch
};

}  // namespace ottla
