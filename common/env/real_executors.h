// The threads of a broker process.
#pragma once

#include <functional>
#include <memory>
#include <thread>
#include <vector>

#include "common/base/executor.h"
#include "common/env/event_loop.h"
#include "common/env/thread_executor.h"
#include "common/env/watchdog.h"

namespace ottla {

// Started by the constructor, joined by Stop() or the destructor: disk threads first, so that none of their tasks meets
// a loop that has ended; then the loops.
class RealExecutors final : public Executors {
 public:
  struct Options {
    std::size_t data_loops = 1;
    std::size_t disk_threads = 1;                    // one per log dir
    Micros watchdog_tick = std::chrono::seconds(1);  // ten of them without a turn end the process; 0: no watchdog
  };
  RealExecutors(const Clock& clock, const Options& options);
  ~RealExecutors() override;
  void Stop();  // not from one of the loops

  std::size_t data_loops() const override { return data_.size(); }
  Executor& Data(std::size_t index) override { return *data_.at(index); }
  Executor& Control() override { return *control_; }
  Executor& Disk(std::size_t log_dir_index) override { return *disks_.at(log_dir_index); }

  // Runs `work` on `executor` and waits for its end. For start and stop, from a thread that is none of these.
  static void RunOn(Executor& executor, Task work);

 private:
  std::vector<std::unique_ptr<EventLoop>> data_;
  std::unique_ptr<EventLoop> control_;
  std::vector<std::unique_ptr<ThreadExecutor>> disks_;
  std::vector<std::thread> threads_;
  std::unique_ptr<Watchdog> watchdog_;
};

}  // namespace ottla
