#include "broker/log/retention.h"

namespace ottla {
namespace {

// Extends the prefix of removable segments from `from` on while `may_go` holds.
template <class Predicate>
std::size_t Extend(const RetentionView& log, std::size_t from, const Predicate& may_go) {
  std::size_t count = from;
  while (count < log.segments.size()) {
    const bool active = count + 1 == log.segments.size();
    const Offset upper = active ? log.log_end : log.segments[count + 1].base;
    if (active && log.segments[count].size == 0) break;
    if (log.high_watermark < upper || !may_go(count)) break;
    ++count;
  }
  return count;
}

std::size_t BelowLogStart(const RetentionView& log) {
  return Extend(
      log, 0, [&](std::size_t i) { return i + 1 < log.segments.size() && log.segments[i + 1].base <= log.log_start; });
}

std::size_t BySize(const RetentionView& log, const LogConfig& config, std::size_t from) {
  std::int64_t surplus = -config.retention_bytes;
  for (std::size_t i = from; i < log.segments.size(); ++i) surplus += static_cast<std::int64_t>(log.segments[i].size);
  return Extend(log, from, [&](std::size_t i) {
    const auto size = static_cast<std::int64_t>(log.segments[i].size);
    if (surplus - size < 0) return false;
    surplus -= size;
    return true;
  });
}

std::size_t ByTime(const RetentionView& log, const LogConfig& config, std::int64_t now_ms, std::size_t from) {
  return Extend(log, from, [&](std::size_t i) { return now_ms - log.segments[i].timestamp_ms > config.retention_ms; });
}

}  // namespace

std::size_t SegmentsToRemove(const RetentionView& log, const LogConfig& config, std::int64_t now_ms) {
  std::size_t count = BelowLogStart(log);
  if (!config.cleanup_delete) return count;
  if (config.retention_bytes >= 0) count = BySize(log, config, count);
  if (config.retention_ms >= 0) count = ByTime(log, config, now_ms, count);
  return count;
}

}  // namespace ottla
