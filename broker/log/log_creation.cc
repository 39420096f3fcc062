#include "broker/log/log_creation.h"

#include <utility>

#include "broker/log/log_loader.h"

namespace ottla {
namespace {

// A directory of that name was not loaded, so it should not be there; what is in it is never overwritten.
Result<LoadedLog> Make(LogDir& dir, const std::string& path, const LogConfig& config, const Uuid& topic_id) {
  if (!dir.files().Stat(path).ok()) return CreateLog(dir.files(), path, config, topic_id, Offset(0));
  return LoadLog(dir.files(), path, {.config = config, .now_ms = dir.clock().WallMillis()});
}

}  // namespace

void LogCreation::GetOrCreate(const TopicPartition& tp, const Uuid& topic_id, bool is_new, Done done) {
  Owner(tp).CheckOnLoop();
  if (auto log = shards_->Get(tp)) return done(std::move(log));
  if (!is_new && dirs_->AnyOffline()) {
    return done(Status(StatusCode::kUnavailable, tp.ToString() + " may be in a log directory that is offline"));
  }
  auto& waiting = waiting_[shards_->LoopOf(tp)][tp];
  waiting.push_back(std::move(done));
  if (waiting.size() == 1) TryNext(tp, topic_id);
}

void LogCreation::TryNext(const TopicPartition& tp, const Uuid& topic_id) {
  const auto dir = dirs_->ForNewLog();
  if (dir == nullptr) return Created(tp, Status(StatusCode::kIoError, "no log directory is online"));
  dir->log_count.fetch_add(1);
  dir->disk().Post([self = shared_from_this(), dir, tp, topic_id] { self->MakeOnDisk(dir, tp, topic_id); });
}

void LogCreation::MakeOnDisk(const std::shared_ptr<LogDir>& dir, const TopicPartition& tp, const Uuid& topic_id) {
  const LogConfig config = config_of_(tp.topic);
  auto made = Make(*dir, dir->path() + "/" + tp.ToString(), config, topic_id);
  if (!made.ok()) {
    dir->Fail(made.status().WithContext("creating " + tp.ToString()));
    return Owner(tp).Post([self = shared_from_this(), dir, tp, topic_id] {
      dir->log_count.fetch_sub(1);
      self->TryNext(tp, topic_id);
    });
  }
  Owner(tp).Post(
      [self = shared_from_this(), dir, tp, config, made = std::make_shared<LoadedLog>(std::move(made).value())] {
        self->Created(tp, self->shards_->Add(dir, tp, config, std::move(*made)));
      });
}

void LogCreation::Created(const TopicPartition& tp, const Result<std::shared_ptr<PartitionLog>>& log) {
  auto& of_loop = waiting_[shards_->LoopOf(tp)];
  auto waiting = std::move(of_loop[tp]);
  of_loop.erase(tp);
  for (auto& done : waiting) done(log);
}

}  // namespace ottla
