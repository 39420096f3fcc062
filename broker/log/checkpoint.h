// The small text files of a log dir, as Apache Kafka's CheckpointFile writes them:
//   0\n  <number of entries>\n  then one entry a line, fields separated by white space.
// An empty file has no entries. Pure functions here; FileSystem::ReplaceFile writes.
#pragma once

#include <charconv>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/ids.h"
#include "common/base/status.h"

namespace ottla {

inline constexpr std::string_view kRecoveryPointFile = "recovery-point-offset-checkpoint";
inline constexpr std::string_view kLogStartFile = "log-start-offset-checkpoint";
inline constexpr std::string_view kHighWatermarkFile = "replication-offset-checkpoint";
inline constexpr std::string_view kCleanerFile = "cleaner-offset-checkpoint";
inline constexpr std::string_view kLeaderEpochFile = "leader-epoch-checkpoint";

template <class Int>
std::optional<Int> ParseNumber(std::string_view text) {
  Int value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::string CheckpointText(const std::vector<std::string>& lines);
// The entries, each of exactly `fields` fields. kCorrupt: wrong version, count or field.
Result<std::vector<std::vector<std::string>>> ParseCheckpoint(std::string_view text, std::size_t fields);

using OffsetCheckpoint = std::map<TopicPartition, Offset>;
std::string OffsetCheckpointText(const OffsetCheckpoint& offsets);
Result<OffsetCheckpoint> ParseOffsetCheckpoint(std::string_view text);

}  // namespace ottla
