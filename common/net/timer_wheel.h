// Many deadlines under one timer of the operating system. Pure: told the time, never asks for it. Adding and cancelling
// cost O(1); a deadline moves at most once per level on its way to firing. Nothing ticks while nothing is due:
// NextDue() says how long to sleep.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "common/base/clock.h"
#include "common/base/executor.h"
#include "common/base/unique_function.h"

namespace ottla {

// Seven levels of 64 slots (Varghese, Lauck 1987) over ticks of 1 ms: 139 years. A timer stands on the level of the
// highest group of six bits in which its tick differs from the present one, so everything on a lower level is due
// before everything on a higher one. Owner: one thread.
class TimerWheel {
 public:
  explicit TimerWheel(MonoTime now);

  TimerId Add(MonoTime due, Task task);  // fires at the first tick not before `due`
  void Cancel(TimerId id);               // 0, fired or unknown: no effect
  std::size_t size() const { return count_; }

  // When a timer of that time fires.
  static MonoTime FiringTime(MonoTime due);
  // When Advance() next has something to do. May be early by the width of a slot (a crowded slot far in the future is
  // not searched); never late.
  std::optional<MonoTime> NextDue() const;
  // Time is `now`: what is due becomes available to PopDue, in order of due ticks. Never goes back.
  void Advance(MonoTime now);
  // One due task, or an empty one. Tasks cancelled by earlier ones of the same turn do not appear.
  Task PopDue();

 private:
  static constexpr int kBits = 6;
  static constexpr std::uint64_t kSlots = 1u << kBits;
  static constexpr int kLevels = 7;
  static constexpr std::uint64_t kMaxTick = (std::uint64_t{1} << (kBits * kLevels)) - 1;
  static constexpr std::uint32_t kNil = UINT32_MAX;
  static constexpr std::uint32_t kDueList = kLevels * kSlots;

  struct Node {
    Task task;
    std::uint64_t tick = 0;
    std::uint32_t generation = 1;
    std::uint32_t prev = kNil;
    std::uint32_t next = kNil;
    std::uint32_t list = kNil;  // kNil: free
  };
  struct List {
    std::uint32_t head = kNil;
    std::uint32_t tail = kNil;
  };
  struct Position {
    int level;
    std::uint64_t slot;
    std::uint64_t start;  // first tick of the slot
  };

  void Link(std::uint32_t index);  // to the slot of its tick, or to the due list
  void Append(std::uint32_t list, std::uint32_t index);
  void Unlink(std::uint32_t index);
  void Free(std::uint32_t index);
  std::optional<Position> FirstSlot() const;

  std::vector<Node> nodes_;
  std::vector<std::uint32_t> free_;
  std::array<List, kLevels * kSlots + 1> lists_;
  std::array<std::uint64_t, kLevels> occupied_{};  // a bit per slot
  std::uint64_t now_tick_;
  std::size_t count_ = 0;
};

}  // namespace ottla
