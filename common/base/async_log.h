// Log lines leave through one writer thread: a stderr that blocks (a container's log that stalls, a full pipe) must not
// stop a loop.
#pragma once

#include <cstddef>
#include <memory>

namespace ottla {

// While it lives, lines of glog below FATAL go into a bounded queue and are written by its thread. At the bound lines
// are dropped, counted, and the count is written once there is room. FATAL lines are written directly, as the process
// ends with them. Made by main only, after glog is initialised; at most one at a time.
class AsyncLog {
 public:
  explicit AsyncLog(int fd = 2, std::size_t queue_bytes = 4 << 20);
  // Writes what is queued, but waits no longer than two seconds for it.
  ~AsyncLog();
  AsyncLog(const AsyncLog&) = delete;
  AsyncLog& operator=(const AsyncLog&) = delete;

 private:
  class Queue;
  class Sink;
  std::shared_ptr<Queue> queue_;
};

}  // namespace ottla
