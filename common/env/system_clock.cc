#include "common/env/system_clock.h"

#include <ctime>

namespace ottla {

MonoTime SystemClock::Now() const {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return MonoTime(Micros(std::int64_t{now.tv_sec} * 1'000'000 + now.tv_nsec / 1000));
}

std::int64_t SystemClock::WallMillis() const {
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  return std::int64_t{now.tv_sec} * 1000 + now.tv_nsec / 1'000'000;
}

}  // namespace ottla
