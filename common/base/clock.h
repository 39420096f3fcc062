// Seam: time. Cores never see it; they are told `now` in their events.
#pragma once

#include <chrono>
#include <cstdint>

namespace ottla {

using Micros = std::chrono::microseconds;
using Millis = std::chrono::milliseconds;

// Monotonic time since an arbitrary start of the process (or of the simulation).
using MonoTime = std::chrono::time_point<class Clock, Micros>;

class Clock {
 public:
  virtual ~Clock() = default;
  virtual MonoTime Now() const = 0;             // any thread
  virtual std::int64_t WallMillis() const = 0;  // since 1970 UTC; may jump
};

inline std::int64_t ToMillis(MonoTime t) { return std::chrono::duration_cast<Millis>(t.time_since_epoch()).count(); }

}  // namespace ottla
