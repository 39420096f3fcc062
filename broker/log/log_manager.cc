#include "broker/log/log_manager.h"

#include <utility>

#include "broker/log/log_checkpoints.h"
#include "broker/log/log_creation.h"
#include "broker/log/log_deletion.h"
#include "broker/log/log_end.h"
#include "broker/log/log_shards.h"
#include "broker/log/log_start.h"

namespace ottla {

// Each part is shared with the tasks it has under way, so that it outlives them when the manager goes.
struct LogManager::Parts {
  Parts(Executors& executors, FileSystem& files, const Clock& wall, Random random, LogManagerOptions given)
      : loops(executors),
        clock(wall),
        options(std::move(given)),
        dirs(std::make_shared<LogDirs>(executors, files, wall)),
        shards(std::make_shared<LogShards>(executors, options.loop_of, options.open_files_per_loop)),
        deletion(std::make_shared<LogDeletion>(executors, dirs, shards, random, options.delete_dir_delay_ms)),
        creation(std::make_shared<LogCreation>(executors, dirs, shards, options.config_of)),
        start(std::make_shared<LogStart>(executors, wall, dirs, shards, options.config_of, deletion)),
        checkpoints(dirs, shards) {}

  Executors& loops;
  const Clock& clock;
  const LogManagerOptions options;
  const std::shared_ptr<LogDirs> dirs;
  const std::shared_ptr<LogShards> shards;
  const std::shared_ptr<LogDeletion> deletion;
  const std::shared_ptr<LogCreation> creation;
  const std::shared_ptr<LogStart> start;
  LogCheckpoints checkpoints;
};

LogManager::LogManager(Executors& loops, FileSystem& files, const Clock& clock, Random random,
                       LogManagerOptions options)
    : parts_(std::make_unique<Parts>(loops, files, clock, random, std::move(options))) {}
LogManager::~LogManager() = default;

void LogManager::Open(UniqueFunction<void(Result<DirIdentity>)> done) {
  parts_->dirs->Open(parts_->options.dirs, std::move(done));
}
void LogManager::Load(BrokerId broker_id, const std::string& cluster_id, UniqueFunction<void(Status)> done) {
  parts_->start->Load(broker_id, cluster_id, std::move(done));
}
void LogManager::OnDirOffline(std::function<void(std::size_t, const Status&)> on_offline) {
  parts_->dirs->OnOffline(std::move(on_offline));
}
std::vector<LogDirStatus> LogManager::Dirs() const { return parts_->dirs->Statuses(); }
bool LogManager::AllOffline() const { return parts_->dirs->AllOffline(); }

void LogManager::CheckpointHighWatermarks(UniqueFunction<void(Status)> done) {
  parts_->checkpoints.WriteHighWatermarks(std::move(done));
}
void LogManager::CheckpointRecoveryPoints(UniqueFunction<void(Status)> done) {
  parts_->checkpoints.WriteRecoveryPoints(std::move(done));
}
void LogManager::CheckpointLogStarts(UniqueFunction<void(Status)> done) {
  parts_->checkpoints.WriteLogStarts(std::move(done));
}

void LogManager::RunRetention() {
  parts_->shards->Post(
      [now = parts_->clock.WallMillis()](PartitionLog& log) { log.ApplyRetention(now, [](std::size_t) {}); });
}
void LogManager::RunFlush() {
  parts_->shards->Post([now = parts_->clock.WallMillis()](PartitionLog& log) { log.FlushIfDue(now); });
}
void LogManager::RunProducerExpiry() {
  parts_->shards->Post([now = parts_->clock.WallMillis()](PartitionLog& log) { log.ExpireProducers(now); });
}

void LogManager::Shutdown(std::int64_t broker_epoch, UniqueFunction<void(Status)> done) {
  const auto end = std::make_shared<LogEnd>(parts_->loops, parts_->dirs, parts_->shards, parts_->start, broker_epoch,
                                            parts_->options.flushed_one_by_one);
  // While logs are still being loaded their high watermarks are in the file only.
  if (!parts_->start->finished()) return end->Run(std::move(done));
  parts_->checkpoints.WriteHighWatermarks([end, done = std::move(done)](const Status& status) mutable {
    if (!status.ok()) LOG(ERROR) << "high watermarks at the end: " << status;
    end->Run(std::move(done));
  });
}

std::shared_ptr<PartitionLog> LogManager::Get(const TopicPartition& tp) const { return parts_->shards->Get(tp); }
void LogManager::GetOrCreate(const TopicPartition& tp, const Uuid& topic_id, bool is_new,
                             UniqueFunction<void(Result<std::shared_ptr<PartitionLog>>)> done) {
  parts_->creation->GetOrCreate(tp, topic_id, is_new, std::move(done));
}
void LogManager::Delete(const TopicPartition& tp, UniqueFunction<void(Status)> done) {
  parts_->deletion->Delete(tp, std::move(done));
}
void LogManager::ForEach(std::size_t loop, const std::function<void(PartitionLog&)>& each) const {
  parts_->loops.Data(loop).CheckOnLoop();
  for (const auto& log : parts_->shards->Of(loop)) each(*log);
}

}  // namespace ottla
