// The end of a log: what a clean shutdown writes, and a log given up.
#include <utility>

#include "broker/log/partition_log_internal.h"
#include "broker/log/unsynced_files.h"

namespace ottla {

bool PartitionLog::Untouched() const {
  return as_left_at_ == log_end_ && recovery_point_ == log_end_ && epochs_written_ == epochs_version_ &&
         !metadata_unsynced_ && !dir_unsynced_ && background_ == 0;
}

// What the disk thread does for a log that closes. Nothing is appended any more.
struct PartitionLog::CloseJob {
  CloseSync sync;
  std::string path;
  Offset base;  // of the active segment
  std::uint64_t size;
  bool trim;  // preallocated room behind `size`
  Offset end;
  std::string snapshot;
  FlushJob flush;

  Status Run(FileSystem& disk) {
    UnsyncedFiles unsynced(disk);
    FileSystem& files = sync == CloseSync::kCaller ? unsynced : disk;
    if (trim) OTTLA_RETURN_IF_ERROR(Trim(files));
    OTTLA_RETURN_IF_ERROR(WriteSnapshot(files));
    for (std::size_t step = 0; step <= flush.segments.size(); ++step) {
      OTTLA_RETURN_IF_ERROR(RunFlushStep(files, flush, step));
    }
    return Status::Ok();
  }

  Status Trim(FileSystem& files) const {
    const auto log = files.Open(SegmentPath(path, base, kLogSuffix), OpenMode::kWrite);
    return log.ok() ? (*log)->Truncate(size) : log.status();
  }

  Status WriteSnapshot(FileSystem& files) const {
    const auto file = files.Open(SegmentPath(path, end, kSnapshotSuffix), OpenMode::kCreate);
    if (!file.ok()) return file.status();
    OTTLA_RETURN_IF_ERROR((*file)->Truncate(0));
    return (*file)->Write(snapshot, 0);
  }
};

void PartitionLog::Close(CloseSync sync, UniqueFunction<void(Status)> done) {
  owner_.CheckOnLoop();
  if (busy_) return WhenIdle([this, sync, done = std::move(done)]() mutable { Close(sync, std::move(done)); });
  if (closed_) return done({StatusCode::kClosed, "the log is closed"});
  if (dir_->offline()) {
    closed_ = true;
    return done({StatusCode::kIoError, "the log directory is offline"});
  }
  if (Untouched()) {
    closed_ = true;
    return done(Status::Ok());
  }
  BeginOperation();
  WhenBackgroundIdle([this, sync, done = std::move(done)]() mutable {
    OnDisk(
        [dir = dir_, job = MakeCloseJob(sync)]() mutable {
          Status status = job.Run(dir->files());
          return std::make_pair(std::move(status), std::move(job));
        },
        [done = std::move(done)](PartitionLog& log, const std::pair<Status, CloseJob>& result) mutable {
          log.OnClosed(result.second, result.first);
          log.EndOperation([&] { done(result.first); });
        });
  });
}

PartitionLog::CloseJob PartitionLog::MakeCloseJob(CloseSync sync) {
  active().AddTimeEntry();
  FlushJob flush = MakeFlushJob(log_end_);
  flush.snapshots.push_back(log_end_);
  return {.sync = sync,
          .path = path_,
          .base = active().base(),
          .size = active().size(),
          .trim = config_.preallocate,
          .end = log_end_,
          .snapshot = producers_.Snapshot(),
          .flush = std::move(flush)};
}

void PartitionLog::OnClosed(const CloseJob& job, const Status& status) {
  if (status.ok()) {
    for (const auto& write : job.flush.segments) {
      if (Segment* segment = FindSegment(write.base)) OnIndexWritten(*segment, write);
    }
  } else {
    FailDir(status);
  }
  if (status.ok() && job.sync == CloseSync::kEach) {
    recovery_point_ = log_end_;
    NoteBounds();
  }
  closed_ = true;  // last: a closed log reports no failed directory any more
}

void PartitionLog::Abandon() {
  owner_.CheckOnLoop();
  closed_ = true;
  landmarks_.clear();
  read_marks_.clear();
  StartFlush();  // answers who waits for one
}

}  // namespace ottla
