// A log is deleted: its directory is renamed aside, its bounds are forgotten, its files go later (readers may still be
// sending from them). After a crash in between, the next start finds the renamed directory and removes it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "broker/log/log_dirs.h"
#include "broker/log/log_shards.h"
#include "common/base/executor.h"
#include "common/base/ids.h"
#include "common/base/random.h"
#include "common/base/status.h"

namespace ottla {

class LogDeletion : public std::enable_shared_from_this<LogDeletion> {
 public:
  // `delay_ms`: between the renaming and the end of the files.
  LogDeletion(Executors& loops, std::shared_ptr<LogDirs> dirs, std::shared_ptr<LogShards> shards, Random random,
              std::int64_t delay_ms);

  // On the loop of the partition. kNotFound: no such log; kUnavailable: it may be where it is offline.
  void Delete(const TopicPartition& tp, UniqueFunction<void(Status)> done);
  // On `owner`, whose timer it is: removes these directories of `dir` after the delay.
  void RemoveLater(Executor& owner, const std::shared_ptr<LogDir>& dir, const std::vector<std::string>& names) const;

  // On control: renames a partition directory aside that no log was loaded from; gives the new name.
  std::string SetAside(const std::shared_ptr<LogDir>& dir, const TopicPartition& tp);

 private:
  struct Deletion {
    std::size_t loop = 0;
    std::string name;  // what the directory is called now
    Status renamed;
    UniqueFunction<void(Status)> done;
  };

  void Settle(const std::shared_ptr<LogDir>& dir, Deletion deletion);
  void SyncDeletions(const std::shared_ptr<LogDir>& dir);

  Executors& loops_;
  const std::shared_ptr<LogDirs> dirs_;
  const std::shared_ptr<LogShards> shards_;
  std::vector<Random> randoms_;                           // one per loop
  Random aside_names_;                                    // control
  std::map<std::size_t, std::vector<Deletion>> waiting_;  // by directory: renamed, not yet synced
  std::mutex waiting_mutex_;                              // guards waiting_
  const std::int64_t delay_ms_;
};

}  // namespace ottla
