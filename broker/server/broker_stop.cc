// The end of a broker: leadership away, connections closed, replicas at rest, logs flushed with clean marks, session
// ended. After a failed start the same steps run over what was built.
#include <utility>

#include "broker/server/broker.h"

namespace ottla {
namespace {

// A controller that has lost ZooKeeper answers nobody, itself included. Supervisors wait a minute before they kill.
constexpr std::chrono::seconds kLeaveLimit(40);

}  // namespace

void Broker::Stop(Task done) {
  control_.Post([this, done = std::move(done)]() mutable {
    stopping_ = true;
    stopped_ = std::move(done);
    control_.Cancel(connect_timer_);
    control_.Cancel(std::exchange(dir_timer_, 0));
    if (replicas_ != nullptr) replicas_->BeginShutdown();
    const bool ask = config_->controlled_shutdown_enable && epoch_.value >= 0;
    leave_timer_ = control_.RunAfter(kLeaveLimit, [this] {
      leave_timer_ = 0;
      if (serving_ended_) return;
      LOG(WARNING) << "leadership could not be moved away within " << kLeaveLimit.count() << " s";
      StopServing();
    });
    AskToLeave(ask ? config_->controlled_shutdown_max_retries : 0);
  });
}

void Broker::AskToLeave(int tries_left) {
  if (serving_ended_) return;
  if (tries_left <= 0) {
    StopServing();
    return;
  }
  controller_client_->ControlledShutdown([this, tries_left](const Result<std::size_t>& remaining) {
    if (serving_ended_) return;
    if (remaining.ok() && *remaining == 0) {
      LOG(INFO) << "the controller has moved leadership away";
      StopServing();
      return;
    }
    if (remaining.ok()) {
      LOG(WARNING) << *remaining << " partitions are still led here; " << tries_left - 1 << " tries left";
    } else {
      LOG(WARNING) << "controlled shutdown: " << remaining.status() << "; " << tries_left - 1 << " tries left";
    }
    if (tries_left == 1) {
      StopServing();
      return;
    }
    control_.RunAfter(Millis(config_->controlled_shutdown_retry_backoff_ms),
                      [this, tries_left] { AskToLeave(tries_left - 1); });
  });
}

void Broker::StopServing() {
  serving_ended_ = true;
  control_.Cancel(std::exchange(leave_timer_, 0));
  if (controller_ != nullptr && registered_once_) controller_->Stop();
  if (sockets_ == nullptr) {
    StopReplicas();
    return;
  }
  sockets_->Stop([this] { control_.Post([this] { StopReplicas(); }); });
}

void Broker::StopReplicas() {
  if (replicas_ == nullptr) {
    CloseLogs();
    return;
  }
  fetchers_->Stop([this] { control_.Post([this] { replicas_->Stop([this] { CloseLogs(); }); }); });
}

void Broker::CloseLogs() {
  if (logs_ == nullptr) {
    LeaveZooKeeper();
    return;
  }
  logs_->Shutdown(epoch_.value, [this](const Status& status) {
    if (!status.ok()) LOG(ERROR) << "not every log dir was closed cleanly: " << status;
    LeaveZooKeeper();
  });
}

void Broker::LeaveZooKeeper() {
  if (controller_client_ != nullptr) controller_client_->Close();
  env_.zk.Close([this] {
    if (kept_session_ == 0) {  // the file, if there is one, tells of another process
      std::exchange(stopped_, nullptr)();
      return;
    }
    const std::string path = SessionFilePath(config_->log_dirs.front());
    env_.executors.Disk(0).Post([this, path] {
      // The session has ended with this process; a next one has nothing to end.
      if (const Status gone = env_.files.Remove(path); !gone.ok() && gone.code() != StatusCode::kNotFound) {
        LOG(WARNING) << gone;
      }
      control_.Post([this] { std::exchange(stopped_, nullptr)(); });
    });
  });
}

}  // namespace ottla
