#include "broker/log/log_dirs.h"

#include <algorithm>

namespace ottla {
namespace {

Status Contradiction(std::string_view key, const std::string& path, const std::string& value, const std::string& other,
                     const std::string& other_value) {
  return {StatusCode::kInvalidArgument, std::string(key) + " in " + path + "/meta.properties is " + value + ", but " +
                                            other + " says " + other_value +
                                            ". Data of another broker or cluster is not opened."};
}

}  // namespace

// Directories tell of failures from any thread; the manager may be gone by then.
void LogDirs::MakeDirs(const std::vector<std::string>& paths) {
  for (std::size_t i = 0; i < paths.size(); ++i) {
    dirs_.push_back(std::make_shared<LogDir>(
        paths[i], i, files_, loops_.Disk(i), clock_,
        [weak = weak_from_this(), control = &loops_.Control()](std::size_t index, const Status& why) {
          control->Post([weak, index, why] {
            const auto self = weak.lock();
            if (self == nullptr) return;
            self->locks_[index] = nullptr;
            if (self->on_offline_) self->on_offline_(index, why);
          });
        }));
  }
  locks_.resize(dirs_.size());
  metas_.resize(dirs_.size());
}

void LogDirs::Open(const std::vector<std::string>& paths, UniqueFunction<void(Result<DirIdentity>)> done) {
  loops_.Control().CheckOnLoop();
  MakeDirs(paths);
  OnEach<OpenedDir>([](LogDir& dir) { return OpenDir(dir.files(), dir.path()); },
                    [self = shared_from_this(), done = std::move(done)](
                        std::map<std::size_t, OpenedDir>& opened) mutable { done(self->Identify(opened)); });
}

Result<DirIdentity> LogDirs::Identify(std::map<std::size_t, OpenedDir>& opened) {
  DirIdentity identity;
  std::string broker_from;
  std::string cluster_from;
  for (auto& [index, dir] : opened) {
    const std::string& path = dirs_[index]->path();
    const auto code = dir.status.code();
    if (code == StatusCode::kAlreadyExists || code == StatusCode::kUnsupported) return dir.status.WithContext(path);
    if (!dir.status.ok()) {
      dirs_[index]->Fail(dir.status);
      continue;
    }
    locks_[index] = std::move(dir.lock);
    metas_[index] = dir.meta;
    if (!dir.meta) continue;
    const auto broker = dir.meta->broker_id;
    if (broker && identity.broker_id && *broker != *identity.broker_id) {
      return Contradiction("broker.id", path, std::to_string(broker->value), broker_from,
                           std::to_string(identity.broker_id->value));
    }
    const auto& cluster = dir.meta->cluster_id;
    if (cluster && identity.cluster_id && *cluster != *identity.cluster_id) {
      return Contradiction("cluster.id", path, *cluster, cluster_from, *identity.cluster_id);
    }
    if (broker) {
      identity.broker_id = broker;
      broker_from = path;
    }
    if (cluster) {
      identity.cluster_id = cluster;
      cluster_from = path;
    }
  }
  if (AllOffline()) return NoneUsable();
  return identity;
}

Status LogDirs::CheckIdentity(BrokerId broker_id, const std::string& cluster_id) const {
  for (std::size_t i = 0; i < dirs_.size(); ++i) {
    if (dirs_[i]->offline() || !metas_[i]) continue;
    const std::string& path = dirs_[i]->path();
    if (metas_[i]->broker_id && *metas_[i]->broker_id != broker_id) {
      return Contradiction("broker.id", path, std::to_string(metas_[i]->broker_id->value), "the configuration",
                           std::to_string(broker_id.value));
    }
    if (metas_[i]->cluster_id && *metas_[i]->cluster_id != cluster_id) {
      return Contradiction("cluster.id", path, *metas_[i]->cluster_id, "ZooKeeper", cluster_id);
    }
  }
  return Status::Ok();
}

std::optional<MetaProperties> LogDirs::MetaToWrite(std::size_t index, BrokerId broker_id,
                                                   const std::string& cluster_id) const {
  MetaProperties meta{.broker_id = broker_id, .cluster_id = cluster_id, .others = {}};
  const auto& found = metas_[index];
  if (found) meta.others = found->others;
  return found && *found == meta ? std::nullopt : std::optional(meta);
}

void LogDirs::Unlock() {
  for (auto& lock : locks_) lock = nullptr;
}

std::vector<LogDirStatus> LogDirs::Statuses() const {
  std::vector<LogDirStatus> all;
  for (const auto& dir : dirs_) {
    all.push_back({.path = dir->path(), .offline = dir->offline(), .failure = dir->failure()});
  }
  return all;
}

bool LogDirs::AllOffline() const {
  return std::ranges::all_of(dirs_, [](const auto& dir) { return dir->offline(); });
}

bool LogDirs::AnyOffline() const {
  return std::ranges::any_of(dirs_, [](const auto& dir) { return dir->offline(); });
}

Status LogDirs::NoneUsable() const {
  std::string text;
  for (const auto& dir : dirs_) {
    if (dir->offline()) text += (text.empty() ? "" : "; ") + dir->path() + ": " + dir->failure();
  }
  return {StatusCode::kIoError, "none of the log directories can be used: " + text};
}

Status LogDirs::FailThose(const std::map<std::size_t, Status>& results) {
  Status first;
  for (const auto& [index, status] : results) {
    if (status.ok()) continue;
    dirs_[index]->Fail(status);
    if (first.ok()) first = status;
  }
  return first;
}

std::shared_ptr<LogDir> LogDirs::ForNewLog() const {
  std::shared_ptr<LogDir> best;
  for (const auto& dir : dirs_) {
    if (!dir->offline() && (best == nullptr || dir->log_count < best->log_count)) best = dir;
  }
  return best;
}

}  // namespace ottla
