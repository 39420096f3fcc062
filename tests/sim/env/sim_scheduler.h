// One thread, virtual time, one seed. Whatever happens in a simulation happens as an event of this scheduler: the next
// is the one with the smallest time, and among equals the one the seed chose. Everything that could differ between two
// runs is mixed into the trace hash, so the same seed run twice must end with the same hash; if it does not, something
// outside the seams leaked in (an address used as an order, a real clock).
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <iosfwd>
#include <map>
#include <string>
#include <string_view>

#include "common/base/clock.h"
#include "common/base/random.h"
#include "common/base/unique_function.h"

namespace ottla::sim {

class SimExecutor;

inline constexpr int kDriver = -1;  // the "node" of events that belong to no machine

enum class TraceKind : std::uint8_t { kTask, kTimer, kNet, kFile, kZk, kFault, kClient, kNote };
std::string_view ToString(TraceKind kind);

std::uint64_t HashBytes(std::string_view bytes);  // FNV-1a

struct TraceEntry {
  MonoTime at;
  TraceKind kind = TraceKind::kNote;
  int node = kDriver;
  std::uint64_t a = 0;
  std::uint64_t b = 0;
};

class SimScheduler {
 public:
  // Names an event that has not run. Default: none.
  struct EventId {
    MonoTime at{};
    std::uint64_t tie = 0;
    std::uint64_t sequence = 0;  // 0: none
    friend auto operator<=>(const EventId&, const EventId&) = default;
  };

  explicit SimScheduler(std::uint64_t seed) : seed_(seed), random_(seed) {}
  ~SimScheduler();
  SimScheduler(const SimScheduler&) = delete;
  SimScheduler& operator=(const SimScheduler&) = delete;

  std::uint64_t seed() const { return seed_; }
  Random& random() { return random_; }
  MonoTime now() const { return now_; }
  Micros Between(Micros low, Micros high);  // uniform, both ends included

  EventId At(MonoTime when, Task task);  // a time that has passed means now
  EventId After(Micros delay, Task task) { return At(now_ + delay, std::move(task)); }
  void Cancel(const EventId& id);  // none, or one that has run: no effect

  // Runs the next event; false when there is none.
  bool Step();
  void RunFor(Micros duration);
  // Until `done` (asked after every event) or the limit; returns done().
  bool RunUntil(const std::function<bool()>& done, Micros limit);
  // Runs after every event: where the checkers stand.
  void set_after_event(std::function<void()> check) { after_event_ = std::move(check); }

  void Trace(TraceKind kind, int node, std::uint64_t a, std::uint64_t b = 0);
  std::uint64_t trace_hash() const { return hash_; }
  std::uint64_t events() const { return events_; }
  // Every trace entry as a line, to compare two runs that should be one. Null: none.
  void set_trace_to(std::ostream* out) { trace_to_ = out; }
  const std::deque<TraceEntry>& recent() const { return recent_; }  // the newest 256, for a failing run's report

  // The executor whose task is running; null between tasks.
  const SimExecutor* current() const { return current_; }
  // The executor that ran a task in the last event; null: it was no task.
  const SimExecutor* last_ran() const { return last_ran_; }

 private:
  friend class SimExecutor;

  const std::uint64_t seed_;
  Random random_;
  MonoTime now_{};
  std::map<EventId, Task> events_due_;
  std::uint64_t next_sequence_ = 1;
  std::uint64_t events_ = 0;
  std::uint64_t hash_ = 0xCBF29CE484222325ULL;
  std::deque<TraceEntry> recent_;
  std::ostream* trace_to_ = nullptr;
  std::function<void()> after_event_;
  const SimExecutor* current_ = nullptr;
  const SimExecutor* last_ran_ = nullptr;
};

}  // namespace ottla::sim
