// Tasks from other threads on their way to one loop. A burst wakes the loop once: only the first task after the loop
// went to sleep asks for a wake-up.
#pragma once

#include <mutex>
#include <utility>
#include <vector>

#include "common/base/unique_function.h"

namespace ottla {

class Mailbox {
 public:
  // Any thread. True: the owner sleeps and the caller must wake it.
  [[nodiscard]] bool Push(Task task) {
    const std::lock_guard lock(mutex_);
    tasks_.push_back(std::move(task));
    return std::exchange(sleeping_, false);
  }
  // Owner. Adds what has arrived, in order of arrival, to `into`.
  void TakeAll(std::vector<Task>& into) {
    const std::lock_guard lock(mutex_);
    if (into.empty()) {
      into.swap(tasks_);  // both keep their memory
      return;
    }
    for (Task& task : tasks_) into.push_back(std::move(task));
    tasks_.clear();
  }
  // Owner. True: nothing has arrived, and from now on Push asks for a wake-up.
  [[nodiscard]] bool PrepareSleep() {
    const std::lock_guard lock(mutex_);
    sleeping_ = tasks_.empty();
    return sleeping_;
  }
  void Awake() {
    const std::lock_guard lock(mutex_);
    sleeping_ = false;
  }

 private:
  std::mutex mutex_;
  std::vector<Task> tasks_;
  bool sleeping_ = false;
};

}  // namespace ottla
