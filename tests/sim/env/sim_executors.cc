#include "tests/sim/env/sim_executors.h"

#include <algorithm>
#include <utility>

namespace ottla::sim {

SimExecutor::SimExecutor(SimScheduler& scheduler, int node, std::uint64_t tag)
    : scheduler_(scheduler), node_(node), tag_(tag) {}

SimExecutor::~SimExecutor() { Close(); }

void SimExecutor::Post(Task task) { Enqueue({0, std::move(task)}); }

void SimExecutor::Enqueue(Queued queued) {
  if (closed_) return;
  queue_.push_back(std::move(queued));
  Wake();
}

void SimExecutor::Wake() {
  if (awake_ || paused_ || closed_ || queue_.empty()) return;
  awake_ = true;
  const MonoTime ready = std::max(free_at_, scheduler_.now()) + scheduler_.Between(Micros(0), Micros(8));
  wake_ = scheduler_.At(ready + scheduler_.Between(delay_low_, delay_high_), [this] { RunOne(); });
}

void SimExecutor::RunOne() {
  awake_ = false;
  if (queue_.empty()) return;
  Queued next = std::move(queue_.front());
  queue_.pop_front();
  scheduler_.Trace(next.timer == 0 ? TraceKind::kTask : TraceKind::kTimer, node_, tag_, next.timer);
  if (next.timer != 0) timers_.erase(next.timer);
  scheduler_.last_ran_ = this;
  Run(std::move(next.task));
  free_at_ = scheduler_.now() + scheduler_.Between(Micros(1), Micros(6));
  Wake();
}

void SimExecutor::Run(Task task) {
  OTTLA_CHECK(scheduler_.current_ == nullptr);
  scheduler_.current_ = this;
  task();
  task = nullptr;  // what it owned ends on this loop too
  scheduler_.current_ = nullptr;
}

TimerId SimExecutor::RunAfter(Micros delay, Task task) {
  CheckOnLoop();
  if (closed_) return 0;
  const TimerId id = next_timer_++;
  auto held = std::make_shared<Task>(std::move(task));
  timers_[id] = scheduler_.After(std::max(delay, Micros(0)), [this, id, held] {
    timers_[id] = {};
    Enqueue({id, std::move(*held)});
  });
  return id;
}

void SimExecutor::Cancel(TimerId id) {
  CheckOnLoop();
  const auto found = timers_.find(id);
  if (found == timers_.end()) return;
  const SimScheduler::EventId event = found->second;
  timers_.erase(found);
  scheduler_.Cancel(event);
  const auto queued = std::find_if(queue_.begin(), queue_.end(), [id](const Queued& q) { return q.timer == id; });
  if (queued == queue_.end()) return;
  const Queued gone = std::move(*queued);
  queue_.erase(queued);
}

void SimExecutor::SetPaused(bool paused) {
  paused_ = paused;
  if (!paused) {
    Wake();
  } else if (awake_) {
    awake_ = false;
    scheduler_.Cancel(wake_);
  }
}

void SimExecutor::SetDelay(Micros low, Micros high) {
  delay_low_ = low;
  delay_high_ = high;
}

void SimExecutor::Close() {
  closed_ = true;
  if (awake_) scheduler_.Cancel(wake_);
  awake_ = false;
  const std::map<TimerId, SimScheduler::EventId> timers = std::exchange(timers_, {});
  for (const auto& timer : timers) scheduler_.Cancel(timer.second);
  while (!queue_.empty()) {
    const Queued gone = std::move(queue_.front());
    queue_.pop_front();
  }
}

SimExecutors::SimExecutors(SimScheduler& scheduler, int node, std::size_t data_loops, std::size_t log_dirs)
    : control_(std::make_unique<SimExecutor>(scheduler, node, SimExecutor::kControlTag)) {
  for (std::size_t i = 0; i < data_loops; ++i)
    data_.push_back(std::make_unique<SimExecutor>(scheduler, node, SimExecutor::kDataTag + i));
  for (std::size_t i = 0; i < log_dirs; ++i)
    disks_.push_back(std::make_unique<SimExecutor>(scheduler, node, SimExecutor::kDiskTag + i));
}

std::vector<SimExecutor*> SimExecutors::All() {
  std::vector<SimExecutor*> all{control_.get()};
  for (const auto& executor : data_) all.push_back(executor.get());
  for (const auto& executor : disks_) all.push_back(executor.get());
  return all;
}

void SimExecutors::SetPaused(bool paused) {
  for (SimExecutor* executor : All()) executor->SetPaused(paused);
}

void SimExecutors::Close() {
  for (SimExecutor* executor : All()) executor->Close();
}

}  // namespace ottla::sim
