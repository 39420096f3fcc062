#include "common/env/thread_executor.h"

#include <pthread.h>

namespace ottla {

ThreadExecutor::ThreadExecutor(const Clock& clock, std::string name)
    : clock_(clock), name_(std::move(name)), thread_([this] { Run(); }) {}

ThreadExecutor::~ThreadExecutor() { Stop(); }

void ThreadExecutor::Stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    changed_.notify_one();
  }
  if (thread_.joinable()) thread_.join();
  // Posted after the thread had gone, by objects that ended later.
  std::deque<Task> late;
  const std::lock_guard lock(mutex_);
  late.swap(queue_);
}

void ThreadExecutor::Post(Task task) {
  const std::lock_guard lock(mutex_);
  queue_.push_back(std::move(task));
  changed_.notify_one();
}

TimerId ThreadExecutor::RunAfter(Micros delay, Task task) {
  CheckOnLoop();
  const MonoTime due = clock_.Now() + delay;
  const TimerId id = ++last_timer_;
  timers_.emplace(std::pair(due, id), std::move(task));
  due_.emplace(id, due);
  return id;
}

void ThreadExecutor::Cancel(TimerId id) {
  CheckOnLoop();
  const auto it = due_.find(id);
  if (it == due_.end()) return;
  const auto timer = timers_.extract({it->second, id});
  due_.erase(it);
}

void ThreadExecutor::Run() {
  id_.store(std::this_thread::get_id(), std::memory_order_relaxed);
  pthread_setname_np(pthread_self(), name_.substr(0, 15).c_str());
  while (Task task = Next()) task();
  while (true) {
    std::deque<Task> dead;
    {
      const std::lock_guard lock(mutex_);
      dead.swap(queue_);
    }
    if (dead.empty() && timers_.empty()) break;
    std::exchange(timers_, {}).clear();
    due_.clear();
  }
}

Task ThreadExecutor::Next() {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    TakeDueTimers();
    if (!queue_.empty()) {
      Task task = std::move(queue_.front());
      queue_.pop_front();
      return task;
    }
    if (timers_.empty()) {
      changed_.wait(lock);
    } else {
      changed_.wait_for(lock, timers_.begin()->first.first - clock_.Now());
    }
  }
  return nullptr;
}

void ThreadExecutor::TakeDueTimers() {
  if (timers_.empty()) return;
  const MonoTime now = clock_.Now();
  while (!timers_.empty() && timers_.begin()->first.first <= now) {
    auto timer = timers_.extract(timers_.begin());
    due_.erase(timer.key().second);
    queue_.push_back(std::move(timer.mapped()));
  }
}

}  // namespace ottla
