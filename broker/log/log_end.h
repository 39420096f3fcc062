// The orderly end: every log is flushed and closed, checkpoints are written and, per directory where all of that
// worked, the clean mark.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <set>

#include "broker/log/log_dirs.h"
#include "broker/log/log_shards.h"
#include "common/base/executor.h"
#include "common/base/status.h"

namespace ottla {

class LogEnd : public std::enable_shared_from_this<LogEnd> {
 public:
  // `may_be_clean`: whether a directory (by index) may get its mark at all.
  LogEnd(Executors& loops, std::shared_ptr<LogDirs> dirs, std::shared_ptr<LogShards> shards, std::int64_t broker_epoch,
         std::function<bool(std::size_t)> may_be_clean)
      : loops_(loops),
        dirs_(std::move(dirs)),
        shards_(std::move(shards)),
        broker_epoch_(broker_epoch),
        may_be_clean_(std::move(may_be_clean)) {}

  // On control, once. The directories are unlocked when `done` is called.
  void Run(UniqueFunction<void(Status)> done);

 private:
  void CloseAll(std::vector<LogShards::Logs>& logs);
  void Close(const std::shared_ptr<PartitionLog>& log);  // on its loop
  void OneClosed();
  void MarkClean();

  Executors& loops_;
  const std::shared_ptr<LogDirs> dirs_;
  const std::shared_ptr<LogShards> shards_;
  const std::int64_t broker_epoch_;
  const std::function<bool(std::size_t)> may_be_clean_;
  std::size_t left_ = 1;          // logs to be closed, and one for the end of the list
  std::set<std::size_t> failed_;  // directories in which a log did not close
  UniqueFunction<void(Status)> done_;
};

}  // namespace ottla
