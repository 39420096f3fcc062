// A loop that hangs: the ZooKeeper library pings from a thread of its own, so a broker with a stuck loop would stay
// registered and keep its partitions without serving them. The watchdog ends the process instead, with stacks.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <thread>
#include <vector>

#include "common/base/unique_function.h"
#include "common/env/event_loop.h"

namespace ottla {

// Pure part: told once a tick what each loop's progress counter shows.
class HangDetector {
 public:
  HangDetector(std::size_t loops, int patience_ticks) : seen_(loops), patience_(patience_ticks) {}
  // True: the loop has been at work in one and the same turn for `patience` ticks.
  bool Observe(std::size_t loop, std::uint64_t progress);
  bool asleep(std::size_t loop) const { return (seen_[loop].progress & 1) == 0; }

 private:
  struct Seen {
    std::uint64_t progress = 0;
    int ticks = 0;
  };
  std::vector<Seen> seen_;
  const int patience_;
};

// Counts its own ticks of one second, so a process that was stopped and continued is not taken for a hanging one.
class Watchdog {
 public:
  static constexpr int kPatienceTicks = 10;
  explicit Watchdog(std::vector<EventLoop*> loops, Micros tick = std::chrono::seconds(1));  // which outlive it
  ~Watchdog();

 private:
  void Run();
  [[noreturn]] void Die(EventLoop& loop);

  const std::vector<EventLoop*> loops_;
  const Micros tick_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace ottla
