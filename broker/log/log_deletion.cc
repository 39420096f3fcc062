#include "broker/log/log_deletion.h"

#include <array>
#include <cstdio>
#include <utility>

#include "broker/log/dir_survey.h"

namespace ottla {
namespace {

constexpr std::size_t kMaxName = 255;

// orders-3.0f…-delete; the topic is cut so that the name stays within what file systems allow.
std::string DeletedName(const TopicPartition& tp, Random& random) {
  std::array<char, 33> hex{};
  std::snprintf(hex.data(), hex.size(), "%016llx%016llx", static_cast<unsigned long long>(random.Next()),
                static_cast<unsigned long long>(random.Next()));
  const std::string suffix = "-" + std::to_string(tp.partition) + "." + hex.data() + std::string(kDeleteDirSuffix);
  return tp.topic.substr(0, kMaxName - suffix.size()) + suffix;
}

Status RenameAside(LogDir& dir, const TopicPartition& tp, const std::string& name) {
  if (dir.offline()) return {StatusCode::kIoError, "the log directory is offline"};
  OTTLA_RETURN_IF_ERROR(dir.files().Rename(dir.path() + "/" + tp.ToString(), dir.path() + "/" + name));
  return dir.WriteForgotten();
}

}  // namespace

LogDeletion::LogDeletion(Executors& loops, std::shared_ptr<LogDirs> dirs, std::shared_ptr<LogShards> shards,
                         Random random, std::int64_t delay_ms)
    : loops_(loops), dirs_(std::move(dirs)), shards_(std::move(shards)), delay_ms_(delay_ms) {
  for (std::size_t i = 0; i < loops.data_loops(); ++i) randoms_.push_back(random.Fork());
}

void LogDeletion::Delete(const TopicPartition& tp, UniqueFunction<void(Status)> done) {
  const std::size_t loop = shards_->LoopOf(tp);
  loops_.Data(loop).CheckOnLoop();
  const std::shared_ptr<PartitionLog> log = shards_->Get(tp);
  if (log == nullptr) return done({StatusCode::kNotFound, tp.ToString() + " has no log here"});
  shards_->Remove(tp);
  const auto dir = dirs_->at(log->dir().index());
  dir->log_count.fetch_sub(1);
  log->WhenIdle([self = shared_from_this(), log, dir, loop, name = DeletedName(tp, randoms_[loop]),
                 done = std::move(done)]() mutable {
    log->Abandon();
    dir->Forget(log->tp());
    dir->disk().Post([self, dir, loop, tp = log->tp(), name, done = std::move(done)]() mutable {
      const Status status = RenameAside(*dir, tp, name);
      if (!status.ok()) dir->Fail(status);
      self->loops_.Data(loop).Post([self, dir, loop, name, status, done = std::move(done)]() mutable {
        if (status.ok()) self->RemoveLater(self->loops_.Data(loop), dir, {name});
        done(status);
      });
    });
  });
}

void LogDeletion::RemoveLater(Executor& owner, const std::shared_ptr<LogDir>& dir,
                              const std::vector<std::string>& names) const {
  if (names.empty()) return;
  owner.RunAfter(Millis(delay_ms_), [dir, names] {
    dir->disk().Post([dir, names] {
      for (const auto& name : names) {
        if (dir->offline()) return;
        if (const Status removed = dir->files().RemoveAll(dir->path() + "/" + name); !removed.ok()) dir->Fail(removed);
      }
    });
  });
}

}  // namespace ottla
