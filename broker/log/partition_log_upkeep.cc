// What happens beside appends and reads: making bytes durable, removing old segments.
#include <algorithm>
#include <utility>

#include "broker/log/failed_sync.h"
#include "broker/log/partition_log_internal.h"
#include "broker/log/retention.h"

namespace ottla {
namespace {

constexpr std::size_t kTimestampsPerStep = 16;  // segments whose indexes one retention step opens

Status SyncFile(FileSystem& files, const std::string& path) {
  const auto file = files.Open(path, OpenMode::kWrite);
  return file.ok() ? (*file)->Sync() : file.status();
}

}  // namespace

// Tells the directory's checkpoints what changed.
void PartitionLog::NoteBounds() {
  if (closed_) return;
  dir_->SetRecoveryPoint(tp_, recovery_point_);
  const bool inside = log_start_ > segments_.front()->base();
  dir_->SetLogStart(tp_, inside ? std::optional(log_start_) : std::nullopt);
}

// The tails of the active segment's indexes are long enough to be worth a write.
void PartitionLog::WriteIndexBlocks() {
  if (index_write_pending_) return;
  index_write_pending_ = true;
  ++background_;
  IndexWrite write = PendingIndexWrite(active());
  OnDisk(
      [files = &dir_->files(), path = path_, write = std::move(write)]() mutable {
        Status status = WriteIndexTails(*files, path, write, /*sync=*/false);
        return std::make_pair(std::move(status), std::move(write));
      },
      [](PartitionLog& log, const std::pair<Status, IndexWrite>& result) {
        log.index_write_pending_ = false;
        if (!result.first.ok()) {
          log.FailDir(result.first);
        } else if (Segment* segment = log.FindSegment(result.second.base)) {
          OnIndexWritten(*segment, result.second);
        }
        log.BackgroundDone();
      });
}

// --- Flushing.

void PartitionLog::Flush(UniqueFunction<void(Status)> done) {
  owner_.CheckOnLoop();
  if (closed_) return done({StatusCode::kClosed, "the log is closed"});
  flush_waiters_.push_back({.target = log_end_, .done = std::move(done)});
  StartFlush();
}

void PartitionLog::FlushIfDue(std::int64_t now_ms) {
  owner_.CheckOnLoop();
  if (oldest_unflushed_ms_ < 0 || now_ms - oldest_unflushed_ms_ < config_.flush_ms) return;
  Flush([](const Status& status) {
    if (!status.ok()) LOG(WARNING) << "flush.ms: " << status;
  });
}

void PartitionLog::StartFlush() {
  if (flushing_ || exclusive_ || flush_waiters_.empty()) return;  // whoever stops this calls it when it ends
  if (closed_ || dir_->offline()) {
    const Status status(StatusCode::kIoError, closed_ ? "the log is closed" : "the log directory is offline");
    auto waiters = std::exchange(flush_waiters_, {});
    for (auto& waiter : waiters) waiter.done(status);
    return;
  }
  flushing_ = true;
  ++background_;
  Offset target(0);
  for (const auto& waiter : flush_waiters_) target = std::max(target, waiter.target);
  FlushFrom(std::make_shared<FlushJob>(MakeFlushJob(std::min(target, log_end_))), 0);
}

// One step at a time: the opens and large appends of other logs that wait for the disk thread come in between.
void PartitionLog::FlushFrom(const std::shared_ptr<FlushJob>& job, std::size_t step) {
  OnDisk([files = &dir_->files(), job, step] { return RunFlushStep(*files, *job, step); },
         [job, step](PartitionLog& log, const Status& status) {
           if (status.ok() && step < job->segments.size()) return log.FlushFrom(job, step + 1);
           log.FinishFlush(*job, status);
         });
}

PartitionLog::FlushJob PartitionLog::MakeFlushJob(Offset target) {
  FlushJob job{.path = path_, .target = target};
  auto from = FloorSegment(recovery_point_);
  if (from == segments_.end()) from = segments_.begin();
  for (auto it = from; it != segments_.end() && ((*it)->base() < target || it == from); ++it) {
    job.segments.push_back(PendingIndexWrite(**it));
  }
  for (const Offset at : unsynced_snapshots_) {
    if (at <= target) job.snapshots.push_back(at);
  }
  if (epochs_version_ != epochs_written_) job.epochs = epochs_.ToText();
  job.epochs_version = epochs_version_;
  job.metadata = metadata_unsynced_;
  job.directory = dir_unsynced_;
  job.newest_name = active().base();
  return job;
}

// Everything that must be on disk before the recovery point may pass the target: its segments, a step each, then the
// rest.
Status PartitionLog::RunFlushStep(FileSystem& files, const FlushJob& job, std::size_t step) {
  if (step < job.segments.size()) {
    const IndexWrite& segment = job.segments[step];
    const auto log = files.Open(SegmentPath(job.path, segment.base, kLogSuffix), OpenMode::kWrite);
    const Status synced = log.ok() ? SyncOrMark(files, job.path, **log) : log.status();
    if (synced.code() == StatusCode::kNotFound) return Status::Ok();  // removed by retention meanwhile
    OTTLA_RETURN_IF_ERROR(synced);
    return WriteIndexTails(files, job.path, segment, /*sync=*/true);
  }
  for (const Offset at : job.snapshots) {
    Status synced = SyncFile(files, SegmentPath(job.path, at, kSnapshotSuffix));
    if (!synced.ok() && synced.code() != StatusCode::kNotFound) return synced;
  }
  if (job.metadata) OTTLA_RETURN_IF_ERROR(SyncFile(files, job.path + "/" + std::string(kPartitionMetadataFile)));
  if (job.epochs) OTTLA_RETURN_IF_ERROR(files.ReplaceFile(job.path + "/" + std::string(kLeaderEpochFile), *job.epochs));
  OTTLA_RETURN_IF_ERROR(files.SyncDir(job.path));  // segments, txn indexes and snapshots may be new
  return job.directory ? files.SyncDir(ParentOf(job.path)) : Status::Ok();
}

void PartitionLog::FinishFlush(const FlushJob& job, const Status& status) {
  flushing_ = false;
  if (status.ok()) {
    for (const auto& write : job.segments) {
      if (Segment* segment = FindSegment(write.base)) OnIndexWritten(*segment, write);
    }
    std::erase_if(unsynced_snapshots_,
                  [&](Offset at) { return std::ranges::find(job.snapshots, at) != job.snapshots.end(); });
    epochs_written_ = job.epochs_version;
    if (job.metadata) metadata_unsynced_ = false;
    if (job.directory) dir_unsynced_ = false;
    if (job.newest_name == active().base()) names_unsynced_ = false;
    recovery_point_ = std::max(recovery_point_, job.target);
    oldest_unflushed_ms_ = recovery_point_ >= log_end_ ? -1 : dir_->clock().WallMillis();
    NoteBounds();
  } else {
    FailDir(status);
  }
  std::vector<FlushWaiter> ready;
  std::vector<FlushWaiter> later;
  for (auto& waiter : flush_waiters_)
    (!status.ok() || recovery_point_ >= std::min(waiter.target, log_end_) ? ready : later).push_back(std::move(waiter));
  flush_waiters_ = std::move(later);
  for (auto& waiter : ready) waiter.done(status);
  StartFlush();
  BackgroundDone();
}

// --- Removing old data.

Status PartitionLog::AdvanceLogStart(Offset offset) {
  owner_.CheckOnLoop();
  if (closed_ || dir_->offline()) return {StatusCode::kIoError, "the log directory is offline"};
  if (offset > high_watermark_) {
    return {StatusCode::kOutOfRange, "log start " + std::to_string(offset.value) + " is beyond the high watermark " +
                                         std::to_string(high_watermark_.value)};
  }
  if (offset <= log_start_) return Status::Ok();
  log_start_ = offset;
  if (epochs_.TruncateFromStart(offset)) ++epochs_version_;
  producers_.OnLogStart(offset);
  NoteBounds();
  return Status::Ok();
}

void PartitionLog::ApplyRetention(std::int64_t now_ms, UniqueFunction<void(std::size_t)> done) {
  owner_.CheckOnLoop();
  if (busy_) {
    return WhenIdle([this, now_ms, done = std::move(done)]() mutable { ApplyRetention(now_ms, std::move(done)); });
  }
  if (closed_ || dir_->offline()) return done(0);
  RetentionView view{.segments = {}, .log_start = log_start_, .log_end = log_end_, .high_watermark = high_watermark_};
  std::size_t unknown = segments_.size();
  for (std::size_t i = 0; i < segments_.size(); ++i) {
    const Segment& segment = *segments_[i];
    if (!segment.image.timestamps_known) unknown = std::min(unknown, i);
    view.segments.push_back({.base = segment.base(), .size = segment.size(), .timestamp_ms = segment.age_timestamp()});
  }
  const std::size_t count = SegmentsToRemove(view, config_, now_ms);
  // A time of a file that was touched lately says nothing about the records in it: look before deciding by it.
  if (config_.cleanup_delete && config_.retention_ms >= 0 && unknown < segments_.size() && count >= unknown) {
    return LoadTimestampsThenRetain(now_ms, std::move(done));
  }
  if (count < segments_.size()) {
    RemoveSegments(count);
    return done(count);
  }
  BeginOperation();
  Roll(log_end_, [this, count, done = std::move(done)](const Status& status) mutable {
    if (status.ok()) RemoveSegments(count);
    EndOperation([&] { done(status.ok() ? count : 0); });
  });
}

void PartitionLog::LoadTimestampsThenRetain(std::int64_t now_ms, UniqueFunction<void(std::size_t)> done) {
  std::vector<SegmentImage> images;
  for (const auto& segment : segments_) {
    if (!segment->image.timestamps_known && images.size() < kTimestampsPerStep) images.push_back(segment->image);
  }
  struct Loaded {
    Status status;
    std::vector<SegmentImage> images;
  };
  OnDisk(
      [files = &dir_->files(), path = path_, images = std::move(images)]() mutable {
        Loaded loaded;
        for (auto& image : images) {
          loaded.status = LoadIndexes(*files, path, image);
          if (!loaded.status.ok()) break;
          loaded.images.push_back(std::move(image));
        }
        return loaded;
      },
      [now_ms, done = std::move(done)](PartitionLog& log, const Loaded& loaded) mutable {
        if (!loaded.status.ok()) {
          // A segment that was removed or cut meanwhile is no fault of the directory.
          if (loaded.status.code() != StatusCode::kNotFound) log.FailDir(loaded.status);
          return done(0);
        }
        log.Learn(loaded.images);
        log.ApplyRetention(now_ms, std::move(done));
      });
}

// The oldest `count` segments go; the log start moves first.
void PartitionLog::RemoveSegments(std::size_t count) {
  if (count == 0) return;
  OTTLA_CHECK(count < segments_.size());
  std::vector<Offset> bases;
  for (std::size_t i = 0; i < count; ++i) bases.push_back(segments_[i]->base());
  const Offset start = segments_[count]->base();
  LOG(INFO) << tp_ << ": removing " << count << " segments below offset " << start << " by retention";
  segments_.erase(segments_.begin(), segments_.begin() + static_cast<std::ptrdiff_t>(count));
  if (start > log_start_) {
    log_start_ = start;
    if (epochs_.TruncateFromStart(start)) ++epochs_version_;
    producers_.OnLogStart(start);
  }
  NoteBounds();
  ++background_;
  OnDisk(
      [files = &dir_->files(), path = path_, bases] {
        for (const Offset base : bases) {
          // Before each: what stays has a durable name, and what was removed earlier is durably gone. Else lost power
          // could leave a hole, or nothing, so that offsets begin at 0 again.
          OTTLA_RETURN_IF_ERROR(files->SyncDir(path));
          OTTLA_RETURN_IF_ERROR(MarkDeleted(*files, path, base));
        }
        return Status::Ok();
      },
      [bases](PartitionLog& log, const Status& status) {
        if (status.ok()) {
          log.RemoveFilesLater(bases);
        } else {
          log.FailDir(status);
        }
        log.BackgroundDone();
      });
}

// Readers may still be sending from the files, and Kafka's tools expect them to stay for a while.
void PartitionLog::RemoveFilesLater(std::vector<Offset> bases) {
  if (bases.empty()) return;
  owner_.RunAfter(Millis(config_.file_delete_delay_ms), [self = weak_from_this(), bases = std::move(bases)] {
    const auto log = self.lock();
    if (log == nullptr || log->closed_ || log->dir_->offline()) return;
    log->OnDisk(
        [files = &log->dir_->files(), path = log->path_, bases] {
          for (const Offset base : bases) OTTLA_RETURN_IF_ERROR(UnlinkDeleted(*files, path, base));
          return Status::Ok();
        },
        [](PartitionLog& owner, const Status& status) {
          if (!status.ok()) owner.FailDir(status);
        });
  });
}

void PartitionLog::ExpireProducers(std::int64_t now_ms) {
  owner_.CheckOnLoop();
  producers_.Expire(now_ms, config_.producer_expiration_ms);
}

}  // namespace ottla
