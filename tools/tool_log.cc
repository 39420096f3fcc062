#include "tools/tool_log.h"

#include <time.h>

#include <cerrno>
#include <cstdio>
#include <string>

namespace ottla::tools {

void LogLine(std::ostream& err, std::string_view level, std::string_view message, std::string_view logger) {
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  tm parts{};
  localtime_r(&now.tv_sec, &parts);
  char stamp[64];
  const std::size_t length = strftime(stamp, sizeof(stamp), "%Y-%m-%d %H:%M:%S", &parts);
  std::string millis = std::to_string(1000 + now.tv_nsec / 1'000'000).substr(1);
  err << "[" << std::string_view(stamp, length) << "," << millis << "] " << level << " " << message << " (" << logger
      << ")" << std::endl;
}

std::int64_t NowMs() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<std::int64_t>(now.tv_sec) * 1000 + now.tv_nsec / 1'000'000;
}

void SleepMs(std::int64_t ms) {
  timespec left{.tv_sec = ms / 1000, .tv_nsec = (ms % 1000) * 1'000'000};
  while (nanosleep(&left, &left) != 0 && errno == EINTR) {
  }
}

}  // namespace ottla::tools
