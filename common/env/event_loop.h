// One thread that turns over sockets, timers and posted tasks: a data loop, or the control loop.
#pragma once

#include <pthread.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "common/base/executor.h"
#include "common/net/mailbox.h"
#include "common/net/timer_wheel.h"

struct event;
struct event_base;

namespace ottla {

// A libevent base without locks: everything but Post, Stop, OnThread and progress() belongs to the thread that calls
// Run(). A turn: tasks posted before it, timers that are due, then what the sockets have; the loop sleeps only when
// there is nothing to run and wakes only for a socket, the next deadline, or the first task of a burst.
class EventLoop final : public Executor {
 public:
  EventLoop(const Clock& clock, std::string name);
  ~EventLoop() override;
  EventLoop(const EventLoop&) = delete;
  EventLoop& operator=(const EventLoop&) = delete;

  void Run();   // until Stop(); then destroys what is still queued, on this thread
  void Stop();  // any thread; the present turn is finished first

  void Post(Task task) override;
  TimerId RunAfter(Micros delay, Task task) override;
  void Cancel(TimerId id) override;
  // True anywhere once Run() has returned: what still lives then ends without its loop, in the thread that ends it.
  bool OnThread() const override {
    return thread_.load(std::memory_order_relaxed) == std::this_thread::get_id() ||
           ended_.load(std::memory_order_acquire);
  }

  const std::string& name() const { return name_; }
  event_base* base() { return base_; }
  // First line of every libevent callback: the wait is over, the loop is at work again.
  void NoteActive() {
    SetActive(true);
    NoteStep();
  }
  // The loop behind an executor of the real Env; sockets live only on such.
  static EventLoop& From(Executor& executor);

  // For the watchdog, any thread: odd while the loop is at work, raised at each start and end of work and by each step
  // of it: task, timer, socket. A loop that shows the same odd number for long hangs in one step; one that sleeps does
  // not, and need not wake to prove it.
  std::uint64_t progress() const { return progress_.load(std::memory_order_relaxed); }
  pthread_t native_thread() const { return native_thread_; }  // valid once progress() > 0

 private:
  struct EventDeleter {
    void operator()(event* e) const;
  };
  using EventPtr = std::unique_ptr<event, EventDeleter>;

  void Turn();
  void RunTasks();
  void RunTimers();
  void ArmTimer();
  void Wait(bool may_sleep);
  void SetActive(bool active);
  void NoteStep() { progress_.store(progress_.load(std::memory_order_relaxed) + 2, std::memory_order_relaxed); }
  void DropQueued();

  const Clock& clock_;
  const std::string name_;
  event_base* base_ = nullptr;
  int wake_fd_ = -1;
  EventPtr wake_event_;
  EventPtr timer_event_;
  std::optional<MonoTime> armed_for_;
  TimerWheel wheel_;
  // Not after the earliest timer; before it when that was cancelled, which costs one idle turn instead of a search at
  // each cancellation.
  std::optional<MonoTime> next_due_;
  std::vector<Task> own_;      // posted by this thread
  std::vector<Task> running_;  // the burst of the present turn
  Mailbox mailbox_;            // posted by others
  bool active_ = false;
  std::atomic<bool> stop_{false};
  std::atomic<bool> ended_{false};
  std::atomic<std::thread::id> thread_{};
  pthread_t native_thread_{};
  std::atomic<std::uint64_t> progress_{0};
};

}  // namespace ottla
