#include "broker/log/log_shards.h"

namespace ottla {

LogShards::LogShards(Executors& loops, std::function<std::size_t(const TopicPartition&)> loop_of,
                     std::size_t open_files_per_loop)
    : loops_(loops), loop_of_(std::move(loop_of)), shards_(loops.data_loops()) {
  for (auto& shard : shards_) shard.cache = std::make_shared<FileCache>(open_files_per_loop);
}

std::shared_ptr<PartitionLog> LogShards::Get(const TopicPartition& tp) const {
  const Shard& shard = shards_[loop_of_(tp)];
  const auto it = shard.logs.find(tp);
  return it == shard.logs.end() ? nullptr : it->second;
}

std::shared_ptr<PartitionLog> LogShards::Add(const std::shared_ptr<LogDir>& dir, const TopicPartition& tp,
                                             const LogConfig& config, LoadedLog loaded) {
  const std::size_t loop = loop_of_(tp);
  Shard& shard = shards_[loop];
  auto log = std::make_shared<PartitionLog>(tp, dir, loops_.Data(loop), shard.cache, config, std::move(loaded));
  shard.logs[tp] = log;
  return log;
}

void LogShards::Remove(const TopicPartition& tp) { shards_[loop_of_(tp)].logs.erase(tp); }

LogShards::Logs LogShards::Of(std::size_t loop) const {
  Logs all;
  all.reserve(shards_[loop].logs.size());
  for (const auto& [tp, log] : shards_[loop].logs) all.push_back(log);
  return all;
}

}  // namespace ottla
