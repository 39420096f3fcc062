// All log directories of a broker and the logs in them.
//
// Owners: the manager itself and everything named "Control" below belong to the control executor; each log belongs to
// the data loop `loop_of(tp)`, and so do the calls about one partition. Callbacks run on the executor of the call.
//
// Order of a start: Open (locks, identity) - Load (all partitions, on the disk executors, one task each) - then use.
// Order of a stop: Shutdown flushes and closes every log, writes the checkpoints and, per directory where all of that
// worked, the clean mark; then the locks go.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "broker/log/log_config.h"
#include "broker/log/log_dirs.h"
#include "broker/log/partition_log.h"
#include "common/base/executor.h"
#include "common/base/ids.h"
#include "common/base/random.h"
#include "common/base/status.h"
#include "common/io/file.h"

namespace ottla {

struct LogManagerOptions {
  std::vector<std::string> dirs;  // log.dirs, in order; the index names the Disk executor
  // Same answer on every thread, always the same for one partition.
  std::function<std::size_t(const TopicPartition&)> loop_of;
  // Settings of the logs found at start, and of new ones. Any thread.
  std::function<LogConfig(const std::string& topic)> config_of;
  std::int64_t delete_dir_delay_ms = 60'000;  // broker's file.delete.delay.ms, for -delete directories
  std::size_t open_files_per_loop = 2'000;    // segments and indexes kept open
  // Changed logs of one directory that an orderly end flushes one by one; of more it syncs the file system once.
  std::size_t flushed_one_by_one = 32;
};

class LogManager {
 public:
  LogManager(Executors& loops, FileSystem& files, const Clock& clock, Random random, LogManagerOptions options);
  ~LogManager();
  LogManager(const LogManager&) = delete;
  LogManager& operator=(const LogManager&) = delete;

  // --- Control.
  // Creates missing directories, locks them, reads meta.properties. An error names what refuses the start: a directory
  // locked by another process, or identities that contradict each other. A directory that cannot be read is offline; an
  // error when none is left.
  void Open(UniqueFunction<void(Result<DirIdentity>)> done);
  // Checks the identity against each meta.properties (an error names both values) and writes it where missing; then
  // loads. Only partitions found twice stop the start; damage is reported in the log, kept aside, and loading goes on.
  void Load(BrokerId broker_id, const std::string& cluster_id, UniqueFunction<void(Status)> done);
  // `on_offline` (control) for each directory that fails from now on. Its logs answer kStorage by then.
  void OnDirOffline(std::function<void(std::size_t dir_index, const Status& why)> on_offline);
  std::vector<LogDirStatus> Dirs() const;
  bool AllOffline() const;

  // Timers of the broker call these (control); each gathers from the loops, then writes on the disk executors.
  void CheckpointHighWatermarks(UniqueFunction<void(Status)> done);  // every 5 s, once the first LeaderAndIsr was seen
  void CheckpointRecoveryPoints(UniqueFunction<void(Status)> done);  // every 60 s
  void CheckpointLogStarts(UniqueFunction<void(Status)> done);       // every 60 s
  void RunRetention();                                               // every 5 minutes: posts to the loops
  void RunFlush();  // every log.flush.scheduler.interval.ms; flush.ms of topics
  void RunProducerExpiry();

  // High watermarks, then every log, then checkpoints and clean marks (with `broker_epoch`); then unlocks.
  void Shutdown(std::int64_t broker_epoch, UniqueFunction<void(Status)> done);

  // --- On loop_of(tp).
  std::shared_ptr<PartitionLog> Get(const TopicPartition& tp) const;  // null: none here
  // The log of `tp`, created in the online directory with the fewest logs when there is none. With a directory offline
  // and `is_new` false it is not created (its data may be there): kUnavailable. `done` at once or later.
  void GetOrCreate(const TopicPartition& tp, const Uuid& topic_id, bool is_new,
                   UniqueFunction<void(Result<std::shared_ptr<PartitionLog>>)> done);
  // Renames the directory aside, forgets it, removes files later. kNotFound: none; kUnavailable: it may be offline.
  void Delete(const TopicPartition& tp, UniqueFunction<void(Status)> done);

  // --- On data loop `loop`: its logs.
  void ForEach(std::size_t loop, const std::function<void(PartitionLog&)>& each) const;

 private:
  struct Parts;
  const std::unique_ptr<Parts> parts_;
};

}  // namespace ottla
