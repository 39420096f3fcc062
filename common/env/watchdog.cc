#include "common/env/watchdog.h"

#include <pthread.h>
#include <signal.h>

#include <chrono>
#include <cstdlib>
#include <utility>

#include "common/base/check.h"

namespace ottla {

bool HangDetector::Observe(std::size_t loop, std::uint64_t progress) {
  Seen& seen = seen_[loop];
  const bool stuck = progress == seen.progress && (progress & 1) != 0;
  seen.ticks = stuck ? seen.ticks + 1 : 0;
  seen.progress = progress;
  return seen.ticks >= patience_;
}

Watchdog::Watchdog(std::vector<EventLoop*> loops, Micros tick)
    : loops_(std::move(loops)), tick_(tick), thread_([this] { Run(); }) {}

Watchdog::~Watchdog() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    changed_.notify_one();
  }
  thread_.join();
}

void Watchdog::Run() {
  pthread_setname_np(pthread_self(), "watchdog");
  HangDetector detector(loops_.size(), kPatienceTicks);
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    changed_.wait_for(lock, tick_);
    for (std::size_t i = 0; i < loops_.size() && !stopping_; ++i) {
      if (detector.Observe(i, loops_[i]->progress())) Die(*loops_[i]);
    }
  }
}

void Watchdog::Die(EventLoop& loop) {
  LOG(ERROR) << "loop " << loop.name() << " has not turned for " << kPatienceTicks
             << " ticks of the watchdog; ending the process";
  // To the loop's own thread, so that the stack shown is the one that hangs.
  pthread_kill(loop.native_thread(), SIGABRT);
  std::mutex never;
  std::condition_variable grace;
  std::unique_lock lock(never);
  grace.wait_for(lock, std::chrono::seconds(2));
  abort();  // that thread sits in the kernel and takes no signal
}

}  // namespace ottla
