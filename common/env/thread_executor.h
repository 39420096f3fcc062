// A thread that may block: the slow disk work of one log dir, name resolution.
#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <utility>

#include "common/base/executor.h"

namespace ottla {

class ThreadExecutor final : public Executor {
 public:
  ThreadExecutor(const Clock& clock, std::string name);  // starts the thread
  ~ThreadExecutor() override;                            // Stop()
  void Stop();  // from outside: the running task is finished, the rest is destroyed on the thread, which is joined

  void Post(Task task) override;
  TimerId RunAfter(Micros delay, Task task) override;
  void Cancel(TimerId id) override;
  bool OnThread() const override { return id_.load(std::memory_order_relaxed) == std::this_thread::get_id(); }

 private:
  void Run();
  Task Next();  // waits; empty: stop
  void TakeDueTimers();

  const Clock& clock_;
  const std::string name_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Task> queue_;  // guarded by mutex_, as is stopping_
  bool stopping_ = false;
  // Only the thread's own.
  std::map<std::pair<MonoTime, TimerId>, Task> timers_;
  std::map<TimerId, MonoTime> due_;
  TimerId last_timer_ = 0;
  std::atomic<std::thread::id> id_{};
  std::thread thread_;
};

}  // namespace ottla
