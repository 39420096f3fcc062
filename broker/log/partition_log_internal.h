// Shared by the files that implement PartitionLog.
#pragma once

#include <utility>

#include "broker/log/log_dir.h"
#include "broker/log/log_loader.h"
#include "broker/log/partition_log.h"
#include "broker/log/segment.h"
#include "broker/log/segment_changes.h"
#include "broker/log/segment_files.h"

namespace ottla {

// An append on its way.
struct PartitionLog::AppendOp {
  AppendBytes bytes;
  AppendDone done;
  bool follower = false;
  bool crc_checked = true;

  std::vector<BatchFrame> batches;
  std::uint64_t size = 0;
  AppendOutcome outcome;
  std::int64_t max_timestamp = kNoTimestamp;
  Offset max_timestamp_offset = kNoOffset;  // last offset of the first batch that has it
  std::vector<iovec> parts;

  // Takes the next batch in, or refuses the whole append.
  bool Collect(const BatchFrame& frame);
  // Always false.
  bool Refuse(AppendError error, std::string message) {
    outcome.error = error;
    outcome.message = std::move(message);
    return false;
  }
};

// What makes everything below `target` durable, as steps of the disk thread.
struct PartitionLog::FlushJob {
  std::string path;
  Offset target;
  std::vector<IndexWrite> segments;  // from the recovery point to the target
  std::vector<Offset> snapshots;
  std::optional<std::string> epochs;
  std::uint64_t epochs_version = 0;
  bool metadata = false;
  bool directory = false;
  Offset newest_name;  // the active segment when the job was made
};

template <class Work, class Then>
void PartitionLog::OnDisk(Work work, Then then) {
  dir_->disk().Post(
      [work = std::move(work), then = std::move(then), owner = &owner_, self = weak_from_this()]() mutable {
        auto result = work();
        owner->Post([result = std::move(result), then = std::move(then), self = std::move(self)]() mutable {
          if (const auto log = self.lock()) then(*log, std::move(result));
        });
      });
}

}  // namespace ottla
