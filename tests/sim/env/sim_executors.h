// The loops of one simulated process: queues of the scheduler. A task takes a few microseconds of virtual time, so
// loops interleave differently under every seed. Faults make a loop slow (a busy disk) or stop it for a while (a paused
// process).
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/base/clock.h"
#include "common/base/executor.h"
#include "tests/sim/env/sim_scheduler.h"

namespace ottla::sim {

class SimExecutor final : public Executor {
 public:
  SimExecutor(SimScheduler& scheduler, int node, std::uint64_t tag);
  ~SimExecutor() override;
  SimExecutor(const SimExecutor&) = delete;
  SimExecutor& operator=(const SimExecutor&) = delete;

  void Post(Task task) override;
  TimerId RunAfter(Micros delay, Task task) override;
  void Cancel(TimerId id) override;
  // True in a task of this executor. True anywhere once it is closed: a dead process's objects end without a loop.
  bool OnThread() const override { return closed_ || scheduler_.current() == this; }

  // The driver's way in: runs `task` now, as a task of this executor. Not from inside another task.
  void Run(Task task);
  void SetPaused(bool paused);
  // Every task from now on starts at least this much later than it could.
  void SetDelay(Micros low, Micros high);
  // Destroys what is queued and takes nothing more.
  void Close();
  std::size_t queued() const { return queue_.size(); }
  int node() const { return node_; }
  // The number of a data loop; nullopt: control, or a disk.
  std::optional<std::size_t> data_loop() const {
    return tag_ >= kDataTag && tag_ < kDiskTag ? std::optional<std::size_t>(tag_ - kDataTag) : std::nullopt;
  }

 private:
  friend class SimExecutors;
  static constexpr std::uint64_t kControlTag = 1;
  static constexpr std::uint64_t kDataTag = 100;
  static constexpr std::uint64_t kDiskTag = 200;
  struct Queued {
    TimerId timer = 0;
    Task task;
  };
  void Enqueue(Queued queued);
  void Wake();
  void RunOne();

  SimScheduler& scheduler_;
  const int node_;
  const std::uint64_t tag_;
  std::deque<Queued> queue_;
  std::map<TimerId, SimScheduler::EventId> timers_;
  TimerId next_timer_ = 1;
  SimScheduler::EventId wake_;
  bool awake_ = false;
  bool paused_ = false;
  bool closed_ = false;
  MonoTime free_at_{};
  Micros delay_low_{0};
  Micros delay_high_{0};
};

class SimExecutors final : public Executors {
 public:
  SimExecutors(SimScheduler& scheduler, int node, std::size_t data_loops, std::size_t log_dirs);

  std::size_t data_loops() const override { return data_.size(); }
  Executor& Data(std::size_t index) override { return *data_.at(index); }
  Executor& Control() override { return *control_; }
  Executor& Disk(std::size_t log_dir_index) override { return *disks_.at(log_dir_index); }

  SimExecutor& control() { return *control_; }
  SimExecutor& disk(std::size_t log_dir_index) { return *disks_.at(log_dir_index); }
  std::size_t disks() const { return disks_.size(); }
  void SetPaused(bool paused);
  void Close();

 private:
  std::vector<SimExecutor*> All();
  std::vector<std::unique_ptr<SimExecutor>> data_;
  std::unique_ptr<SimExecutor> control_;
  std::vector<std::unique_ptr<SimExecutor>> disks_;
};

// Virtual time of one machine. The wall clock may be off by `skew`.
class SimClock final : public Clock {
 public:
  explicit SimClock(const SimScheduler& scheduler, Millis skew = Millis(0)) : scheduler_(scheduler), skew_(skew) {}
  MonoTime Now() const override { return scheduler_.now(); }
  std::int64_t WallMillis() const override { return kWallBase + ToMillis(scheduler_.now()) + skew_.count(); }
  void SetSkew(Millis skew) { skew_ = skew; }

 private:
  static constexpr std::int64_t kWallBase = 1'731'000'000'000;
  const SimScheduler& scheduler_;
  Millis skew_;
};

}  // namespace ottla::sim
