// New logs: in which directory, and who waits for one that is being made.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "broker/log/log_config.h"
#include "broker/log/log_dirs.h"
#include "broker/log/log_shards.h"
#include "common/base/executor.h"
#include "common/base/ids.h"
#include "common/base/status.h"

namespace ottla {

class LogCreation : public std::enable_shared_from_this<LogCreation> {
 public:
  using Done = UniqueFunction<void(Result<std::shared_ptr<PartitionLog>>)>;

  LogCreation(Executors& loops, std::shared_ptr<LogDirs> dirs, std::shared_ptr<LogShards> shards,
              std::function<LogConfig(const std::string& topic)> config_of)
      : loops_(loops),
        dirs_(std::move(dirs)),
        shards_(std::move(shards)),
        config_of_(std::move(config_of)),
        waiting_(loops.data_loops()) {}

  // On the loop of the partition. As LogManager::GetOrCreate.
  void GetOrCreate(const TopicPartition& tp, const Uuid& topic_id, bool is_new, Done done);

 private:
  // Tries the online directories, the one with the fewest logs first, until one takes the log.
  void TryNext(const TopicPartition& tp, const Uuid& topic_id);
  void MakeOnDisk(const std::shared_ptr<LogDir>& dir, const TopicPartition& tp, const Uuid& topic_id);
  void Created(const TopicPartition& tp, const Result<std::shared_ptr<PartitionLog>>& log);
  Executor& Owner(const TopicPartition& tp) const { return loops_.Data(shards_->LoopOf(tp)); }

  Executors& loops_;
  const std::shared_ptr<LogDirs> dirs_;
  const std::shared_ptr<LogShards> shards_;
  const std::function<LogConfig(const std::string& topic)> config_of_;
  std::vector<std::map<TopicPartition, std::vector<Done>>> waiting_;  // each touched on its loop only
};

}  // namespace ottla
