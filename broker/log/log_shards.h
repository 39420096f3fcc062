// The open logs, by the data loop that owns them.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <unordered_map>
#include <utility>
#include <vector>

#include "broker/log/file_cache.h"
#include "broker/log/log_config.h"
#include "broker/log/log_dir.h"
#include "broker/log/log_loader.h"
#include "broker/log/partition_log.h"
#include "common/base/executor.h"
#include "common/base/ids.h"

namespace ottla {

class LogShards : public std::enable_shared_from_this<LogShards> {
 public:
  using Logs = std::vector<std::shared_ptr<PartitionLog>>;

  LogShards(Executors& loops, std::function<std::size_t(const TopicPartition&)> loop_of,
            std::size_t open_files_per_loop);

  std::size_t LoopOf(const TopicPartition& tp) const { return loop_of_(tp); }  // any thread
  std::size_t loops() const { return shards_.size(); }

  // --- On the loop of the partition.
  std::shared_ptr<PartitionLog> Get(const TopicPartition& tp) const;  // null: none here
  std::shared_ptr<PartitionLog> Add(const std::shared_ptr<LogDir>& dir, const TopicPartition& tp,
                                    const LogConfig& config, LoadedLog loaded);
  void Remove(const TopicPartition& tp);

  // --- On loop `loop`. The logs now: what is done to one may remove another.
  Logs Of(std::size_t loop) const;

  // --- Any thread: `each(PartitionLog&)` on the loop of every log, later.
  template <class Each>
  void Post(Each each);
  // Runs `work(logs of the loop)`, which gives a T, on every loop; then `then(std::vector<T>&)` on control.
  template <class T, class Work, class Then>
  void Gather(Work work, Then then);

 private:
  struct Shard {  // touched on its loop only
    std::unordered_map<TopicPartition, std::shared_ptr<PartitionLog>> logs;
    std::shared_ptr<FileCache> cache;
  };

  Executors& loops_;
  const std::function<std::size_t(const TopicPartition&)> loop_of_;
  std::vector<Shard> shards_;
};

template <class Each>
void LogShards::Post(Each each) {
  for (std::size_t i = 0; i < shards_.size(); ++i) {
    loops_.Data(i).Post([self = shared_from_this(), i, each] {
      for (const auto& log : self->Of(i)) each(*log);
    });
  }
}

template <class T, class Work, class Then>
void LogShards::Gather(Work work, Then then) {
  struct Gathered {
    std::size_t left = 0;
    std::vector<T> results;  // each filled on its loop, read on control when all have answered
    Then then;
  };
  auto gathered = std::make_shared<Gathered>(
      Gathered{.left = shards_.size(), .results = std::vector<T>(shards_.size()), .then = std::move(then)});
  for (std::size_t i = 0; i < shards_.size(); ++i) {
    loops_.Data(i).Post([self = shared_from_this(), i, work, gathered] {
      gathered->results[i] = work(self->Of(i));
      self->loops_.Control().Post([gathered] {
        if (--gathered->left == 0) gathered->then(gathered->results);
      });
    });
  }
}

}  // namespace ottla
