// Appends: analyse, roll if needed, write, and only then move the state.
#include <algorithm>
#include <utility>

#include "broker/log/partition_log_internal.h"
#include "broker/log/sparse_index.h"
#include "common/base/random.h"

namespace ottla {
namespace {

constexpr std::uint64_t kInlineWrite = 256 << 10;
constexpr Micros kWorthAsking{1000};  // whether a write waited; shorter ones matter to nobody
constexpr std::size_t kLandmarks = 16;
constexpr std::size_t kIndexBlock = 512;  // entries of a tail before it is written

// `waited`: how long the write took, or nothing when it never waited and only its thread was kept from running.
Status TimedWrite(File& file, std::span<const iovec> parts, std::uint64_t offset, const Clock& clock, Micros* waited) {
  const MonoTime begin = clock.Now();
  Status status = file.WriteAt(parts, offset);
  const Micros took = clock.Now() - begin;
  *waited = took >= kWorthAsking && !file.WaitedInWrite() ? Micros(0) : took;
  return status;
}

}  // namespace

void PartitionLog::AppendAsLeader(AppendBytes bytes, AppendDone done) {
  auto op = std::make_unique<AppendOp>();
  op->bytes = std::move(bytes);
  op->done = std::move(done);
  StartAppend(std::move(op));
}

void PartitionLog::AppendAsFollower(AppendBytes bytes, bool crc_checked, AppendDone done) {
  auto op = std::make_unique<AppendOp>();
  op->bytes = std::move(bytes);
  op->done = std::move(done);
  op->follower = true;
  op->crc_checked = crc_checked;
  StartAppend(std::move(op));
}

void PartitionLog::StartAppend(std::unique_ptr<AppendOp> op) {
  BeginOperation();
  if (closed_) return FinishAppend(std::move(op), AppendError::kClosed, "the log is closed");
  if (dir_->offline()) return FinishAppend(std::move(op), AppendError::kStorage, "the log directory is offline");
  if (!Analyze(*op)) return Refused(std::move(op));
  if (op->size == 0) return FinishAppend(std::move(op), AppendError::kNone, "");

  const BatchHeader& first = op->batches.front().header;
  const bool straddles =
      op->follower && log_end_ == log_start_ && first.base_offset < log_end_ && op->outcome.last_offset >= log_end_;
  if (straddles) {
    // The leader's log start lies inside this batch: begin where the batch begins.
    busy_ = false;
    return TruncateFullyAndStartAt(first.base_offset, std::nullopt,
                                   [this, op = std::move(op)](const Status& status) mutable {
                                     if (!status.ok())
                                       return Answer(std::move(op), AppendError::kStorage, status.message());
                                     BeginOperation();
                                     AppendAfterRoll(std::move(op));
                                   });
  }
  if (op->follower && !CheckFollower(*op)) {
    return Refused(std::move(op));
  }
  const Segment& segment = active();
  if (!segment.MustRoll(op->size, op->outcome.last_offset, op->max_timestamp, config_, JitterMs(),
                        dir_->clock().WallMillis())) {
    return AppendAfterRoll(std::move(op));
  }
  const std::int64_t lowest = first.magic == 2 ? first.base_offset.value : first.last_offset.value - kMaxSegmentSpan;
  const Offset new_base(std::max(lowest, log_end_.value));
  Roll(new_base, [this, op = std::move(op)](const Status& status) mutable {
    if (!status.ok()) return FinishAppend(std::move(op), AppendError::kStorage, status.message());
    AppendAfterRoll(std::move(op));
  });
}

// One batch of an append, after those before it.
bool PartitionLog::AppendOp::Collect(const BatchFrame& frame) {
  const BatchHeader& header = frame.header;
  if (!crc_checked && !CrcMatches(frame)) {
    return Refuse(AppendError::kCorrupt, "checksum of the batch at offset " + std::to_string(header.base_offset.value));
  }
  const Offset last = batches.empty() ? kNoOffset : batches.back().header.last_offset;
  if (header.last_offset <= last || header.last_offset < header.base_offset) {
    return Refuse(AppendError::kOutOfOrder,
                  "offset " + std::to_string(header.last_offset.value) + " after " + std::to_string(last.value));
  }
  if (header.max_timestamp > max_timestamp) {
    max_timestamp = header.max_timestamp;
    max_timestamp_offset = header.last_offset;
  }
  if (header.magic == 2) outcome.last_epoch = header.leader_epoch;
  batches.push_back(frame);
  return true;
}

// Frames the bytes and collects what indexes and checks need. False: outcome says why not.
bool PartitionLog::Analyze(AppendOp& op) {
  for (const std::string_view part : op.bytes.parts) {
    BatchScanner scanner(part);
    BatchFrame frame;
    BatchScanner::Step step{};
    while ((step = scanner.Next(frame)) == BatchScanner::Step::kBatch) {
      if (!op.Collect(frame)) return false;
    }
    const bool partial = step == BatchScanner::Step::kEnd && scanner.consumed() < part.size();
    if (step == BatchScanner::Step::kCorrupt || (partial && !op.follower)) {
      return op.Refuse(AppendError::kCorrupt, "no whole batch at byte " + std::to_string(scanner.consumed()));
    }
    op.size += scanner.consumed();
    op.parts.push_back({const_cast<char*>(part.data()), scanner.consumed()});
    if (partial) break;  // a follower's last batch may be cut; nothing can follow it
  }
  if (op.batches.empty()) return true;
  if (op.max_timestamp_offset == kNoOffset) op.max_timestamp_offset = op.batches.front().header.last_offset;
  op.outcome.first_offset = op.batches.front().header.base_offset;
  op.outcome.last_offset = op.batches.back().header.last_offset;
  if (static_cast<std::int64_t>(op.size) > config_.segment_bytes) {
    return op.Refuse(AppendError::kTooLarge, std::to_string(op.size) + " bytes in one append, segment.bytes is " +
                                                 std::to_string(config_.segment_bytes));
  }
  OTTLA_CHECK(op.follower || op.outcome.first_offset >= log_end_)
      << tp_ << ": offsets were assigned for another log end";
  return true;
}

bool PartitionLog::CheckFollower(AppendOp& op) {
  const BatchHeader& first = op.batches.front().header;
  const Offset start = first.magic == 2 ? first.base_offset : first.last_offset;
  if (start < log_end_) {
    return op.Refuse(AppendError::kUnexpectedOffset,
                     "offset " + std::to_string(start.value) + ", the log ends at " + std::to_string(log_end_.value));
  }
  ProducerStaging staging(producers_);
  for (const auto& frame : op.batches) {
    if (!frame.header.has_producer_id()) continue;
    ProducerVerdict verdict;
    if (!frame.header.is_control) {
      verdict = staging.Check(frame.header, AppendOrigin::kReplication, /*verified=*/true);
    } else if (const auto marker = ParseTxnMarker(frame)) {
      verdict = staging.CheckMarker(frame.header, *marker, AppendOrigin::kReplication);
    }
    if (verdict.check == ProducerCheck::kOk) continue;
    return op.Refuse(AppendError::kInvalidTxnState, verdict.message);
  }
  return true;
}

// Random in [0, jitter), fixed for a segment.
std::int64_t PartitionLog::JitterMs() const {
  const std::int64_t bound = std::min(config_.segment_jitter_ms, config_.segment_ms);
  if (bound <= 0) return 0;
  Random random(std::hash<TopicPartition>{}(tp_) ^ static_cast<std::uint64_t>(active().base().value));
  return static_cast<std::int64_t>(random.Below(static_cast<std::uint64_t>(bound)));
}

namespace {

struct RollJob {
  std::shared_ptr<LogDir> dir;
  std::string path;
  IndexWrite old;
  std::uint64_t old_size = 0;
  bool trim_old = false;
  bool sync_old = false;
  bool sync_names = false;
  Offset new_base;
  std::string snapshot;
  LogConfig config;
};

Result<std::shared_ptr<File>> RunRoll(const RollJob& job) {
  FileSystem& files = job.dir->files();
  OTTLA_RETURN_IF_ERROR(WriteIndexTails(files, job.path, job.old, job.sync_old));
  if (job.trim_old) {
    const auto log = files.Open(SegmentPath(job.path, job.old.base, kLogSuffix), OpenMode::kWrite);
    if (!log.ok()) return log.status();
    OTTLA_RETURN_IF_ERROR((*log)->Truncate(job.old_size));
  }
  if (job.sync_names) OTTLA_RETURN_IF_ERROR(files.SyncDir(job.path));
  const auto snapshot = files.Open(SegmentPath(job.path, job.new_base, kSnapshotSuffix), OpenMode::kCreate);
  if (!snapshot.ok()) return snapshot.status();
  OTTLA_RETURN_IF_ERROR((*snapshot)->Truncate(0));
  OTTLA_RETURN_IF_ERROR((*snapshot)->Write(job.snapshot, 0));
  OTTLA_RETURN_IF_ERROR(CreateSegment(files, job.path, job.config, job.new_base));
  return files.Open(SegmentPath(job.path, job.new_base, kLogSuffix), OpenMode::kWrite);
}

}  // namespace

// Ends the active segment and begins one at `new_base`; the old one is made durable in the background.
void PartitionLog::Roll(Offset new_base, UniqueFunction<void(Status)> then) {
  Segment& old = active();
  if (old.base() == new_base && old.size() == 0) return then(Status::Ok());
  OTTLA_CHECK(new_base > old.base()) << tp_;
  old.AddTimeEntry();
  RollJob job{.dir = dir_,
              .path = path_,
              .old = PendingIndexWrite(old),
              .old_size = old.size(),
              .trim_old = config_.preallocate,
              // With everything flushed the recovery point stands at the end of this segment already, and no later
              // flush would come back for its last time entry; nor one that is under way, which may have passed it.
              .sync_old = recovery_point_ >= log_end_ || flushing_,
              // A segment's name is durable before the next one has one: a log that lost its first segment alone looks
              // like one that was restarted further on. Nearly always the flush of the last roll has done that. With
              // everything flushed a transaction index may be new as well.
              .sync_names = names_unsynced_ || recovery_point_ >= log_end_ || flushing_,
              .new_base = new_base,
              .snapshot = producers_.Snapshot(),
              .config = config_};
  const IndexWrite written = job.old;
  OnDisk([job = std::move(job)] { return RunRoll(job); },
         [new_base, written, then = std::move(then)](PartitionLog& log, Result<std::shared_ptr<File>> file) mutable {
           if (!file.ok()) {
             log.FailDir(file.status());
             return then(file.status());
           }
           if (Segment* rolled = log.FindSegment(written.base)) OnIndexWritten(*rolled, written);
           const std::int64_t now = log.dir_->clock().WallMillis();
           const SegmentImage image{.base = new_base, .mtime_ms = now, .indexes_known = true, .timestamps_known = true};
           log.segments_.push_back(std::make_unique<Segment>(image, now, log.cache_));
           log.active().log.Put(*file);
           log.names_unsynced_ = true;
           log.unsynced_snapshots_.push_back(new_base);
           log.flush_waiters_.push_back({.target = new_base, .done = [](const Status&) {}});
           then(Status::Ok());
         });
}

void PartitionLog::AppendAfterRoll(std::unique_ptr<AppendOp> op) {
  if (closed_) return FinishAppend(std::move(op), AppendError::kClosed, "the log is closed");
  if (active().log.Get() == nullptr) return OpenThenWrite(std::move(op));
  WriteAppend(std::move(op));
}

void PartitionLog::OpenThenWrite(std::unique_ptr<AppendOp> op) {
  OnDisk([files = &dir_->files(),
          path = SegmentPath(path_, active().base(), kLogSuffix)] { return files->Open(path, OpenMode::kWrite); },
         [op = std::move(op)](PartitionLog& log, Result<std::shared_ptr<File>> file) mutable {
           if (!file.ok()) {
             log.FailDir(file.status());
             return log.FinishAppend(std::move(op), AppendError::kStorage, file.status().message());
           }
           log.active().log.Put(std::move(file).value());
           log.WriteAppend(std::move(op));
         });
}

void PartitionLog::WriteAppend(std::unique_ptr<AppendOp> op) {
  auto file = active().log.Get();
  if (op->size > kInlineWrite || dir_->slow()) return WriteOnDisk(std::move(op), std::move(file));
  Micros waited{};
  const Status written = TimedWrite(*file, op->parts, active().size(), dir_->clock(), &waited);
  dir_->NoteWrite(waited);
  if (!written.ok()) return CutBackFailedWrite(std::move(op), std::move(file), written);
  Commit(*op);
  FinishAppend(std::move(op), AppendError::kNone, "");
}

void PartitionLog::WriteOnDisk(std::unique_ptr<AppendOp> op, std::shared_ptr<File> file) {
  struct Outcome {
    Status status;
    std::unique_ptr<AppendOp> op;
    std::shared_ptr<File> file;
    Micros waited;
  };
  OnDisk(
      [op = std::move(op), file = std::move(file), position = active().size(), clock = &dir_->clock()]() mutable {
        Micros waited{};
        Status status = TimedWrite(*file, op->parts, position, *clock, &waited);
        return Outcome{std::move(status), std::move(op), std::move(file), waited};
      },
      [](PartitionLog& log, Outcome outcome) {
        // A large append takes long on any disk; only small ones tell that the directory is slow.
        if (outcome.op->size <= kInlineWrite) log.dir_->NoteWrite(outcome.waited);
        if (!outcome.status.ok()) {
          return log.CutBackFailedWrite(std::move(outcome.op), std::move(outcome.file), outcome.status);
        }
        log.Commit(*outcome.op);
        log.FinishAppend(std::move(outcome.op), AppendError::kNone, "");
      });
}

// Some of the bytes may be in the file. Without them it is as before, and only this append has failed.
void PartitionLog::CutBackFailedWrite(std::unique_ptr<AppendOp> op, std::shared_ptr<File> file, Status why) {
  LOG(ERROR) << tp_ << ": append of " << op->size << " bytes failed: " << why;
  OnDisk([file = std::move(file), size = active().size()] { return file->Truncate(size); },
         [op = std::move(op), why = std::move(why)](PartitionLog& log, const Status& status) mutable {
           if (!status.ok()) log.FailDir(status);
           log.FinishAppend(std::move(op), AppendError::kStorage, why.message());
         });
}

// The bytes are in the file: now everything that depends on them moves.
void PartitionLog::Commit(AppendOp& op) {
  Segment& segment = active();
  const std::int64_t now = dir_->clock().WallMillis();
  Remember({.at = log_end_,
            .segment = segment.base(),
            .position = segment.size(),
            .header = op.batches.front().header,
            .noted_ms = now});
  for (const auto& frame : op.batches) {
    const BatchHeader& header = frame.header;
    const bool changed = header.magic == 2 ? epochs_.Assign(header.leader_epoch, header.base_offset) : epochs_.Clear();
    if (changed) ++epochs_version_;
    ApplyToProducers(frame, producers_, &segment.aborted);
  }
  segment.OnAppended(op.size, op.outcome.last_offset, op.max_timestamp, op.max_timestamp_offset, config_, now);
  log_end_ = Advance(op.outcome.last_offset, 1);
  if (oldest_unflushed_ms_ < 0) oldest_unflushed_ms_ = now;
  if (segment.image.offsets.tail.size() >= kIndexBlock) WriteIndexBlocks();
}

void PartitionLog::Remember(const Landmark& landmark) {
  if (landmarks_.size() == kLandmarks) landmarks_.pop_front();
  landmarks_.push_back(landmark);
}

void PartitionLog::Refused(std::unique_ptr<AppendOp> op) {
  const AppendError error = op->outcome.error;
  const std::string why = op->outcome.message;
  FinishAppend(std::move(op), error, why);
}

void PartitionLog::FinishAppend(std::unique_ptr<AppendOp> op, AppendError error, const std::string& message) {
  const bool flush_first =
      error == AppendError::kNone && op->size > 0 && Distance(recovery_point_, log_end_) >= config_.flush_messages;
  EndOperation([&] {
    if (!flush_first) return Answer(std::move(op), error, message);
    flush_waiters_.push_back({.target = log_end_, .done = [this, op = std::move(op)](const Status& status) mutable {
                                Answer(std::move(op), status.ok() ? AppendError::kNone : AppendError::kStorage,
                                       status.message());
                              }});
  });
}

void PartitionLog::Answer(std::unique_ptr<AppendOp> op, AppendError error, const std::string& message) {
  op->outcome.error = error;
  op->outcome.message = message;
  op->outcome.log_start = log_start_;
  op->outcome.log_end = log_end_;
  op->done(op->outcome);
}

}  // namespace ottla
