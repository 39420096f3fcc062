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
  return dir.files().Rename(dir.path() + "/" + tp.ToString(), dir.path() + "/" + name);
}

}  // namespace

LogDeletion::LogDeletion(Executors& loops, std::shared_ptr<LogDirs> dirs, std::shared_ptr<LogShards> shards,
                         Random random, std::int64_t delay_ms)
    : loops_(loops), dirs_(std::move(dirs)), shards_(std::move(shards)), aside_names_(0), delay_ms_(delay_ms) {
  for (std::size_t i = 0; i < loops.data_loops(); ++i) randoms_.push_back(random.Fork());
  aside_names_ = random.Fork();
}

void LogDeletion::Delete(const TopicPartition& tp, UniqueFunction<void(Status)> done) {
  const std::size_t loop = shards_->LoopOf(tp);
  loops_.Data(loop).CheckOnLoop();
  const std::shared_ptr<PartitionLog> log = shards_->Get(tp);
  if (log == nullptr) {
    // What a directory that is offline holds would come back with it, beside the log of a later topic of that name.
    if (dirs_->AnyOffline()) return done({StatusCode::kUnavailable, tp.ToString() + " may be where it is offline"});
    return done({StatusCode::kNotFound, tp.ToString() + " has no log here"});
  }
  shards_->Remove(tp);
  const auto dir = dirs_->at(log->dir().index());
  dir->log_count.fetch_sub(1);
  log->WhenIdle([self = shared_from_this(), log, dir, loop, name = DeletedName(tp, randoms_[loop]),
                 done = std::move(done)]() mutable {
    log->Abandon();
    dir->Forget(log->tp());
    dir->disk().Post([self, dir, loop, tp = log->tp(), name, done = std::move(done)]() mutable {
      Status renamed = RenameAside(*dir, tp, name);
      self->Settle(dir, {.loop = loop, .name = name, .renamed = std::move(renamed), .done = std::move(done)});
    });
  });
}

// On the disk executor of `dir`, as the next. A deletion counts when the new name is durable: else lost power could
// bring the log back, beside or instead of the one of a later topic of that name. One sync for all that wait by then.
void LogDeletion::Settle(const std::shared_ptr<LogDir>& dir, Deletion deletion) {
  const std::lock_guard guard(waiting_mutex_);
  auto& waiting = waiting_[dir->index()];
  waiting.push_back(std::move(deletion));
  if (waiting.size() > 1) return;
  dir->disk().Post([self = shared_from_this(), dir] { self->SyncDeletions(dir); });
}

void LogDeletion::SyncDeletions(const std::shared_ptr<LogDir>& dir) {
  Status synced =
      dir->offline() ? Status(StatusCode::kIoError, "the log directory is offline") : dir->files().SyncDir(dir->path());
  if (synced.ok()) synced = dir->WriteForgotten();
  if (!synced.ok()) dir->Fail(synced);
  std::vector<Deletion> all;
  {
    const std::lock_guard guard(waiting_mutex_);
    all = std::exchange(waiting_[dir->index()], {});
  }
  for (Deletion& one : all) {
    if (!one.renamed.ok()) dir->Fail(one.renamed);
    const Status status = one.renamed.ok() ? synced : one.renamed;
    loops_.Data(one.loop).Post([self = shared_from_this(), dir, status, loop = one.loop, name = one.name,
                                done = std::move(one.done)]() mutable {
      if (status.ok()) self->RemoveLater(self->loops_.Data(loop), dir, {name});
      done(status);
    });
  }
}

std::string LogDeletion::SetAside(const std::shared_ptr<LogDir>& dir, const TopicPartition& tp) {
  std::string name = DeletedName(tp, aside_names_);
  dir->disk().Post([dir, tp, name] {
    if (const Status renamed = RenameAside(*dir, tp, name); !renamed.ok()) dir->Fail(renamed);
  });
  return name;
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
