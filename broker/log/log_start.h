// Start: every partition directory found in log.dirs is opened, on the disk executor of its directory, one task each.
//
// Owner: the control executor.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "broker/log/dir_survey.h"
#include "broker/log/log_config.h"
#include "broker/log/log_deletion.h"
#include "broker/log/log_dirs.h"
#include "broker/log/log_shards.h"
#include "common/base/executor.h"
#include "common/base/ids.h"
#include "common/base/status.h"

namespace ottla {

class LogStart : public std::enable_shared_from_this<LogStart> {
 public:
  LogStart(Executors& loops, const Clock& clock, std::shared_ptr<LogDirs> dirs, std::shared_ptr<LogShards> shards,
           std::function<LogConfig(const std::string& topic)> config_of, std::shared_ptr<LogDeletion> deletion)
      : loops_(loops),
        clock_(clock),
        dirs_(std::move(dirs)),
        shards_(std::move(shards)),
        config_of_(std::move(config_of)),
        deletion_(std::move(deletion)) {}

  // Once. Writes the identity where it is missing, then loads. Only an identity that is not ours and a partition that
  // is in two directories stop the start; damage is told in the log, kept aside, and loading goes on.
  void Load(BrokerId broker_id, const std::string& cluster_id, UniqueFunction<void(Status)> done);
  // Whether an orderly end may say that directory `index` was left clean: it was found so, or all of it was loaded.
  bool MayBeMarkedClean(std::size_t index) const;

  // Whether its logs began to be loaded: only then may its checkpoints be written.
  bool Entered(std::size_t index) const { return index < entered_.size() && entered_[index]; }
  bool finished() const { return finished_; }

 private:
  struct Bounds {
    OffsetCheckpoint recovery_points;
    OffsetCheckpoint log_starts;
  };

  void LoadPartitions(std::map<std::size_t, DirSurvey>& surveys, UniqueFunction<void(Status)> done);
  void Refuse(const Status& why, const std::map<std::size_t, DirSurvey>& surveys, UniqueFunction<void(Status)> done);
  Status PartTwins(const TopicPartition& tp, const std::map<std::size_t, std::set<TopicPartition>>& full,
                   std::map<std::size_t, DirSurvey>& surveys);
  void LoadSurveyed(const std::map<std::size_t, DirSurvey>& surveys, UniqueFunction<void(Status)> done);
  void LoadDir(const std::shared_ptr<LogDir>& dir, const DirSurvey& survey);
  void LoadOne(const std::shared_ptr<LogDir>& dir, const DirSurvey& survey, const TopicPartition& tp);
  void OneLoaded();
  void CorrectCheckpoints();
  void Finish();

  Executors& loops_;
  const Clock& clock_;
  const std::shared_ptr<LogDirs> dirs_;
  const std::shared_ptr<LogShards> shards_;
  const std::function<LogConfig(const std::string& topic)> config_of_;
  const std::shared_ptr<LogDeletion> deletion_;
  std::vector<bool> entered_;  // by directory
  std::vector<bool> clean_at_start_;
  std::vector<bool> loaded_;
  std::vector<Bounds> found_;  // what the checkpoints said
  UniqueFunction<void(Status)> done_;
  std::size_t loading_ = 0;  // logs under way
  bool finished_ = false;
};

}  // namespace ottla
