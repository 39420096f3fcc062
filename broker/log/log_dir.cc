#include "broker/log/log_dir.h"

#include <utility>

namespace ottla {
namespace {

constexpr Micros kSlowWrite{2'000};
constexpr Micros kSlowFor{10'000'000};

}  // namespace

LogDir::LogDir(std::string path, std::size_t index, FileSystem& files, Executor& disk, const Clock& clock,
               std::function<void(std::size_t, const Status&)> on_failure)
    : path_(std::move(path)),
      index_(index),
      files_(files),
      disk_(disk),
      clock_(clock),
      on_failure_(std::move(on_failure)) {}

void LogDir::Fail(const Status& why) {
  {
    const std::lock_guard guard(mutex_);
    if (offline_.load(std::memory_order_relaxed)) return;
    failure_ = why.ToString();
    offline_.store(true, std::memory_order_release);
  }
  LOG(ERROR) << "log directory " << path_ << " is offline from now on: " << why;
  if (on_failure_) on_failure_(index_, why);
}

std::string LogDir::failure() const {
  const std::lock_guard guard(mutex_);
  return failure_;
}

void LogDir::NoteWrite(Micros waited) {
  if (waited <= kSlowWrite) return;
  slow_until_us_.store((clock_.Now().time_since_epoch() + kSlowFor).count(), std::memory_order_relaxed);
}

void LogDir::SetRecoveryPoint(const TopicPartition& tp, Offset offset) {
  const std::lock_guard guard(mutex_);
  recovery_points_[tp] = offset;
}

void LogDir::SetLogStart(const TopicPartition& tp, std::optional<Offset> offset) {
  const std::lock_guard guard(mutex_);
  if (offset) {
    log_starts_[tp] = *offset;
  } else {
    log_starts_.erase(tp);
  }
}

void LogDir::Forget(const TopicPartition& tp) {
  const std::lock_guard guard(mutex_);
  if (recovery_points_.erase(tp) > 0) forgot_recovery_point_ = true;
  if (log_starts_.erase(tp) > 0) forgot_log_start_ = true;
}

OffsetCheckpoint LogDir::RecoveryPoints() const {
  const std::lock_guard guard(mutex_);
  return recovery_points_;
}

OffsetCheckpoint LogDir::LogStarts() const {
  const std::lock_guard guard(mutex_);
  return log_starts_;
}

Status LogDir::WriteRecoveryPoints() {
  std::string text;
  {
    const std::lock_guard guard(mutex_);
    forgot_recovery_point_ = false;
    text = OffsetCheckpointText(recovery_points_);
  }
  return files_.ReplaceFile(path_ + "/" + std::string(kRecoveryPointFile), text);
}

Status LogDir::WriteLogStarts() {
  std::string text;
  {
    const std::lock_guard guard(mutex_);
    forgot_log_start_ = false;
    text = OffsetCheckpointText(log_starts_);
  }
  return files_.ReplaceFile(path_ + "/" + std::string(kLogStartFile), text);
}

Status LogDir::WriteForgotten() {
  bool recovery_points = false;
  bool log_starts = false;
  {
    const std::lock_guard guard(mutex_);
    recovery_points = forgot_recovery_point_;
    log_starts = forgot_log_start_;
  }
  if (log_starts) OTTLA_RETURN_IF_ERROR(WriteLogStarts());
  return recovery_points ? WriteRecoveryPoints() : Status::Ok();
}

}  // namespace ottla
