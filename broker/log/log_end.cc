#include "broker/log/log_end.h"

#include <utility>

#include "broker/log/meta_properties.h"

namespace ottla {

void LogEnd::Run(UniqueFunction<void(Status)> done) {
  loops_.Control().CheckOnLoop();
  done_ = std::move(done);
  shards_->Gather<LogShards::Logs>(
      [](LogShards::Logs logs) { return logs; },
      [self = shared_from_this()](std::vector<LogShards::Logs>& logs) { self->CloseAll(logs); });
}

void LogEnd::CloseAll(std::vector<LogShards::Logs>& logs) {
  for (std::size_t loop = 0; loop < logs.size(); ++loop) {
    left_ += logs[loop].size();
    loops_.Data(loop).Post([self = shared_from_this(), of_loop = std::move(logs[loop])] {
      for (const auto& log : of_loop) self->Close(log);
    });
  }
  OneClosed();
}

void LogEnd::Close(const std::shared_ptr<PartitionLog>& log) {
  log->Close([self = shared_from_this(), log](const Status& status) {
    if (!status.ok()) LOG(ERROR) << log->tp() << ": closing: " << status;
    self->loops_.Control().Post([self, dir = log->dir().index(), ok = status.ok()] {
      if (!ok) self->failed_.insert(dir);
      self->OneClosed();
    });
  });
}

void LogEnd::OneClosed() {
  if (--left_ == 0) MarkClean();
}

void LogEnd::MarkClean() {
  std::set<std::size_t> clean;
  for (std::size_t i = 0; i < dirs_->size(); ++i) {
    if (!failed_.contains(i) && may_be_clean_(i)) clean.insert(i);
  }
  dirs_->OnEach<Status>(
      [epoch = broker_epoch_, clean](LogDir& dir) {
        OTTLA_RETURN_IF_ERROR(dir.WriteRecoveryPoints());
        OTTLA_RETURN_IF_ERROR(dir.WriteLogStarts());
        if (!clean.contains(dir.index())) return Status::Ok();
        return dir.files().ReplaceFile(dir.path() + "/" + std::string(kCleanShutdownFile), CleanShutdownText(epoch));
      },
      [self = shared_from_this()](const std::map<std::size_t, Status>& results) {
        Status status = self->dirs_->FailThose(results);
        self->dirs_->Unlock();
        self->done_(std::move(status));
      });
}

}  // namespace ottla
