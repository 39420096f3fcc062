// Seam: where code runs. A data loop, the control loop, the disk thread of a log dir. Real ones are threads; in the
// simulator all of them are queues of one scheduler.
#pragma once

#include <cstddef>
#include <cstdint>

#include "common/base/check.h"
#include "common/base/clock.h"
#include "common/base/unique_function.h"

namespace ottla {

using TimerId = std::uint64_t;  // 0: none

// Runs tasks one at a time. Tasks posted by one thread run in the order posted. Tasks still queued when the executor
// ends are destroyed without running.
class Executor {
 public:
  virtual ~Executor() = default;

  virtual void Post(Task task) = 0;  // any thread; never runs `task` before returning
  // The three below: only from a task of this executor.
  virtual TimerId RunAfter(Micros delay, Task task) = 0;
  virtual void Cancel(TimerId id) = 0;  // 0, or one that has run: no effect
  virtual bool OnThread() const = 0;    // any thread

  void CheckOnLoop() const { OTTLA_CHECK(OnThread()) << "called from another thread than its owner's"; }
};

// The executors of one broker process. Fixed from start to stop.
class Executors {
 public:
  virtual ~Executors() = default;
  virtual std::size_t data_loops() const = 0;
  virtual Executor& Data(std::size_t index) = 0;  // connections and partitions
  virtual Executor& Control() = 0;                // ZooKeeper session, registration, controller, control requests
  // Slow disk work of one log dir (index in log.dirs): fsync, open, delete, cold reads, recovery. May block.
  virtual Executor& Disk(std::size_t log_dir_index) = 0;
};

}  // namespace ottla
