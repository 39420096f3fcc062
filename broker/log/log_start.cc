#include "broker/log/log_start.h"

#include <algorithm>
#include <utility>

#include "broker/log/log_loader.h"
#include "broker/log/meta_properties.h"

namespace ottla {
namespace {

Offset CheckpointOr0(const OffsetCheckpoint& checkpoint, const TopicPartition& tp) {
  const auto it = checkpoint.find(tp);
  return it == checkpoint.end() ? Offset(0) : Offset(std::max<std::int64_t>(it->second.value, 0));
}

}  // namespace

void LogStart::Load(BrokerId broker_id, const std::string& cluster_id, UniqueFunction<void(Status)> done) {
  loops_.Control().CheckOnLoop();
  entered_.resize(dirs_->size());
  clean_at_start_.resize(dirs_->size());
  loaded_.resize(dirs_->size());
  found_.resize(dirs_->size());
  const Status ours = dirs_->CheckIdentity(broker_id, cluster_id);
  if (!ours.ok()) return done(ours);
  std::vector<std::optional<MetaProperties>> metas;
  for (std::size_t i = 0; i < dirs_->size(); ++i) metas.push_back(dirs_->MetaToWrite(i, broker_id, cluster_id));
  dirs_->OnEach<DirSurvey>(
      [metas](LogDir& dir) {
        if (const auto& meta = metas[dir.index()]) {
          Status written = dir.files().ReplaceFile(dir.path() + "/" + std::string(kMetaPropertiesFile),
                                                   MetaPropertiesText(*meta, dir.clock().WallMillis()));
          if (!written.ok()) return DirSurvey{.status = std::move(written)};
        }
        return SurveyDir(dir.files(), dir.path());
      },
      [self = shared_from_this(), done = std::move(done)](std::map<std::size_t, DirSurvey>& surveys) mutable {
        self->LoadPartitions(surveys, std::move(done));
      });
}

void LogStart::LoadPartitions(std::map<std::size_t, DirSurvey>& surveys, UniqueFunction<void(Status)> done) {
  for (const auto& [index, survey] : surveys) {
    for (const auto& note : survey.notes) LOG(WARNING) << note;
    if (!survey.status.ok()) dirs_->at(index)->Fail(survey.status);
  }
  std::set<TopicPartition> seen;
  std::set<TopicPartition> twins;
  for (const auto& [index, survey] : surveys) {
    if (!survey.status.ok()) continue;
    for (const auto& tp : survey.partitions) {
      if (!seen.insert(tp).second) twins.insert(tp);
    }
  }
  if (dirs_->AllOffline()) return done(dirs_->NoneUsable());
  if (twins.empty()) return LoadSurveyed(surveys, std::move(done));
  auto kept = std::make_shared<std::map<std::size_t, DirSurvey>>(std::move(surveys));
  dirs_->OnEach<std::set<TopicPartition>>(
      [twins](LogDir& dir) {
        std::set<TopicPartition> full;
        for (const TopicPartition& tp : twins) {
          const std::string path = dir.path() + "/" + tp.ToString();
          if (dir.files().Stat(path).ok() && HoldsRecords(dir.files(), path)) full.insert(tp);
        }
        return full;
      },
      [self = shared_from_this(), kept, twins,
       done = std::move(done)](std::map<std::size_t, std::set<TopicPartition>>& full) mutable {
        for (const TopicPartition& tp : twins) {
          if (const Status parted = self->PartTwins(tp, full, *kept); !parted.ok()) {
            return self->Refuse(parted, *kept, std::move(done));
          }
        }
        self->LoadSurveyed(*kept, std::move(done));
      });
}

// Nothing was loaded: directories that were left clean still are.
void LogStart::Refuse(const Status& why, const std::map<std::size_t, DirSurvey>& surveys,
                      UniqueFunction<void(Status)> done) {
  std::set<std::size_t> clean;
  for (const auto& [index, survey] : surveys) {
    if (survey.status.ok() && survey.clean) clean.insert(index);
  }
  dirs_->OnEach<Status>(
      [clean](LogDir& dir) {
        if (!clean.contains(dir.index())) return Status::Ok();
        return dir.files().ReplaceFile(dir.path() + "/" + std::string(kCleanShutdownFile), CleanShutdownText(-1));
      },
      [why, done = std::move(done)](const std::map<std::size_t, Status>& /*results*/) mutable { done(why); });
}

// A directory in which a log was being made when it failed is left behind, without records, and the log made in
// another. Of such twins the one with records stays (the first of none); two with records only a person can judge.
Status LogStart::PartTwins(const TopicPartition& tp, const std::map<std::size_t, std::set<TopicPartition>>& full,
                           std::map<std::size_t, DirSurvey>& surveys) {
  std::optional<std::size_t> stays;
  for (const auto& [index, partitions] : full) {
    if (!partitions.contains(tp)) continue;
    if (stays) {
      return {StatusCode::kInvalidArgument, tp.ToString() + " is in " + dirs_->at(*stays)->path() + " and in " +
                                                dirs_->at(index)->path() + ": remove one of them"};
    }
    stays = index;
  }
  for (auto& [index, survey] : surveys) {
    const auto found = std::ranges::find(survey.partitions, tp);
    if (!survey.status.ok() || found == survey.partitions.end()) continue;
    if (!stays) stays = index;
    if (*stays == index) continue;
    survey.partitions.erase(found);
    survey.to_delete.push_back(deletion_->SetAside(dirs_->at(index), tp));
    LOG(WARNING) << dirs_->at(index)->path() << "/" << tp.ToString() << " holds no records and is also in "
                 << dirs_->at(*stays)->path() << "; removed";
  }
  return Status::Ok();
}

void LogStart::LoadSurveyed(const std::map<std::size_t, DirSurvey>& surveys, UniqueFunction<void(Status)> done) {
  done_ = std::move(done);
  loading_ = 1;
  for (const auto& [index, survey] : surveys) {
    if (survey.status.ok()) loading_ += survey.partitions.size();
  }
  for (const auto& [index, survey] : surveys) {
    if (survey.status.ok()) LoadDir(dirs_->at(index), survey);
  }
  OneLoaded();
}

void LogStart::LoadDir(const std::shared_ptr<LogDir>& dir, const DirSurvey& survey) {
  LOG(INFO) << dir->path() << ": loading " << survey.partitions.size() << " logs after "
            << (survey.clean ? "a clean" : "an unclean") << " stop";
  entered_[dir->index()] = true;
  clean_at_start_[dir->index()] = survey.clean;
  found_[dir->index()] = {.recovery_points = survey.recovery_points, .log_starts = survey.log_starts};
  for (const auto& tp : survey.partitions) {
    // A stop before the log is loaded must not forget where it begins and how far it is good.
    if (const auto point = survey.recovery_points.find(tp); point != survey.recovery_points.end()) {
      dir->SetRecoveryPoint(tp, point->second);
    }
    if (const auto start = survey.log_starts.find(tp); start != survey.log_starts.end()) {
      dir->SetLogStart(tp, start->second);
    }
    LoadOne(dir, survey, tp);
  }
  deletion_->RemoveLater(loops_.Control(), dir, survey.to_delete);
}

void LogStart::LoadOne(const std::shared_ptr<LogDir>& dir, const DirSurvey& survey, const TopicPartition& tp) {
  LoadOptions load{.config = config_of_(tp.topic),
                   .clean = survey.clean,
                   .recovery_point = CheckpointOr0(survey.recovery_points, tp),
                   .log_start = CheckpointOr0(survey.log_starts, tp),
                   .high_watermark = CheckpointOr0(survey.high_watermarks, tp),
                   .compacted_to = CheckpointOr0(survey.compacted, tp),
                   .now_ms = clock_.WallMillis()};
  dir->log_count.fetch_add(1);
  dir->disk().Post([self = shared_from_this(), dir, tp, load] {
    auto loaded = dir->offline() ? Result<LoadedLog>(Status(StatusCode::kIoError, "the log directory is offline"))
                                 : LoadLog(dir->files(), dir->path() + "/" + tp.ToString(), load);
    if (!loaded.ok()) {
      dir->Fail(loaded.status().WithContext("loading " + tp.ToString()));
      return self->loops_.Control().Post([self] { self->OneLoaded(); });
    }
    for (const auto& note : loaded->notes) LOG(WARNING) << tp << ": " << note;
    self->loops_.Data(self->shards_->LoopOf(tp))
        .Post([self, dir, tp, config = load.config, loaded = std::make_shared<LoadedLog>(std::move(loaded).value())] {
          self->shards_->Add(dir, tp, config, std::move(*loaded));
          self->loops_.Control().Post([self] { self->OneLoaded(); });
        });
  });
}

void LogStart::OneLoaded() {
  if (--loading_ == 0) CorrectCheckpoints();
}

// Recovery may have lowered a recovery point, or cut a log below it; a partition may be gone. What the files say must
// never be more than is true, or the next scan begins too high in a log that has grown again.
void LogStart::CorrectCheckpoints() {
  dirs_->OnEach<Status>(
      [found = found_](LogDir& dir) {
        const Bounds& said = found[dir.index()];
        if (dir.RecoveryPoints() != said.recovery_points) OTTLA_RETURN_IF_ERROR(dir.WriteRecoveryPoints());
        return dir.LogStarts() == said.log_starts ? Status::Ok() : dir.WriteLogStarts();
      },
      [self = shared_from_this()](const std::map<std::size_t, Status>& results) {
        const Status failed = self->dirs_->FailThose(results);
        if (!failed.ok()) LOG(ERROR) << "checkpoints after the start: " << failed;
        self->Finish();
      });
}

void LogStart::Finish() {
  for (std::size_t i = 0; i < dirs_->size(); ++i) loaded_[i] = !dirs_->at(i)->offline();
  finished_ = true;
  auto done = std::move(done_);
  done(dirs_->AllOffline() ? dirs_->NoneUsable() : Status::Ok());
}

bool LogStart::MayBeMarkedClean(std::size_t index) const {
  return index < loaded_.size() && (loaded_[index] || clean_at_start_[index]);
}

}  // namespace ottla
