// The orderly end: every log is closed, its directory made durable, checkpoints are written and, per directory where
// all of that worked, the clean mark. A few logs are flushed one by one; of many each only writes, and one sync of the
// file system follows: five syncs for each of a thousand logs take from seconds to minutes.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <vector>

#include "broker/log/log_dirs.h"
#include "broker/log/log_shards.h"
#include "broker/log/log_start.h"
#include "common/base/executor.h"
#include "common/base/status.h"

namespace ottla {

class LogEnd : public std::enable_shared_from_this<LogEnd> {
 public:
  // `start` says of which directories checkpoints and mark may be written.
  LogEnd(Executors& loops, std::shared_ptr<LogDirs> dirs, std::shared_ptr<LogShards> shards,
         std::shared_ptr<const LogStart> start, std::int64_t broker_epoch, std::size_t flushed_one_by_one)
      : loops_(loops),
        dirs_(std::move(dirs)),
        shards_(std::move(shards)),
        start_(std::move(start)),
        broker_epoch_(broker_epoch),
        flushed_one_by_one_(flushed_one_by_one) {}

  // On control, once. Directories that were never loaded, or never locked, are left as they are: they may be another
  // broker's. All are unlocked when `done` is called.
  void Run(UniqueFunction<void(Status)> done);

 private:
  struct OfLoop {
    LogShards::Logs logs;
    std::map<std::size_t, std::size_t> touched;  // logs with something to write, by directory
  };
  // One directory.
  struct Ending {
    std::size_t touched = 0;
    bool failed = false;                    // a log did not close
    std::map<TopicPartition, Offset> ends;  // of logs that were only written
  };

  void CloseAll(std::vector<OfLoop>& loops);
  void Close(const std::shared_ptr<PartitionLog>& log, PartitionLog::CloseSync sync);  // on its loop
  void OneClosed();
  void MarkClean();
  PartitionLog::CloseSync SyncOf(std::size_t dir) const;

  Executors& loops_;
  const std::shared_ptr<LogDirs> dirs_;
  const std::shared_ptr<LogShards> shards_;
  const std::shared_ptr<const LogStart> start_;
  const std::int64_t broker_epoch_;
  const std::size_t flushed_one_by_one_;
  std::size_t left_ = 1;             // logs to be closed, and one for the end of the list
  std::vector<Ending> dirs_ending_;  // by directory
  UniqueFunction<void(Status)> done_;
};

}  // namespace ottla
