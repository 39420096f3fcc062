// One entry of log.dirs as its logs see it: where it is, whether it still works, and where its slow work runs.
// Shared by all loops: what is fixed is fixed at start, what changes is atomic or behind the one small lock.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>

#include "broker/log/checkpoint.h"
#include "common/base/clock.h"
#include "common/base/executor.h"
#include "common/base/ids.h"
#include "common/base/status.h"
#include "common/io/file.h"

namespace ottla {

class LogDir {
 public:
  // `on_failure` is called once, on any thread, with the first failure.
  LogDir(std::string path, std::size_t index, FileSystem& files, Executor& disk, const Clock& clock,
         std::function<void(std::size_t index, const Status&)> on_failure);

  const std::string& path() const { return path_; }
  std::size_t index() const { return index_; }  // in log.dirs
  FileSystem& files() const { return files_; }
  Executor& disk() const { return disk_; }
  const Clock& clock() const { return clock_; }

  bool offline() const { return offline_.load(std::memory_order_acquire); }
  // An I/O error: the directory is offline until restart. Any thread.
  void Fail(const Status& why);
  std::string failure() const;  // empty while it works

  // After a write that waited over 2 ms (File::WaitedInWrite), appends go through the disk thread for 10 s.
  bool slow() const { return clock_.Now().time_since_epoch().count() < slow_until_us_.load(std::memory_order_relaxed); }
  void NoteWrite(Micros waited);

  // What the checkpoints of this directory are to say. Logs tell it when theirs changes.
  void SetRecoveryPoint(const TopicPartition& tp, Offset offset);
  void SetLogStart(const TopicPartition& tp, std::optional<Offset> offset);  // nullopt: the first segment's base
  void Forget(const TopicPartition& tp);
  OffsetCheckpoint RecoveryPoints() const;
  OffsetCheckpoint LogStarts() const;
  // On the disk executor; block. Both replace the file durably.
  Status WriteRecoveryPoints();
  Status WriteLogStarts();
  // Both, if a log was forgotten since: else a new log of that name would inherit the old one's bounds after a crash.
  Status WriteForgotten();

  std::atomic<std::int64_t> log_count{0};  // for placing new partitions

 private:
  const std::string path_;
  const std::size_t index_;
  FileSystem& files_;
  Executor& disk_;
  const Clock& clock_;
  const std::function<void(std::size_t, const Status&)> on_failure_;
  std::atomic<bool> offline_{false};
  std::atomic<std::int64_t> slow_until_us_{0};
  mutable std::mutex mutex_;  // guards what follows
  std::string failure_;
  OffsetCheckpoint recovery_points_;
  OffsetCheckpoint log_starts_;
  bool forgot_recovery_point_ = false;
  bool forgot_log_start_ = false;
};

}  // namespace ottla
