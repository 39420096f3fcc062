#include "broker/log/log_end.h"

#include <map>
#include <utility>

#include "broker/log/failed_sync.h"
#include "broker/log/meta_properties.h"

namespace ottla {
namespace {

// Logs that only wrote become durable, or bear the mark that they may not be.
Status SyncWritten(LogDir& dir, const std::map<TopicPartition, Offset>& written) {
  Status synced = dir.files().SyncAll(dir.path());
  for (const auto& [tp, end] : written) {
    if (synced.ok()) {
      dir.SetRecoveryPoint(tp, end);
    } else {
      MarkFailedSync(dir.files(), dir.path() + "/" + tp.ToString());
    }
  }
  return synced;
}

// Runs on the directory's disk executor.
Status EndDir(LogDir& dir, const std::map<TopicPartition, Offset>& written, bool clean, std::int64_t broker_epoch) {
  if (!written.empty()) OTTLA_RETURN_IF_ERROR(SyncWritten(dir, written));
  OTTLA_RETURN_IF_ERROR(dir.WriteRecoveryPoints());
  OTTLA_RETURN_IF_ERROR(dir.WriteLogStarts());
  if (!clean) return Status::Ok();
  return dir.files().ReplaceFile(dir.path() + "/" + std::string(kCleanShutdownFile), CleanShutdownText(broker_epoch));
}

}  // namespace

void LogEnd::Run(UniqueFunction<void(Status)> done) {
  loops_.Control().CheckOnLoop();
  done_ = std::move(done);
  shards_->Gather<OfLoop>(
      [](LogShards::Logs logs) {
        OfLoop of_loop{.logs = std::move(logs), .touched = {}};
        for (const auto& log : of_loop.logs) of_loop.touched[log->dir().index()] += log->Untouched() ? 0 : 1;
        return of_loop;
      },
      [self = shared_from_this()](std::vector<OfLoop>& loops) { self->CloseAll(loops); });
}

void LogEnd::CloseAll(std::vector<OfLoop>& loops) {
  dirs_ending_.resize(dirs_->size());
  for (const OfLoop& of_loop : loops) {
    left_ += of_loop.logs.size();
    for (const auto& [dir, touched] : of_loop.touched) dirs_ending_[dir].touched += touched;
  }
  for (std::size_t loop = 0; loop < loops.size(); ++loop) {
    std::vector<PartitionLog::CloseSync> sync;
    for (std::size_t dir = 0; dir < dirs_->size(); ++dir) sync.push_back(SyncOf(dir));
    loops_.Data(loop).Post([self = shared_from_this(), sync = std::move(sync), logs = std::move(loops[loop].logs)] {
      for (const auto& log : logs) self->Close(log, sync[log->dir().index()]);
    });
  }
  OneClosed();
}

PartitionLog::CloseSync LogEnd::SyncOf(std::size_t dir) const {
  using enum PartitionLog::CloseSync;
  return dirs_ending_[dir].touched > flushed_one_by_one_ ? kCaller : kEach;
}

void LogEnd::Close(const std::shared_ptr<PartitionLog>& log, PartitionLog::CloseSync sync) {
  log->Close(sync, [self = shared_from_this(), log, sync](const Status& status) {
    if (!status.ok()) LOG(ERROR) << log->tp() << ": closing: " << status;
    self->loops_.Control().Post(
        [self, dir = log->dir().index(), tp = log->tp(), end = log->log_end(), sync, ok = status.ok()] {
          Ending& ending = self->dirs_ending_[dir];
          if (!ok) ending.failed = true;
          if (ok && sync == PartitionLog::CloseSync::kCaller) ending.ends[tp] = end;
          self->OneClosed();
        });
  });
}

void LogEnd::OneClosed() {
  if (--left_ == 0) MarkClean();
}

void LogEnd::MarkClean() {
  // A failed log leaves its directory as a crash would: what the others wrote is found by recovery.
  std::vector<bool> clean(dirs_->size());
  std::vector<bool> entered(dirs_->size());
  for (std::size_t i = 0; i < dirs_->size(); ++i) {
    clean[i] = !dirs_ending_[i].failed && start_->MayBeMarkedClean(i);
    entered[i] = start_->Entered(i);
  }
  dirs_->OnEach<Status>(
      [self = shared_from_this(), clean, entered](LogDir& dir) {
        const std::size_t index = dir.index();
        if (!entered[index]) return Status::Ok();
        return EndDir(dir, self->dirs_ending_[index].ends, clean[index], self->broker_epoch_);
      },
      [self = shared_from_this()](const std::map<std::size_t, Status>& results) {
        Status status = self->dirs_->FailThose(results);
        for (std::size_t i = 0; status.ok() && i < self->dirs_ending_.size(); ++i) {
          if (self->dirs_ending_[i].failed) {  // offline before, perhaps, and so not among the results
            status = Status(StatusCode::kIoError, self->dirs_->at(i)->path() + ": not every log was closed");
          }
        }
        self->dirs_->Unlock();
        self->done_(std::move(status));
      });
}

}  // namespace ottla
