// The checkpoint files of the log directories. Owner: control; each gathers from the loops what it needs, then writes
// on the disk executors. A directory whose checkpoint cannot be written is offline.
#pragma once

#include <memory>

#include "broker/log/log_dirs.h"
#include "broker/log/log_shards.h"
#include "common/base/executor.h"
#include "common/base/status.h"

namespace ottla {

class LogCheckpoints {
 public:
  LogCheckpoints(std::shared_ptr<LogDirs> dirs, std::shared_ptr<LogShards> shards)
      : dirs_(std::move(dirs)), shards_(std::move(shards)) {}

  void WriteHighWatermarks(UniqueFunction<void(Status)> done);
  void WriteRecoveryPoints(UniqueFunction<void(Status)> done) { Write(&LogDir::WriteRecoveryPoints, std::move(done)); }
  void WriteLogStarts(UniqueFunction<void(Status)> done) { Write(&LogDir::WriteLogStarts, std::move(done)); }

 private:
  void Write(Status (LogDir::*write)(), UniqueFunction<void(Status)> done);

  const std::shared_ptr<LogDirs> dirs_;
  const std::shared_ptr<LogShards> shards_;
};

}  // namespace ottla
