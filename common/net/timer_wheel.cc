#include "common/net/timer_wheel.h"

#include <algorithm>
#include <bit>
#include <utility>

#include "common/base/check.h"

namespace ottla {
namespace {

constexpr std::int64_t kTickMicros = 1000;

std::uint64_t FloorTick(MonoTime t) {
  return static_cast<std::uint64_t>(std::max<std::int64_t>(0, t.time_since_epoch().count())) / kTickMicros;
}

std::uint64_t CeilTick(MonoTime t) { return FloorTick(t + Micros(kTickMicros - 1)); }

MonoTime TimeOf(std::uint64_t tick) { return MonoTime(Micros(static_cast<std::int64_t>(tick) * kTickMicros)); }

// A slot with more timers than this is not searched for its earliest one.
constexpr int kSearchMax = 32;

}  // namespace

TimerWheel::TimerWheel(MonoTime now) : now_tick_(FloorTick(now)) {}

MonoTime TimerWheel::FiringTime(MonoTime due) { return TimeOf(std::min(CeilTick(due), kMaxTick)); }

TimerId TimerWheel::Add(MonoTime due, Task task) {
  std::uint32_t index = 0;
  if (free_.empty()) {
    index = static_cast<std::uint32_t>(nodes_.size());
    nodes_.emplace_back();
  } else {
    index = free_.back();
    free_.pop_back();
  }
  Node& node = nodes_[index];
  node.task = std::move(task);
  node.tick = std::min(CeilTick(due), kMaxTick);
  Link(index);
  ++count_;
  return (std::uint64_t{node.generation} << 32) | index;
}

void TimerWheel::Cancel(TimerId id) {
  const auto index = static_cast<std::uint32_t>(id);
  if (index >= nodes_.size()) return;
  Node& node = nodes_[index];
  if (node.list == kNil || node.generation != static_cast<std::uint32_t>(id >> 32)) return;
  Unlink(index);
  const Task dropped = std::move(node.task);  // dies last: its destructor may call back into the wheel
  Free(index);
}

std::optional<MonoTime> TimerWheel::NextDue() const {
  if (lists_[kDueList].head != kNil) return TimeOf(now_tick_);
  const auto first = FirstSlot();
  if (!first) return std::nullopt;
  if (first->level == 0) return TimeOf(first->start);
  std::uint64_t earliest = kMaxTick;
  int seen = 0;
  for (std::uint32_t i = lists_[static_cast<std::size_t>(first->level) * kSlots + first->slot].head; i != kNil;
       i = nodes_[i].next) {
    if (++seen > kSearchMax) return TimeOf(first->start);
    earliest = std::min(earliest, nodes_[i].tick);
  }
  return TimeOf(earliest);
}

void TimerWheel::Advance(MonoTime now) {
  const std::uint64_t target = std::min(FloorTick(now), kMaxTick);
  while (true) {
    const auto first = FirstSlot();
    if (!first || first->start > target) break;
    // Nothing stands before this slot, so time may go straight to its start; its timers then find their places on
    // lower levels or are due.
    now_tick_ = std::max(now_tick_, first->start);
    const std::size_t list = static_cast<std::size_t>(first->level) * kSlots + first->slot;
    std::uint32_t index = lists_[list].head;
    lists_[list] = List{};
    occupied_[static_cast<std::size_t>(first->level)] &= ~(std::uint64_t{1} << first->slot);
    while (index != kNil) {
      const std::uint32_t next = nodes_[index].next;
      Link(index);
      index = next;
    }
  }
  now_tick_ = std::max(now_tick_, target);
}

Task TimerWheel::PopDue() {
  const std::uint32_t index = lists_[kDueList].head;
  if (index == kNil) return nullptr;
  Unlink(index);
  Task task = std::move(nodes_[index].task);
  Free(index);
  return task;
}

void TimerWheel::Link(std::uint32_t index) {
  const std::uint64_t tick = nodes_[index].tick;
  if (tick <= now_tick_) {
    Append(kDueList, index);
    return;
  }
  const int level = (63 - std::countl_zero(tick ^ now_tick_)) / kBits;
  const std::uint64_t slot = (tick >> (level * kBits)) & (kSlots - 1);
  Append(static_cast<std::uint32_t>(static_cast<std::uint64_t>(level) * kSlots + slot), index);
  occupied_[static_cast<std::size_t>(level)] |= std::uint64_t{1} << slot;
}

void TimerWheel::Append(std::uint32_t list, std::uint32_t index) {
  Node& node = nodes_[index];
  List& to = lists_[list];
  node.list = list;
  node.prev = to.tail;
  node.next = kNil;
  (to.tail == kNil ? to.head : nodes_[to.tail].next) = index;
  to.tail = index;
}

void TimerWheel::Unlink(std::uint32_t index) {
  const Node& node = nodes_[index];
  List& from = lists_[node.list];
  (node.prev == kNil ? from.head : nodes_[node.prev].next) = node.next;
  (node.next == kNil ? from.tail : nodes_[node.next].prev) = node.prev;
  if (from.head == kNil && node.list != kDueList) {
    occupied_[node.list / kSlots] &= ~(std::uint64_t{1} << (node.list % kSlots));
  }
}

void TimerWheel::Free(std::uint32_t index) {
  Node& node = nodes_[index];
  node.list = kNil;
  node.generation = node.generation == UINT32_MAX ? 1 : node.generation + 1;  // never 0: id 0 means none
  free_.push_back(index);
  --count_;
}

std::optional<TimerWheel::Position> TimerWheel::FirstSlot() const {
  for (int level = 0; level < kLevels; ++level) {
    const std::uint64_t bits = occupied_[static_cast<std::size_t>(level)];
    if (bits == 0) continue;
    // All timers lie ahead and share the higher bits of the present tick, so the lowest bit is the nearest slot.
    const auto slot = static_cast<std::uint64_t>(std::countr_zero(bits));
    const int shift = level * kBits;
    const std::uint64_t above = (now_tick_ >> shift) & ~(kSlots - 1);
    return Position{level, slot, (above | slot) << shift};
  }
  return std::nullopt;
}

}  // namespace ottla
