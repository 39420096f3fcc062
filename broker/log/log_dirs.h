// The directories of log.dirs: locked, whose they are, which still work.
//
// Owner: the control executor. Work on a directory runs on its disk executor; results come back to control.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "broker/log/dir_survey.h"
#include "broker/log/log_dir.h"
#include "broker/log/meta_properties.h"
#include "common/base/executor.h"
#include "common/base/ids.h"
#include "common/base/status.h"
#include "common/io/file.h"

namespace ottla {

// Who the directories say they belong to.
struct DirIdentity {
  std::optional<BrokerId> broker_id;
  std::optional<std::string> cluster_id;
};

struct LogDirStatus {
  std::string path;
  bool offline = false;
  std::string failure;  // why it is offline
};

class LogDirs : public std::enable_shared_from_this<LogDirs> {
 public:
  LogDirs(Executors& loops, FileSystem& files, const Clock& clock) : loops_(loops), files_(files), clock_(clock) {}

  // Creates missing directories, locks them, reads meta.properties. Once; what follows is for afterwards.
  void Open(const std::vector<std::string>& paths, UniqueFunction<void(Result<DirIdentity>)> done);
  // An error names both values where a meta.properties says another broker or cluster.
  Status CheckIdentity(BrokerId broker_id, const std::string& cluster_id) const;
  // What the meta.properties of directory `index` is to say; nullopt: it says so already.
  std::optional<MetaProperties> MetaToWrite(std::size_t index, BrokerId broker_id, const std::string& cluster_id) const;
  // The locks go; nothing may be written afterwards.
  void Unlock();

  void OnOffline(std::function<void(std::size_t, const Status&)> on_offline) { on_offline_ = std::move(on_offline); }
  std::vector<LogDirStatus> Statuses() const;
  bool AllOffline() const;
  bool AnyOffline() const;    // any thread
  Status NoneUsable() const;  // the error that says why each is offline
  // A directory whose task failed is offline. Returns the first failure.
  Status FailThose(const std::map<std::size_t, Status>& results);

  // Fixed after Open, so any thread.
  std::size_t size() const { return dirs_.size(); }
  const std::shared_ptr<LogDir>& at(std::size_t index) const { return dirs_[index]; }
  // The one a new log goes to: online, with the fewest logs; null: none is online. Any thread.
  std::shared_ptr<LogDir> ForNewLog() const;

  // Runs `work(LogDir&)` on each online directory's disk executor, then `then(std::map<index, T>&)` on control.
  template <class T, class Work, class Then>
  void OnEach(Work work, Then then);

 private:
  void MakeDirs(const std::vector<std::string>& paths);
  Result<DirIdentity> Identify(std::map<std::size_t, OpenedDir>& opened);

  Executors& loops_;
  FileSystem& files_;
  const Clock& clock_;
  std::vector<std::shared_ptr<LogDir>> dirs_;
  std::vector<std::unique_ptr<DirLock>> locks_;
  std::vector<std::optional<MetaProperties>> metas_;
  std::function<void(std::size_t, const Status&)> on_offline_;
};

template <class T, class Work, class Then>
void LogDirs::OnEach(Work work, Then then) {
  struct Gather {
    std::size_t left = 0;
    std::map<std::size_t, T> results;
    Then then;
  };
  loops_.Control().CheckOnLoop();
  std::vector<std::size_t> online;
  for (const auto& dir : dirs_) {
    if (!dir->offline()) online.push_back(dir->index());
  }
  auto gather = std::make_shared<Gather>(Gather{.left = online.size(), .results = {}, .then = std::move(then)});
  if (online.empty()) return gather->then(gather->results);
  for (const std::size_t index : online) {
    dirs_[index]->disk().Post([self = shared_from_this(), index, work, gather] {
      auto result = std::make_shared<T>(work(*self->dirs_[index]));
      self->loops_.Control().Post([index, result, gather] {
        gather->results.emplace(index, std::move(*result));
        if (--gather->left == 0) gather->then(gather->results);
      });
    });
  }
}

}  // namespace ottla
