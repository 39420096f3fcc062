// Log lines of tools: always on stderr, since scripts parse stdout.
#pragma once

#include <cstdint>
#include <ostream>
#include <string_view>

namespace ottla::tools {

// [2024-01-31 10:00:00,000] WARN message (logger)
void LogLine(std::ostream& err, std::string_view level, std::string_view message, std::string_view logger);

// Monotonic milliseconds; tools block, so they read the clock themselves.
std::int64_t NowMs();
// Blocks this thread.
void SleepMs(std::int64_t ms);

}  // namespace ottla::tools
