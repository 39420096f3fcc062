#include "common/env/event_loop.h"

#include <event2/event.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "common/base/check.h"

namespace ottla {
namespace {

// An edge-triggered eventfd is an event at each write; the count behind it is of no interest and never read.
void OnWake(evutil_socket_t, short, void*) {}

// Only ends the wait: the turn that follows runs what is due.
void OnTimer(evutil_socket_t, short, void* armed_for) { static_cast<std::optional<MonoTime>*>(armed_for)->reset(); }

event_base* NewBase() {
  event_config* config = event_config_new();
  OTTLA_CHECK(config != nullptr);
  event_config_set_flag(config, EVENT_BASE_FLAG_NOLOCK);
  event_config_require_features(config, EV_FEATURE_ET | EV_FEATURE_O1);
  event_base* base = event_base_new_with_config(config);
  event_config_free(config);
  PCHECK(base != nullptr) << "making an event base";
  return base;
}

}  // namespace

void EventLoop::EventDeleter::operator()(event* e) const { event_free(e); }

EventLoop::EventLoop(const Clock& clock, std::string name)
    : clock_(clock), name_(std::move(name)), base_(NewBase()), wheel_(clock.Now()) {
  wake_fd_ = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  PCHECK(wake_fd_ >= 0) << "eventfd";
  wake_event_.reset(event_new(base_, wake_fd_, EV_READ | EV_PERSIST | EV_ET, &OnWake, nullptr));
  timer_event_.reset(event_new(base_, -1, 0, &OnTimer, &armed_for_));
  OTTLA_CHECK(wake_event_ && timer_event_ && event_add(wake_event_.get(), nullptr) == 0);
}

EventLoop::~EventLoop() {
  DropQueued();
  wake_event_.reset();
  timer_event_.reset();
  event_base_free(base_);
  close(wake_fd_);
}

EventLoop& EventLoop::From(Executor& executor) {
  auto* loop = dynamic_cast<EventLoop*>(&executor);
  OTTLA_CHECK(loop != nullptr) << "sockets need an event loop";
  return *loop;
}

void EventLoop::Run() {
  thread_.store(std::this_thread::get_id(), std::memory_order_relaxed);
  native_thread_ = pthread_self();
  pthread_setname_np(native_thread_, name_.substr(0, 15).c_str());
  SetActive(true);
  while (!stop_.load(std::memory_order_acquire)) Turn();
  DropQueued();
  SetActive(false);
  ended_.store(true, std::memory_order_release);
}

void EventLoop::Stop() {
  stop_.store(true, std::memory_order_release);
  Post([] {});
}

void EventLoop::Post(Task task) {
  if (ended_.load(std::memory_order_acquire)) return;
  if (OnThread()) {
    own_.push_back(std::move(task));
    return;
  }
  if (!mailbox_.Push(std::move(task))) return;
  const std::uint64_t one = 1;
  const ssize_t written = write(wake_fd_, &one, sizeof one);
  PCHECK(written == sizeof one || errno == EAGAIN) << "waking loop " << name_;
}

TimerId EventLoop::RunAfter(Micros delay, Task task) {
  CheckOnLoop();
  const MonoTime due = clock_.Now() + delay;
  const MonoTime fires = TimerWheel::FiringTime(due);
  if (!next_due_ || fires < *next_due_) next_due_ = fires;
  return wheel_.Add(due, std::move(task));
}

void EventLoop::Cancel(TimerId id) {
  CheckOnLoop();
  wheel_.Cancel(id);
}

void EventLoop::Turn() {
  RunTasks();
  RunTimers();
  const bool may_sleep = own_.empty() && mailbox_.PrepareSleep() && !stop_.load(std::memory_order_acquire);
  ArmTimer();
  Wait(may_sleep);
}

void EventLoop::RunTasks() {
  running_.swap(own_);
  mailbox_.TakeAll(running_);
  for (Task& task : running_) {
    NoteStep();
    task();
    task = nullptr;  // what a task holds must not outlive its run
  }
  running_.clear();
}

void EventLoop::RunTimers() {
  if (!next_due_) return;
  const MonoTime now = clock_.Now();
  if (now < *next_due_) return;
  wheel_.Advance(now);
  // Timers added by these run in a later turn at the earliest: they are due after the present tick or were asked for
  // with no delay, and a task that re-arms itself so must not hold the loop.
  for (std::size_t budget = wheel_.size(); budget > 0; --budget) {
    Task task = wheel_.PopDue();
    if (!task) break;
    NoteStep();
    task();
  }
  next_due_ = wheel_.NextDue();
}

void EventLoop::ArmTimer() {
  if (next_due_ == armed_for_) return;
  armed_for_ = next_due_;
  if (!next_due_) {
    event_del(timer_event_.get());
    return;
  }
  const Micros delay = std::max(Micros(0), *next_due_ - clock_.Now());
  const timeval tv{static_cast<time_t>(delay.count() / 1'000'000), static_cast<suseconds_t>(delay.count() % 1'000'000)};
  event_add(timer_event_.get(), &tv);
}

void EventLoop::Wait(bool may_sleep) {
  SetActive(false);
  // Waits, then calls the sockets' handlers, each of which starts with NoteActive().
  event_base_loop(base_, EVLOOP_ONCE | (may_sleep ? 0 : EVLOOP_NONBLOCK));
  SetActive(true);
  if (may_sleep) mailbox_.Awake();
}

void EventLoop::SetActive(bool active) {
  if (active_ == active) return;
  active_ = active;
  progress_.fetch_add(1, std::memory_order_release);
}

void EventLoop::DropQueued() {
  // What dies may post again; that dies too.
  do {
    std::vector<Task> dead;
    dead.swap(own_);
    mailbox_.TakeAll(dead);
    dead.clear();
    TimerWheel dead_timers(clock_.Now());
    std::swap(dead_timers, wheel_);
    next_due_.reset();
    mailbox_.TakeAll(own_);
  } while (!own_.empty());
}

}  // namespace ottla
