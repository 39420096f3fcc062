#include "tests/sim/env/sim_scheduler.h"

#include <algorithm>
#include <ostream>
#include <utility>

#include "common/base/check.h"

namespace ottla::sim {

std::string_view ToString(TraceKind kind) {
  switch (kind) {
    case TraceKind::kTask: return "task";
    case TraceKind::kTimer: return "timer";
    case TraceKind::kNet: return "net";
    case TraceKind::kFile: return "file";
    case TraceKind::kZk: return "zk";
    case TraceKind::kFault: return "fault";
    case TraceKind::kClient: return "client";
    case TraceKind::kNote: return "note";
  }
  return "unknown";
}

std::uint64_t HashBytes(std::string_view bytes) {
  std::uint64_t hash = 0xCBF29CE484222325ULL;
  for (const char c : bytes) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001B3ULL;
  return hash;
}

SimScheduler::~SimScheduler() {
  // A task's end may cancel other events; none may be added while the last ones go.
  while (!events_due_.empty()) {
    const Task last = std::move(events_due_.begin()->second);
    events_due_.erase(events_due_.begin());
  }
}

Micros SimScheduler::Between(Micros low, Micros high) {
  OTTLA_CHECK(low <= high);
  return low + Micros(static_cast<std::int64_t>(random_.Below(static_cast<std::uint64_t>((high - low).count()) + 1)));
}

SimScheduler::EventId SimScheduler::At(MonoTime when, Task task) {
  const EventId id{std::max(when, now_), random_.Next(), next_sequence_++};
  events_due_.emplace(id, std::move(task));
  return id;
}

void SimScheduler::Cancel(const EventId& id) {
  const auto found = events_due_.find(id);
  if (found == events_due_.end()) return;
  const Task task = std::move(found->second);  // ends after the map is whole again: its end may cancel others
  events_due_.erase(found);
}

bool SimScheduler::Step() {
  OTTLA_CHECK(current_ == nullptr) << "the scheduler is not re-entrant";
  if (events_due_.empty()) return false;
  const auto first = events_due_.begin();
  now_ = first->first.at;
  Task task = std::move(first->second);
  events_due_.erase(first);
  ++events_;
  last_ran_ = nullptr;
  task();
  task = nullptr;
  if (after_event_) after_event_();
  return true;
}

void SimScheduler::RunFor(Micros duration) {
  const MonoTime end = now_ + duration;
  while (!events_due_.empty() && events_due_.begin()->first.at <= end) Step();
  now_ = end;
}

bool SimScheduler::RunUntil(const std::function<bool()>& done, Micros limit) {
  const MonoTime end = now_ + limit;
  while (!done()) {
    if (events_due_.empty() || events_due_.begin()->first.at > end) {
      now_ = end;
      return done();
    }
    Step();
  }
  return true;
}

void SimScheduler::Trace(TraceKind kind, int node, std::uint64_t a, std::uint64_t b) {
  const auto mix = [this](std::uint64_t value) {
    hash_ = (hash_ ^ value) * 0x100000001B3ULL;
    hash_ ^= hash_ >> 29;
  };
  mix(static_cast<std::uint64_t>(now_.time_since_epoch().count()));
  mix(static_cast<std::uint64_t>(kind) << 32 | static_cast<std::uint32_t>(node));
  mix(a);
  mix(b);
  if (trace_to_ != nullptr) {
    *trace_to_ << now_.time_since_epoch().count() << " node " << node << " " << ToString(kind) << " " << std::hex << a
               << " " << b << std::dec << "\n";
  }
  recent_.push_back({now_, kind, node, a, b});
  if (recent_.size() > 256) recent_.pop_front();
}

}  // namespace ottla::sim
