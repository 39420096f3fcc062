#include "broker/log/log_manager.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <map>
#include <set>
#include <unordered_map>
#include <utility>

#include "broker/log/file_cache.h"
#include "broker/log/log_loader.h"
#include "broker/log/meta_properties.h"
#include "broker/log/segment_files.h"

namespace ottla {
namespace {

constexpr std::string_view kLockFile = ".lock";
constexpr std::string_view kDeleteDirSuffix = "-delete";
constexpr std::string_view kStrayDirSuffix = "-stray";
constexpr std::string_view kFutureDirSuffix = "-future";
constexpr std::size_t kMaxName = 255;

// What opening one directory found.
struct OpenedDir {
  Status status;
  std::unique_ptr<DirLock> lock;
  std::optional<MetaProperties> meta;  // nullopt: no file
};

std::string ParentOf(const std::string& path) {
  const auto slash = path.find_last_of('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

// Creates what is missing of `path`, durably: no fsync below can save a file whose directory is lost.
Status CreateDurably(FileSystem& files, const std::string& path) {
  std::vector<std::string> parents;
  for (std::string at = path; !files.Stat(at).ok() && ParentOf(at) != at; at = ParentOf(at)) {
    parents.push_back(ParentOf(at));
  }
  OTTLA_RETURN_IF_ERROR(files.CreateDirs(path));
  for (const auto& parent : parents) OTTLA_RETURN_IF_ERROR(files.SyncDir(parent));
  return Status::Ok();
}

OpenedDir OpenDir(FileSystem& files, const std::string& path) {
  OpenedDir opened;
  opened.status = CreateDurably(files, path);
  if (!opened.status.ok()) return opened;
  auto lock = files.Lock(path + "/" + std::string(kLockFile));
  opened.status = lock.status();
  if (!lock.ok()) return opened;
  opened.lock = std::move(lock).value();
  const auto text = files.ReadFile(path + "/" + std::string(kMetaPropertiesFile), 1 << 20);
  if (text.status().code() == StatusCode::kNotFound) return opened;
  opened.status = text.status();
  if (!text.ok()) return opened;
  auto meta = ParseMetaProperties(*text);
  opened.status = meta.status();
  if (meta.ok()) opened.meta = std::move(meta).value();
  return opened;
}

// What a directory's own files say before its logs are loaded.
struct DirSurvey {
  Status status;
  bool clean = false;
  OffsetCheckpoint recovery_points;
  OffsetCheckpoint log_starts;
  OffsetCheckpoint high_watermarks;
  std::vector<TopicPartition> partitions;
  std::vector<std::string> to_delete;  // names of -delete directories
  std::vector<std::string> notes;
};

// Reads a checkpoint; an unreadable one is kept aside and counts as empty.
Status ReadCheckpoint(FileSystem& files, const std::string& dir, std::string_view name, OffsetCheckpoint& into,
                      std::vector<std::string>& notes) {
  const std::string path = dir + "/" + std::string(name);
  const auto text = files.ReadFile(path);
  if (text.status().code() == StatusCode::kNotFound) return Status::Ok();
  if (!text.ok() && text.status().code() != StatusCode::kCorrupt) return text.status();
  auto parsed = text.ok() ? ParseOffsetCheckpoint(*text) : Result<OffsetCheckpoint>(text.status());
  if (parsed.ok()) {
    into = std::move(parsed).value();
    return Status::Ok();
  }
  notes.push_back(path + " is unreadable (" + parsed.status().message() + "): kept as .bad, taken as empty");
  return files.Rename(path, path + ".bad");
}

Status SurveyNames(FileSystem& files, const std::string& dir, DirSurvey& survey) {
  const auto entries = files.List(dir);
  if (!entries.ok()) return entries.status();
  for (const auto& entry : *entries) {
    if (!entry.is_dir || entry.name == "remote-log-index-cache") continue;
    const std::string& name = entry.name;
    if (name.ends_with(kDeleteDirSuffix) && name.find('.') != std::string::npos) {
      survey.to_delete.push_back(name);
    } else if (name.ends_with(kStrayDirSuffix) || name.ends_with(kFutureDirSuffix)) {
      survey.notes.push_back(dir + "/" + name + " is left as it is and not served");
    } else if (auto tp = ParsePartitionDir(name)) {
      survey.partitions.push_back(std::move(tp).value());
    } else {
      survey.notes.push_back(dir + "/" + name + " is no partition and is left as it is");
    }
  }
  return Status::Ok();
}

DirSurvey Survey(FileSystem& files, const std::string& dir) {
  DirSurvey survey;
  const auto run = [&] {
    const std::string mark = dir + "/" + std::string(kCleanShutdownFile);
    survey.clean = files.Stat(mark).ok();
    if (survey.clean) {
      // Durably gone before the first log is opened: a crash from here on must count as unclean.
      OTTLA_RETURN_IF_ERROR(files.Remove(mark));
      OTTLA_RETURN_IF_ERROR(files.SyncDir(dir));
    }
    OTTLA_RETURN_IF_ERROR(ReadCheckpoint(files, dir, kRecoveryPointFile, survey.recovery_points, survey.notes));
    OTTLA_RETURN_IF_ERROR(ReadCheckpoint(files, dir, kLogStartFile, survey.log_starts, survey.notes));
    OTTLA_RETURN_IF_ERROR(ReadCheckpoint(files, dir, kHighWatermarkFile, survey.high_watermarks, survey.notes));
    return SurveyNames(files, dir, survey);
  };
  survey.status = run();
  return survey;
}

Offset CheckpointOr0(const OffsetCheckpoint& checkpoint, const TopicPartition& tp) {
  const auto it = checkpoint.find(tp);
  return it == checkpoint.end() ? Offset(0) : Offset(std::max<std::int64_t>(it->second.value, 0));
}

// Whether a partition's directory has any record in it. What cannot be read is taken for full.
bool HoldsRecords(FileSystem& files, const std::string& path) {
  const auto entries = files.List(path);
  if (!entries.ok()) return true;
  return std::ranges::any_of(*entries, [&](const DirEntry& entry) {
    if (entry.is_dir || !entry.name.ends_with(kLogSuffix)) return false;
    const auto info = files.Stat(path + "/" + entry.name);
    return !info.ok() || info->size > 0;
  });
}

// orders-3.0f…-delete; the topic is cut so that the name stays within what file systems allow.
std::string DeletedName(const TopicPartition& tp, Random& random) {
  std::array<char, 33> hex{};
  std::snprintf(hex.data(), hex.size(), "%016llx%016llx", static_cast<unsigned long long>(random.Next()),
                static_cast<unsigned long long>(random.Next()));
  const std::string suffix = "-" + std::to_string(tp.partition) + "." + hex.data() + std::string(kDeleteDirSuffix);
  return tp.topic.substr(0, kMaxName - suffix.size()) + suffix;
}

}  // namespace

class LogManager::Impl : public std::enable_shared_from_this<Impl> {
  struct Deletion {
    std::size_t loop = 0;
    std::string name;  // what the directory is called now
    Status renamed;
    UniqueFunction<void(Status)> done;
  };

 public:
  Impl(Executors& loops, FileSystem& files, const Clock& clock, Random random, LogManagerOptions options)
      : loops_(loops),
        files_(files),
        clock_(clock),
        options_(std::move(options)),
        shards_(loops.data_loops()),
        twin_names_(0) {
    for (auto& shard : shards_) {
      shard.random = random.Fork();
      shard.cache = std::make_shared<FileCache>(options_.open_files_per_loop);
    }
    twin_names_ = random.Fork();
  }

  // Directories tell of failures from any thread; the manager may be gone by then.
  void MakeDirs() {
    for (std::size_t i = 0; i < options_.dirs.size(); ++i) {
      dirs_.push_back(std::make_shared<LogDir>(
          options_.dirs[i], i, files_, loops_.Disk(i), clock_,
          [weak = weak_from_this(), control = &loops_.Control()](std::size_t index, const Status& why) {
            control->Post([weak, index, why] {
              if (const auto self = weak.lock()) self->DirFailed(index, why);
            });
          }));
    }
    locks_.resize(dirs_.size());
    metas_.resize(dirs_.size());
    clean_at_start_.resize(dirs_.size());
    deletions_.resize(dirs_.size());
    loaded_.resize(dirs_.size());
  }

  void DirFailed(std::size_t index, const Status& why) {
    locks_[index] = nullptr;
    if (on_offline_) on_offline_(index, why);
  }

  // Runs `work(dir index)` on each online directory's disk executor, then `then(results)` on control.
  template <class T, class Work, class Then>
  void OnEachDir(Work work, Then then) {
    struct Gather {
      std::size_t left = 0;
      std::map<std::size_t, T> results;
    };
    auto gather = std::make_shared<Gather>();
    std::vector<std::size_t> online;
    for (const auto& dir : dirs_) {
      if (!dir->offline()) online.push_back(dir->index());
    }
    gather->left = online.size();
    auto shared_then = std::make_shared<Then>(std::move(then));
    if (online.empty()) return (*shared_then)(gather->results);
    for (const std::size_t index : online) {
      dirs_[index]->disk().Post([self = shared_from_this(), index, work, gather, shared_then] {
        auto result = std::make_shared<T>(work(*self->dirs_[index]));
        self->loops_.Control().Post([self, index, result, gather, shared_then] {
          gather->results.emplace(index, std::move(*result));
          if (--gather->left == 0) (*shared_then)(gather->results);
        });
      });
    }
  }

  // Runs `work(shard)` on every data loop, then `then()` on control.
  template <class Work, class Then>
  void OnEachLoop(Work work, Then then) {
    auto left = std::make_shared<std::size_t>(shards_.size());
    auto shared_then = std::make_shared<Then>(std::move(then));
    for (std::size_t i = 0; i < shards_.size(); ++i) {
      loops_.Data(i).Post([self = shared_from_this(), i, work, left, shared_then] {
        work(self->shards_[i]);
        self->loops_.Control().Post([self, left, shared_then] {
          if (--*left == 0) (*shared_then)();
        });
      });
    }
  }

  // --- Start.

  void Open(UniqueFunction<void(Result<DirIdentity>)> done) {
    loops_.Control().CheckOnLoop();
    MakeDirs();
    OnEachDir<OpenedDir>(
        [](LogDir& dir) { return OpenDir(dir.files(), dir.path()); },
        [this, done = std::move(done)](std::map<std::size_t, OpenedDir>& opened) mutable { done(Identify(opened)); });
  }

  Result<DirIdentity> Identify(std::map<std::size_t, OpenedDir>& opened) {
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
    if (AllOffline()) return Status(StatusCode::kIoError, "none of the log directories can be used: " + Failures());
    return identity;
  }

  static Status Contradiction(std::string_view key, const std::string& path, const std::string& value,
                              const std::string& other, const std::string& other_value) {
    return {StatusCode::kInvalidArgument, std::string(key) + " in " + path + "/meta.properties is " + value + ", but " +
                                              other + " says " + other_value +
                                              ". Data of another broker or cluster is not opened."};
  }

  std::string Failures() const {
    std::string text;
    for (const auto& dir : dirs_) {
      if (dir->offline()) text += (text.empty() ? "" : "; ") + dir->path() + ": " + dir->failure();
    }
    return text;
  }

  void Load(BrokerId broker_id, const std::string& cluster_id, UniqueFunction<void(Status)> done) {
    loops_.Control().CheckOnLoop();
    for (std::size_t i = 0; i < dirs_.size(); ++i) {
      if (dirs_[i]->offline() || !metas_[i]) continue;
      const std::string& path = dirs_[i]->path();
      if (metas_[i]->broker_id && *metas_[i]->broker_id != broker_id) {
        return done(Contradiction("broker.id", path, std::to_string(metas_[i]->broker_id->value), "the configuration",
                                  std::to_string(broker_id.value)));
      }
      if (metas_[i]->cluster_id && *metas_[i]->cluster_id != cluster_id) {
        return done(Contradiction("cluster.id", path, *metas_[i]->cluster_id, "ZooKeeper", cluster_id));
      }
    }
    const MetaProperties wanted{.broker_id = broker_id, .cluster_id = cluster_id, .others = {}};
    OnEachDir<DirSurvey>(
        [wanted, metas = metas_](LogDir& dir) {
          const auto& found = metas[dir.index()];
          MetaProperties meta = wanted;
          if (found) meta.others = found->others;
          if (!found || *found != meta) {
            const Status written = dir.files().ReplaceFile(dir.path() + "/" + std::string(kMetaPropertiesFile),
                                                           MetaPropertiesText(meta, dir.clock().WallMillis()));
            if (!written.ok()) return DirSurvey{.status = written};
          }
          return Survey(dir.files(), dir.path());
        },
        [this, done = std::move(done)](std::map<std::size_t, DirSurvey>& surveys) mutable {
          LoadPartitions(surveys, std::move(done));
        });
  }

  void LoadPartitions(std::map<std::size_t, DirSurvey>& surveys, UniqueFunction<void(Status)> done) {
    std::map<TopicPartition, std::size_t> owners;
    std::set<TopicPartition> twins;
    for (auto& [index, survey] : surveys) {
      for (const auto& note : survey.notes) LOG(WARNING) << note;
      if (!survey.status.ok()) {
        dirs_[index]->Fail(survey.status);
        continue;
      }
      for (const auto& tp : survey.partitions) {
        if (!owners.emplace(tp, index).second) twins.insert(tp);
      }
    }
    if (AllOffline()) return done({StatusCode::kIoError, "none of the log directories can be used: " + Failures()});
    if (twins.empty()) return LoadSurveyed(surveys, std::move(done));
    auto kept = std::make_shared<std::map<std::size_t, DirSurvey>>(std::move(surveys));
    OnEachDir<std::set<TopicPartition>>(
        [twins](LogDir& dir) {
          std::set<TopicPartition> full;
          for (const TopicPartition& tp : twins) {
            const std::string path = dir.path() + "/" + tp.ToString();
            if (dir.files().Stat(path).ok() && HoldsRecords(dir.files(), path)) full.insert(tp);
          }
          return full;
        },
        [this, kept, twins, done = std::move(done)](std::map<std::size_t, std::set<TopicPartition>>& full) mutable {
          for (const TopicPartition& tp : twins) {
            if (const Status parted = PartTwins(tp, full, *kept); !parted.ok()) return done(parted);
          }
          LoadSurveyed(*kept, std::move(done));
        });
  }

  // A directory in which a log was being made when it failed is left behind, without records, and the log made in
  // another. Of such twins the one with records stays (the first of none); two with records only a person can judge.
  Status PartTwins(const TopicPartition& tp, const std::map<std::size_t, std::set<TopicPartition>>& full,
                   std::map<std::size_t, DirSurvey>& surveys) {
    std::optional<std::size_t> stays;
    for (const auto& [index, partitions] : full) {
      if (!partitions.contains(tp)) continue;
      if (stays) {
        return {StatusCode::kInvalidArgument, tp.ToString() + " is in " + dirs_[*stays]->path() + " and in " +
                                                  dirs_[index]->path() + ": remove one of them"};
      }
      stays = index;
    }
    for (auto& [index, survey] : surveys) {
      const auto found = std::ranges::find(survey.partitions, tp);
      if (!survey.status.ok() || found == survey.partitions.end()) continue;
      if (!stays) stays = index;
      if (*stays == index) continue;
      survey.partitions.erase(found);
      const std::string name = DeletedName(tp, twin_names_);
      survey.to_delete.push_back(name);
      LOG(WARNING) << dirs_[index]->path() << "/" << tp.ToString() << " holds no records and is also in "
                   << dirs_[*stays]->path() << "; removed";
      dirs_[index]->disk().Post([dir = dirs_[index], from = tp.ToString(), name] {
        const Status renamed = dir->files().Rename(dir->path() + "/" + from, dir->path() + "/" + name);
        if (!renamed.ok()) dir->Fail(renamed);
      });
    }
    return Status::Ok();
  }

  void LoadSurveyed(std::map<std::size_t, DirSurvey>& surveys, UniqueFunction<void(Status)> done) {
    load_done_ = std::move(done);
    loading_ = 1;
    for (const auto& [index, survey] : surveys) {
      if (survey.status.ok()) loading_ += survey.partitions.size();
    }
    for (auto& [index, survey] : surveys) {
      if (!survey.status.ok()) continue;
      LOG(INFO) << dirs_[index]->path() << ": loading " << survey.partitions.size() << " logs after "
                << (survey.clean ? "a clean" : "an unclean") << " stop";
      clean_at_start_[index] = survey.clean;
      for (const auto& tp : survey.partitions) LoadOne(index, survey, tp);
      RemoveDirsLater(index, survey.to_delete);
    }
    OneLoaded();
  }

  void LoadOne(std::size_t index, const DirSurvey& survey, const TopicPartition& tp) {
    LoadOptions load{.config = options_.config_of(tp.topic),
                     .clean = survey.clean,
                     .recovery_point = CheckpointOr0(survey.recovery_points, tp),
                     .log_start = CheckpointOr0(survey.log_starts, tp),
                     .high_watermark = CheckpointOr0(survey.high_watermarks, tp),
                     .now_ms = clock_.WallMillis()};
    dirs_[index]->log_count.fetch_add(1);
    dirs_[index]->disk().Post([self = shared_from_this(), index, tp, load] {
      const auto& dir = self->dirs_[index];
      auto loaded = dir->offline() ? Result<LoadedLog>(Status(StatusCode::kIoError, "the log directory is offline"))
                                   : LoadLog(self->files_, dir->path() + "/" + tp.ToString(), load);
      if (!loaded.ok()) {
        dir->Fail(loaded.status().WithContext("loading " + tp.ToString()));
        return self->loops_.Control().Post([self] { self->OneLoaded(); });
      }
      for (const auto& note : loaded->notes) LOG(WARNING) << tp << ": " << note;
      const std::size_t loop = self->options_.loop_of(tp);
      self->loops_.Data(loop).Post([self, index, loop, tp, config = load.config,
                                    loaded = std::make_shared<LoadedLog>(std::move(loaded).value())] {
        self->AddLog(loop, index, tp, config, std::move(*loaded));
        self->loops_.Control().Post([self] { self->OneLoaded(); });
      });
    });
  }

  std::shared_ptr<PartitionLog> AddLog(std::size_t loop, std::size_t dir, const TopicPartition& tp,
                                       const LogConfig& config, LoadedLog loaded) {
    Shard& shard = shards_[loop];
    auto log =
        std::make_shared<PartitionLog>(tp, dirs_[dir], loops_.Data(loop), shard.cache, config, std::move(loaded));
    shard.logs[tp] = log;
    return log;
  }

  void OneLoaded() {
    if (--loading_ > 0) return;
    for (const auto& dir : dirs_) loaded_[dir->index()] = !dir->offline();
    auto done = std::move(load_done_);
    done(AllOffline() ? Status(StatusCode::kIoError, "none of the log directories can be used: " + Failures())
                      : Status::Ok());
  }

  void RemoveDirsLater(std::size_t index, const std::vector<std::string>& names) {
    if (names.empty()) return;
    loops_.Control().RunAfter(Millis(options_.delete_dir_delay_ms), [self = shared_from_this(), index, names] {
      self->dirs_[index]->disk().Post([self, index, names] {
        for (const auto& name : names) RemoveDir(*self->dirs_[index], name);
      });
    });
  }

  static void RemoveDir(LogDir& dir, const std::string& name) {
    if (dir.offline()) return;
    if (const Status removed = dir.files().RemoveAll(dir.path() + "/" + name); !removed.ok()) dir.Fail(removed);
  }

  std::vector<LogDirStatus> Dirs() const {
    std::vector<LogDirStatus> all;
    for (const auto& dir : dirs_)
      all.push_back({.path = dir->path(), .offline = dir->offline(), .failure = dir->failure()});
    return all;
  }

  bool AllOffline() const {
    return std::ranges::all_of(dirs_, [](const auto& dir) { return dir->offline(); });
  }

  void OnDirOffline(std::function<void(std::size_t, const Status&)> on_offline) { on_offline_ = std::move(on_offline); }

  // --- Checkpoints.

  using Write = Status (LogDir::*)();
  void WriteCheckpoint(Write write, UniqueFunction<void(Status)> done) {
    loops_.Control().CheckOnLoop();
    OnEachDir<Status>([write](LogDir& dir) { return (dir.*write)(); },
                      [this, done = std::move(done)](const std::map<std::size_t, Status>& results) mutable {
                        done(FailDirs(results));
                      });
  }

  // A directory whose checkpoint cannot be written is offline. Returns the first failure.
  Status FailDirs(const std::map<std::size_t, Status>& results) {
    Status first;
    for (const auto& [index, status] : results) {
      if (status.ok()) continue;
      dirs_[index]->Fail(status);
      if (first.ok()) first = status;
    }
    return first;
  }

  void CheckpointHighWatermarks(UniqueFunction<void(Status)> done) {
    loops_.Control().CheckOnLoop();
    // One map per loop and directory, each filled on its loop and read on control when all have answered.
    auto gathered = std::make_shared<std::vector<std::map<std::size_t, OffsetCheckpoint>>>(shards_.size());
    OnEachLoop(
        [gathered, first = shards_.data()](Shard& shard) {
          auto& mine = (*gathered)[static_cast<std::size_t>(&shard - first)];
          for (const auto& [tp, log] : shard.logs) mine[log->dir().index()][tp] = log->high_watermark();
        },
        [this, gathered, done = std::move(done)]() mutable {
          auto merged = std::make_shared<std::map<std::size_t, OffsetCheckpoint>>();
          for (auto& loop : *gathered) {
            for (auto& [index, offsets] : loop) (*merged)[index].merge(offsets);
          }
          for (const auto& dir : dirs_) (*merged)[dir->index()];
          OnEachDir<Status>(
              [merged](LogDir& dir) {
                return dir.files().ReplaceFile(dir.path() + "/" + std::string(kHighWatermarkFile),
                                               OffsetCheckpointText(merged->at(dir.index())));
              },
              [this, done = std::move(done)](const std::map<std::size_t, Status>& results) mutable {
                done(FailDirs(results));
              });
        });
  }

  template <class Each>
  void PostToLogs(Each each) {
    for (std::size_t i = 0; i < shards_.size(); ++i) {
      loops_.Data(i).Post([self = shared_from_this(), i, each] {
        for (const auto& log : self->Snapshot(i)) each(*log);
      });
    }
  }

  // The logs of a loop now: what is done to one may remove another.
  std::vector<std::shared_ptr<PartitionLog>> Snapshot(std::size_t loop) const {
    std::vector<std::shared_ptr<PartitionLog>> all;
    all.reserve(shards_[loop].logs.size());
    for (const auto& [tp, log] : shards_[loop].logs) all.push_back(log);
    return all;
  }

  void RunRetention() {
    PostToLogs([now = clock_.WallMillis()](PartitionLog& log) { log.ApplyRetention(now, [](std::size_t) {}); });
  }
  void RunFlush() {
    PostToLogs([now = clock_.WallMillis()](PartitionLog& log) { log.FlushIfDue(now); });
  }
  void RunProducerExpiry() {
    PostToLogs([now = clock_.WallMillis()](PartitionLog& log) { log.ExpireProducers(now); });
  }

  // --- Stop.

  void Shutdown(std::int64_t broker_epoch, UniqueFunction<void(Status)> done) {
    CheckpointHighWatermarks([this, broker_epoch, done = std::move(done)](const Status& status) mutable {
      if (!status.ok()) LOG(ERROR) << "high watermarks at the end: " << status;
      CloseLogs(broker_epoch, std::move(done));
    });
  }

  void CloseLogs(std::int64_t broker_epoch, UniqueFunction<void(Status)> done) {
    struct Closing {
      std::size_t left = 1;
      std::set<std::size_t> failed;  // directories
      UniqueFunction<void(Status)> done;
    };
    auto closing = std::make_shared<Closing>();
    closing->done = std::move(done);
    const auto one_closed = [self = shared_from_this(), closing, broker_epoch](std::size_t dir, bool ok) {
      if (!ok) closing->failed.insert(dir);
      if (--closing->left == 0) self->MarkClean(broker_epoch, closing->failed, std::move(closing->done));
    };
    auto counts = std::make_shared<std::vector<std::vector<std::shared_ptr<PartitionLog>>>>(shards_.size());
    OnEachLoop(
        [counts, first = shards_.data(), this](Shard& shard) {
          const auto loop = static_cast<std::size_t>(&shard - first);
          (*counts)[loop] = Snapshot(loop);
        },
        [this, counts, closing, one_closed] {
          for (const auto& logs : *counts) closing->left += logs.size();
          for (std::size_t loop = 0; loop < counts->size(); ++loop) {
            loops_.Data(loop).Post([self = shared_from_this(), logs = (*counts)[loop], one_closed] {
              for (const auto& log : logs) {
                const std::size_t dir = log->dir().index();
                log->Close([self, dir, one_closed, log](const Status& status) {
                  if (!status.ok()) LOG(ERROR) << log->tp() << ": closing: " << status;
                  self->loops_.Control().Post([dir, ok = status.ok(), one_closed] { one_closed(dir, ok); });
                });
              }
            });
          }
          one_closed(0, true);
        });
  }

  void MarkClean(std::int64_t broker_epoch, const std::set<std::size_t>& failed, UniqueFunction<void(Status)> done) {
    OnEachDir<Status>(
        [broker_epoch, failed, loaded = loaded_, clean = clean_at_start_](LogDir& dir) {
          OTTLA_RETURN_IF_ERROR(dir.WriteRecoveryPoints());
          OTTLA_RETURN_IF_ERROR(dir.WriteLogStarts());
          const std::size_t index = dir.index();
          if (failed.contains(index) || (!loaded[index] && !clean[index])) return Status::Ok();
          return dir.files().ReplaceFile(dir.path() + "/" + std::string(kCleanShutdownFile),
                                         CleanShutdownText(broker_epoch));
        },
        [this, done = std::move(done)](const std::map<std::size_t, Status>& results) mutable {
          const Status status = FailDirs(results);
          locks_.clear();
          locks_.resize(dirs_.size());
          done(status);
        });
  }

  // --- One partition, on its loop.

  std::shared_ptr<PartitionLog> Get(const TopicPartition& tp) const {
    const Shard& shard = shards_[options_.loop_of(tp)];
    const auto it = shard.logs.find(tp);
    return it == shard.logs.end() ? nullptr : it->second;
  }

  using CreateDone = UniqueFunction<void(Result<std::shared_ptr<PartitionLog>>)>;

  void GetOrCreate(const TopicPartition& tp, const Uuid& topic_id, bool is_new, CreateDone done) {
    const std::size_t loop = options_.loop_of(tp);
    loops_.Data(loop).CheckOnLoop();
    if (auto log = Get(tp)) return done(std::move(log));
    if (!is_new && std::ranges::any_of(dirs_, [](const auto& dir) { return dir->offline(); })) {
      return done(Status(StatusCode::kUnavailable, tp.ToString() + " may be in a log directory that is offline"));
    }
    auto& waiting = shards_[loop].creating[tp];
    waiting.push_back(std::move(done));
    if (waiting.size() == 1) CreateIn(loop, tp, topic_id);
  }

  // Tries the online directories, the one with the fewest logs first, until one takes the log.
  void CreateIn(std::size_t loop, const TopicPartition& tp, const Uuid& topic_id) {
    std::shared_ptr<LogDir> best;
    for (const auto& dir : dirs_) {
      if (!dir->offline() && (best == nullptr || dir->log_count < best->log_count)) best = dir;
    }
    if (best == nullptr) {
      return Created(loop, tp, Status(StatusCode::kIoError, "no log directory is online"));
    }
    best->log_count.fetch_add(1);
    best->disk().Post([self = shared_from_this(), best, loop, tp, topic_id] {
      const LogConfig config = self->options_.config_of(tp.topic);
      const std::string path = best->path() + "/" + tp.ToString();
      auto made = self->Make(path, config, topic_id);
      if (!made.ok()) {
        best->Fail(made.status().WithContext("creating " + tp.ToString()));
        return self->loops_.Data(loop).Post([self, best, loop, tp, topic_id] {
          best->log_count.fetch_sub(1);
          self->CreateIn(loop, tp, topic_id);
        });
      }
      self->loops_.Data(loop).Post(
          [self, best, loop, tp, config, made = std::make_shared<LoadedLog>(std::move(made).value())] {
            self->Created(loop, tp, self->AddLog(loop, best->index(), tp, config, std::move(*made)));
          });
    });
  }

  // A directory of that name was not loaded, so it should not be there; what is in it is never overwritten.
  Result<LoadedLog> Make(const std::string& path, const LogConfig& config, const Uuid& topic_id) {
    if (!files_.Stat(path).ok()) return CreateLog(files_, path, config, topic_id, Offset(0));
    return LoadLog(files_, path, {.config = config, .now_ms = clock_.WallMillis()});
  }

  void Created(std::size_t loop, const TopicPartition& tp, const Result<std::shared_ptr<PartitionLog>>& log) {
    auto waiting = std::move(shards_[loop].creating[tp]);
    shards_[loop].creating.erase(tp);
    for (auto& done : waiting) done(log);
  }

  void Delete(const TopicPartition& tp, UniqueFunction<void(Status)> done) {
    const std::size_t loop = options_.loop_of(tp);
    loops_.Data(loop).CheckOnLoop();
    Shard& shard = shards_[loop];
    const auto it = shard.logs.find(tp);
    if (it == shard.logs.end()) return done({StatusCode::kNotFound, tp.ToString() + " has no log here"});
    const std::shared_ptr<PartitionLog> log = it->second;
    shard.logs.erase(it);
    const auto dir = dirs_[log->dir().index()];
    dir->log_count.fetch_sub(1);
    log->WhenIdle([self = shared_from_this(), log, dir, loop, name = DeletedName(tp, shard.random),
                   done = std::move(done)]() mutable {
      log->Abandon();
      dir->Forget(log->tp());
      dir->disk().Post([self, dir, loop, from = log->tp().ToString(), name, done = std::move(done)]() mutable {
        Status status = dir->offline() ? Status(StatusCode::kIoError, "the log directory is offline")
                                       : dir->files().Rename(dir->path() + "/" + from, dir->path() + "/" + name);
        self->Settle(dir, {loop, name, std::move(status), std::move(done)});
      });
    });
  }

  // On the disk executor of `dir`, as the next. A deletion counts when the new name is durable: else lost power could
  // bring the log back, beside or instead of the one of a later topic of that name. One sync for all that wait by then.
  void Settle(const std::shared_ptr<LogDir>& dir, Deletion deletion) {
    std::vector<Deletion>& waiting = deletions_[dir->index()];
    waiting.push_back(std::move(deletion));
    if (waiting.size() > 1) return;
    dir->disk().Post([self = shared_from_this(), dir] { self->SyncDeletions(dir); });
  }

  void SyncDeletions(const std::shared_ptr<LogDir>& dir) {
    Status synced = dir->offline() ? Status(StatusCode::kIoError, "the log directory is offline")
                                   : dir->files().SyncDir(dir->path());
    if (synced.ok()) synced = dir->WriteForgotten();
    if (!synced.ok()) dir->Fail(synced);
    for (Deletion& one : std::exchange(deletions_[dir->index()], {})) {
      if (!one.renamed.ok()) dir->Fail(one.renamed);
      const Status status = one.renamed.ok() ? synced : one.renamed;
      loops_.Data(one.loop).Post([self = shared_from_this(), dir, status, loop = one.loop, name = one.name,
                                  done = std::move(one.done)]() mutable {
        if (status.ok()) self->RemoveLater(loop, dir, name);
        done(status);
      });
    }
  }

  void RemoveLater(std::size_t loop, const std::shared_ptr<LogDir>& dir, const std::string& name) {
    loops_.Data(loop).RunAfter(Millis(options_.delete_dir_delay_ms),
                               [dir, name] { dir->disk().Post([dir, name] { RemoveDir(*dir, name); }); });
  }

  void ForEach(std::size_t loop, const std::function<void(PartitionLog&)>& each) const {
    loops_.Data(loop).CheckOnLoop();
    for (const auto& log : Snapshot(loop)) each(*log);
  }

 private:
  // Touched only on its data loop.
  struct Shard {
    std::unordered_map<TopicPartition, std::shared_ptr<PartitionLog>> logs;
    std::map<TopicPartition, std::vector<CreateDone>> creating;
    std::shared_ptr<FileCache> cache;
    Random random{0};
  };

  Executors& loops_;
  FileSystem& files_;
  const Clock& clock_;
  const LogManagerOptions options_;
  std::vector<Shard> shards_;
  std::vector<std::shared_ptr<LogDir>> dirs_;  // fixed after Open

  // Control only.
  std::vector<std::unique_ptr<DirLock>> locks_;
  std::vector<std::optional<MetaProperties>> metas_;
  std::vector<bool> clean_at_start_;
  std::vector<std::vector<Deletion>> deletions_;  // by directory, on its disk executor: renamed, not yet synced
  Random twin_names_;                             // control
  std::vector<bool> loaded_;
  std::function<void(std::size_t, const Status&)> on_offline_;
  UniqueFunction<void(Status)> load_done_;
  std::size_t loading_ = 0;
};

LogManager::LogManager(Executors& loops, FileSystem& files, const Clock& clock, Random random,
                       LogManagerOptions options)
    : impl_(std::make_shared<Impl>(loops, files, clock, random, std::move(options))) {}
LogManager::~LogManager() = default;

void LogManager::Open(UniqueFunction<void(Result<DirIdentity>)> done) { impl_->Open(std::move(done)); }
void LogManager::Load(BrokerId broker_id, const std::string& cluster_id, UniqueFunction<void(Status)> done) {
  impl_->Load(broker_id, cluster_id, std::move(done));
}
void LogManager::OnDirOffline(std::function<void(std::size_t, const Status&)> on_offline) {
  impl_->OnDirOffline(std::move(on_offline));
}
std::vector<LogDirStatus> LogManager::Dirs() const { return impl_->Dirs(); }
bool LogManager::AllOffline() const { return impl_->AllOffline(); }
void LogManager::CheckpointHighWatermarks(UniqueFunction<void(Status)> done) {
  impl_->CheckpointHighWatermarks(std::move(done));
}
void LogManager::CheckpointRecoveryPoints(UniqueFunction<void(Status)> done) {
  impl_->WriteCheckpoint(&LogDir::WriteRecoveryPoints, std::move(done));
}
void LogManager::CheckpointLogStarts(UniqueFunction<void(Status)> done) {
  impl_->WriteCheckpoint(&LogDir::WriteLogStarts, std::move(done));
}
void LogManager::RunRetention() { impl_->RunRetention(); }
void LogManager::RunFlush() { impl_->RunFlush(); }
void LogManager::RunProducerExpiry() { impl_->RunProducerExpiry(); }
void LogManager::Shutdown(std::int64_t broker_epoch, UniqueFunction<void(Status)> done) {
  impl_->Shutdown(broker_epoch, std::move(done));
}
std::shared_ptr<PartitionLog> LogManager::Get(const TopicPartition& tp) const { return impl_->Get(tp); }
void LogManager::GetOrCreate(const TopicPartition& tp, const Uuid& topic_id, bool is_new,
                             UniqueFunction<void(Result<std::shared_ptr<PartitionLog>>)> done) {
  impl_->GetOrCreate(tp, topic_id, is_new, std::move(done));
}
void LogManager::Delete(const TopicPartition& tp, UniqueFunction<void(Status)> done) {
  impl_->Delete(tp, std::move(done));
}
void LogManager::ForEach(std::size_t loop, const std::function<void(PartitionLog&)>& each) const {
  impl_->ForEach(loop, each);
}

}  // namespace ottla
