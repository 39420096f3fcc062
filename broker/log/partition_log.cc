#include "broker/log/partition_log.h"

#include <algorithm>
#include <utility>

#include "broker/log/failed_sync.h"
#include "broker/log/partition_log_internal.h"

namespace ottla {

PartitionLog::PartitionLog(TopicPartition tp, std::shared_ptr<LogDir> dir, Executor& owner,
                           std::shared_ptr<FileCache> cache, LogConfig config, LoadedLog loaded)
    : tp_(std::move(tp)), dir_(std::move(dir)), owner_(owner), cache_(std::move(cache)), config_(config) {
  topic_id_ = loaded.topic_id;
  recovery_point_ = loaded.recovery_point;
  high_watermark_ = loaded.high_watermark;
  epochs_ = std::move(loaded.epochs);
  if (loaded.epochs_changed) ++epochs_version_;
  unsynced_snapshots_ = std::move(loaded.unsynced_snapshots);
  dir_unsynced_ = !loaded.as_left;  // the directory may be new
  const Offset as_left_at = loaded.as_left ? loaded.log_end : kNoOffset;
  Adopt(std::move(loaded));
  as_left_at_ = as_left_at;
  NoteBounds();
}

PartitionLog::~PartitionLog() = default;

// Takes over segments, bounds and producers; the old segments' files are closed once their last range is sent.
void PartitionLog::Adopt(LoadedLog loaded) {
  as_left_at_ = kNoOffset;
  path_ = std::move(loaded.dir);
  segments_.clear();
  landmarks_.clear();
  read_marks_.clear();
  const std::int64_t now = dir_->clock().WallMillis();
  for (auto& image : loaded.segments) segments_.push_back(std::make_unique<Segment>(std::move(image), now, cache_));
  OTTLA_CHECK(!segments_.empty());
  active().aborted = std::move(loaded.active_aborted);
  active().aborted_written = active().aborted.size();
  active().aborted_known = true;
  log_start_ = loaded.log_start;
  log_end_ = loaded.log_end;
  producers_ = std::move(loaded.producers);
}

const TopicPartition& PartitionLog::tp() const { return tp_; }
const Uuid& PartitionLog::topic_id() const { return topic_id_; }
const LogDir& PartitionLog::dir() const { return *dir_; }
const LogConfig& PartitionLog::config() const { return config_; }
void PartitionLog::UpdateConfig(const LogConfig& config) { config_ = config; }
Offset PartitionLog::log_start() const { return log_start_; }
Offset PartitionLog::log_end() const { return log_end_; }
Offset PartitionLog::recovery_point() const { return recovery_point_; }
Offset PartitionLog::high_watermark() const { return high_watermark_; }
std::size_t PartitionLog::segment_count() const { return segments_.size(); }
Offset PartitionLog::active_base() const { return active().base(); }
bool PartitionLog::busy() const { return busy_; }
const LeaderEpochs& PartitionLog::epochs() const { return epochs_; }
const ProducerState& PartitionLog::producers() const { return producers_; }

void PartitionLog::AssignTopicId(const Uuid& id) {
  owner_.CheckOnLoop();
  if (!topic_id_.IsZero() || id.IsZero() || closed_) return;
  topic_id_ = id;
  metadata_unsynced_ = true;
  ++background_;
  OnDisk(
      [files = &dir_->files(), path = path_ + "/" + std::string(kPartitionMetadataFile), id] {
        const auto file = files->Open(path, OpenMode::kCreate);
        if (!file.ok()) return file.status();
        OTTLA_RETURN_IF_ERROR((*file)->Truncate(0));
        return (*file)->Write(PartitionMetadataText(id), 0);
      },
      [](PartitionLog& log, const Status& status) {
        if (!status.ok()) log.FailDir(status);
        log.BackgroundDone();
      });
}

Offset PartitionLog::last_stable_offset() const {
  const auto unstable = producers_.FirstUnstable();
  if (!unstable) return high_watermark_;
  return std::min(high_watermark_, std::max(*unstable, log_start_));
}

std::uint64_t PartitionLog::size_bytes() const {
  std::uint64_t total = 0;
  for (const auto& segment : segments_) total += segment->size();
  return total;
}

std::vector<std::pair<Offset, std::int64_t>> PartitionLog::SegmentTimes() const {
  std::vector<std::pair<Offset, std::int64_t>> times;
  times.reserve(segments_.size());
  for (const auto& segment : segments_) times.emplace_back(segment->base(), segment->image.mtime_ms);
  return times;
}

void PartitionLog::SetHighWatermark(Offset high_watermark) {
  owner_.CheckOnLoop();
  high_watermark_ = std::clamp(high_watermark, log_start_, log_end_);
  producers_.OnHighWatermark(high_watermark_);
}

void PartitionLog::WhenIdle(Task task) {
  owner_.CheckOnLoop();
  if (!busy_) return task();
  idle_waiters_.push_back(std::move(task));
}

void PartitionLog::BeginOperation() {
  owner_.CheckOnLoop();
  OTTLA_CHECK(!busy_) << tp_ << ": one operation at a time";
  busy_ = true;
}

void PartitionLog::RunIdleWaiters() {
  while (!busy_ && !idle_waiters_.empty()) {
    Task task = std::move(idle_waiters_.front());
    idle_waiters_.pop_front();
    task();
  }
}

void PartitionLog::WhenBackgroundIdle(Task task) {
  OTTLA_CHECK(busy_ && !exclusive_);
  exclusive_ = true;
  if (background_ == 0) return task();
  background_waiter_ = std::move(task);
}

void PartitionLog::BackgroundDone() {
  OTTLA_CHECK(background_ > 0);
  --background_;
  if (background_ > 0 || !background_waiter_) return;
  Task task = std::move(background_waiter_);
  background_waiter_ = nullptr;
  task();
}

void PartitionLog::FailDir(const Status& why) {
  if (closed_) return;  // its files may have been renamed or removed under a late task
  dir_->Fail(why.WithContext(tp_.ToString()));
}

PartitionLog::SegmentIterator PartitionLog::FloorSegment(Offset offset) const {
  const auto after =
      std::ranges::upper_bound(segments_, offset, {}, [](const auto& segment) { return segment->base(); });
  return after == segments_.begin() ? segments_.end() : std::prev(after);
}

Segment* PartitionLog::FindSegment(Offset base) {
  const auto it = FloorSegment(base);
  return it != segments_.end() && (*it)->base() == base ? it->get() : nullptr;
}

// --- Leader epochs.

void PartitionLog::AssignEpoch(LeaderEpoch epoch, Offset start) {
  owner_.CheckOnLoop();
  if (epochs_.Assign(epoch, start)) ++epochs_version_;
}

EpochEnd PartitionLog::EndOffsetFor(LeaderEpoch epoch) const { return epochs_.EndOffsetFor(epoch, log_end_); }

LeaderEpoch PartitionLog::latest_epoch() const {
  const auto latest = epochs_.latest();
  return latest ? latest->epoch : kNoLeaderEpoch;
}

// --- Truncation.

namespace {

// Cuts the segment that holds `end` at the first batch that reaches it, and its indexes with it. Synced: the next
// append may begin a new segment, after which nobody looks at this one's end again, and what was cut must not come
// back.
Status CutSegment(FileSystem& files, const std::string& dir, SegmentImage segment, Offset end) {
  const auto log = files.Open(SegmentPath(dir, segment.base, kLogSuffix), OpenMode::kWrite);
  if (!log.ok()) return log.status();
  OTTLA_RETURN_IF_ERROR(LoadIndexes(files, dir, segment));
  const std::int64_t relative = Distance(segment.base, end);
  const auto index = files.Open(SegmentPath(dir, segment.base, kOffsetIndexSuffix), OpenMode::kCreate);
  if (!index.ok()) return index.status();
  const auto read_index = [&](std::span<char> into, std::uint64_t at) { return (*index)->ReadAt(into, at); };
  const auto floor = segment.offsets.Floor(read_index, relative - 1);
  if (!floor.ok()) return floor.status();
  const std::uint64_t from = floor->has_value() ? (*floor)->position : 0;
  const auto batch = FindBatch(**log, from, segment.size, end, /*may_wait=*/true);
  if (!batch.ok()) return batch.status();
  if (batch->has_value()) OTTLA_RETURN_IF_ERROR((*log)->Truncate((*batch)->position));
  OTTLA_RETURN_IF_ERROR(SyncOrMark(files, dir, **log));

  const auto offsets = PartitionPoint<OffsetEntry>(read_index, segment.offsets.written,
                                                   [&](const OffsetEntry& entry) { return entry.relative < relative; });
  if (!offsets.ok()) return offsets.status();
  OTTLA_RETURN_IF_ERROR((*index)->Truncate(*offsets * OffsetEntry::kSize));
  OTTLA_RETURN_IF_ERROR(SyncOrMark(files, dir, **index));
  const auto times = files.Open(SegmentPath(dir, segment.base, kTimeIndexSuffix), OpenMode::kCreate);
  if (!times.ok()) return times.status();
  const auto read_times = [&](std::span<char> into, std::uint64_t at) { return (*times)->ReadAt(into, at); };
  const auto kept = PartitionPoint<TimeEntry>(read_times, segment.times.written,
                                              [&](const TimeEntry& entry) { return entry.relative < relative; });
  if (!kept.ok()) return kept.status();
  OTTLA_RETURN_IF_ERROR((*times)->Truncate(*kept * TimeEntry::kSize));
  OTTLA_RETURN_IF_ERROR(SyncOrMark(files, dir, **times));

  const std::string txn_path = SegmentPath(dir, segment.base, kTxnIndexSuffix);
  const auto bytes = files.ReadFile(txn_path);
  if (bytes.status().code() == StatusCode::kNotFound) return Status::Ok();
  if (!bytes.ok()) return bytes.status();
  auto rows = DecodeAbortedTxns(*bytes, segment.base);
  if (!rows.ok()) return rows.status();
  TruncateAborted(*rows, end);
  const auto txns = files.Open(txn_path, OpenMode::kWrite);
  if (!txns.ok()) return txns.status();
  OTTLA_RETURN_IF_ERROR((*txns)->Truncate(rows->size() * kAbortedTxnSize));
  return SyncOrMark(files, dir, **txns);
}

struct TruncateJob {
  std::shared_ptr<LogDir> dir;
  std::string path;
  std::vector<SegmentImage> segments;
  IndexWrite pending;
  Offset end;
  LoadOptions load;
  bool lower_recovery_point = false;
};

Result<LoadedLog> RunTruncate(const TruncateJob& job) {
  FileSystem& files = job.dir->files();
  // First what says how much of the log is surely good: after a crash, bytes above this point are scanned.
  if (job.lower_recovery_point) OTTLA_RETURN_IF_ERROR(job.dir->WriteRecoveryPoints());
  OTTLA_RETURN_IF_ERROR(WriteIndexTails(files, job.path, job.pending, /*sync=*/false));
  auto kept = job.segments;
  while (kept.size() > 1 && kept.back().base > job.end) {  // newest first: what is left is always a prefix
    OTTLA_RETURN_IF_ERROR(MarkDeleted(files, job.path, kept.back().base));
    kept.pop_back();
    // A hole that lost power leaves among them is seen by the scan, but for a compacted log, where holes are normal.
    if (job.load.config.cleanup_compact) OTTLA_RETURN_IF_ERROR(files.SyncDir(job.path));
  }
  OTTLA_RETURN_IF_ERROR(CutSegment(files, job.path, kept.back(), job.end));
  // Durable before anything is appended here: else lost power could bring the old batches back behind new ones, in a
  // log that scans as whole.
  if (kept.size() < job.segments.size()) OTTLA_RETURN_IF_ERROR(files.SyncDir(job.path));
  auto loaded = LoadLog(files, job.path, job.load);
  if (!loaded.ok()) return loaded.status();
  OTTLA_RETURN_IF_ERROR(files.SyncDir(job.path));
  loaded->log_end = job.end;  // a batch across the end went as a whole: a hole may remain
  loaded->producers.set_end(job.end);
  return loaded;
}

Result<LoadedLog> RunRestart(const std::shared_ptr<LogDir>& dir, const std::string& path,
                             const std::vector<Offset>& bases, const LogConfig& config, Offset start, bool lower) {
  FileSystem& files = dir->files();
  if (lower) OTTLA_RETURN_IF_ERROR(dir->WriteRecoveryPoints());
  for (auto base = bases.rbegin(); base != bases.rend(); ++base) {
    OTTLA_RETURN_IF_ERROR(MarkDeleted(files, path, *base));
  }
  const auto entries = files.List(path);
  if (!entries.ok()) return entries.status();
  for (const auto& entry : *entries) {
    if (entry.name.ends_with(kSnapshotSuffix)) OTTLA_RETURN_IF_ERROR(files.Remove(path + "/" + entry.name));
  }
  auto loaded = CreateLog(files, path, config, Uuid{}, start);
  if (!loaded.ok()) return loaded.status();
  OTTLA_RETURN_IF_ERROR(files.SyncDir(path));
  return loaded;
}

}  // namespace

void PartitionLog::TruncateTo(Offset end, UniqueFunction<void(Status)> done) {
  owner_.CheckOnLoop();
  if (closed_) return done({StatusCode::kClosed, "the log is closed"});
  if (dir_->offline()) return done({StatusCode::kIoError, "the log directory is offline"});
  if (end >= log_end_) {
    if (epochs_.TruncateFromEnd(log_end_)) ++epochs_version_;
    return done(Status::Ok());
  }
  if (segments_.front()->base() > end) return TruncateFullyAndStartAt(end, std::nullopt, std::move(done));
  BeginOperation();
  // Whoever holds a range of what goes must not send it any more.
  for (auto it = FloorSegment(end); it != segments_.end(); ++it) (*it)->generation->fetch_add(1);
  WhenBackgroundIdle([this, end, done = std::move(done)]() mutable {
    const bool lower = recovery_point_ > end;
    recovery_point_ = std::min(recovery_point_, end);
    high_watermark_ = std::min(high_watermark_, end);
    log_start_ = std::min(log_start_, end);
    NoteBounds();
    TruncateJob job{.dir = dir_,
                    .path = path_,
                    .segments = Images(),
                    .pending = PendingIndexWrite(active()),
                    .end = end,
                    .load = {.config = config_,
                             .clean = true,
                             .recovery_point = recovery_point_,
                             .log_start = log_start_,
                             .high_watermark = high_watermark_,
                             .now_ms = dir_->clock().WallMillis(),
                             .replay_producers = true},
                    .lower_recovery_point = lower};
    OnDisk([job = std::move(job)] { return RunTruncate(job); },
           [done = std::move(done)](PartitionLog& log, Result<LoadedLog> loaded) mutable {
             const Status status = loaded.status();
             if (status.ok()) {
               log.Adopt(std::move(loaded).value());
               if (log.epochs_.TruncateFromEnd(log.log_end_)) ++log.epochs_version_;
               std::erase_if(log.unsynced_snapshots_, [&](Offset at) { return at > log.log_end_; });
               log.NoteBounds();
             } else {
               log.FailDir(status);
             }
             log.EndOperation([&] { done(status); });
           });
  });
}

void PartitionLog::TruncateFullyAndStartAt(Offset start, std::optional<Offset> log_start,
                                           UniqueFunction<void(Status)> done) {
  owner_.CheckOnLoop();
  if (closed_) return done({StatusCode::kClosed, "the log is closed"});
  if (dir_->offline()) return done({StatusCode::kIoError, "the log directory is offline"});
  BeginOperation();
  std::vector<Offset> bases;
  for (const auto& segment : segments_) {
    segment->generation->fetch_add(1);
    bases.push_back(segment->base());
  }
  WhenBackgroundIdle([this, start, log_start, bases = std::move(bases), done = std::move(done)]() mutable {
    // Lost power may leave any of the old segments: a scan from the first one on sees what is missing between them.
    const Offset scan_from = std::min(start, segments_.front()->base());
    const bool lower = recovery_point_ > scan_from;
    recovery_point_ = std::min(recovery_point_, scan_from);
    dir_->SetRecoveryPoint(tp_, recovery_point_);
    OnDisk([dir = dir_, path = path_, bases, config = config_, start,
            lower] { return RunRestart(dir, path, bases, config, start, lower); },
           [start, log_start, bases, done = std::move(done)](PartitionLog& log, Result<LoadedLog> loaded) mutable {
             const Status status = loaded.status();
             if (status.ok()) {
               log.Adopt(std::move(loaded).value());
               log.high_watermark_ = start;
               log.log_start_ = std::min(log_start.value_or(start), start);
               if (log.epochs_.Clear()) ++log.epochs_version_;
               log.unsynced_snapshots_.clear();
               log.RemoveFilesLater(std::move(bases));
               log.NoteBounds();
             } else {
               log.FailDir(status);
             }
             log.EndOperation([&] { done(status); });
           });
  });
}

}  // namespace ottla
