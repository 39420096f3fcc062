#include "common/env/real_executors.h"

#include <future>
#include <string>
#include <utility>

namespace ottla {

RealExecutors::RealExecutors(const Clock& clock, const Options& options) {
  std::vector<EventLoop*> loops;
  for (std::size_t i = 0; i < options.data_loops; ++i) {
    data_.push_back(std::make_unique<EventLoop>(clock, "data-" + std::to_string(i)));
    loops.push_back(data_.back().get());
  }
  control_ = std::make_unique<EventLoop>(clock, "control");
  loops.push_back(control_.get());
  for (std::size_t i = 0; i < options.disk_threads; ++i) {
    disks_.push_back(std::make_unique<ThreadExecutor>(clock, "disk-" + std::to_string(i)));
  }
  for (EventLoop* loop : loops) threads_.emplace_back([loop] { loop->Run(); });
  for (EventLoop* loop : loops) RunOn(*loop, [] {});  // OnThread() holds from here on
  if (options.watchdog_tick.count() > 0) {
    watchdog_ = std::make_unique<Watchdog>(std::move(loops), options.watchdog_tick);
  }
}

RealExecutors::~RealExecutors() { Stop(); }

void RealExecutors::Stop() {
  watchdog_.reset();
  for (const auto& disk : disks_) disk->Stop();
  for (const auto& loop : data_) loop->Stop();
  control_->Stop();
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
}

void RealExecutors::RunOn(Executor& executor, Task work) {
  std::promise<void> done;
  executor.Post([&] {
    work();
    done.set_value();
  });
  done.get_future().wait();
}

}  // namespace ottla
