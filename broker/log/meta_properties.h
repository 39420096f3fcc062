// meta.properties of a log directory: which broker of which cluster it belongs to. Pure.
// As Apache Kafka's MetaProperties (3.9) in ZooKeeper mode: version 0, broker.id, cluster.id; keys of others
// (directory.id) are kept.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "common/base/ids.h"
#include "common/base/status.h"

namespace ottla {

inline constexpr std::string_view kMetaPropertiesFile = "meta.properties";
inline constexpr std::string_view kCleanShutdownFile = ".kafka_cleanshutdown";

struct MetaProperties {
  std::optional<BrokerId> broker_id;
  std::optional<std::string> cluster_id;
  std::map<std::string, std::string> others;
  friend bool operator==(const MetaProperties&, const MetaProperties&) = default;
};

// kUnsupported: version 1, which only a broker in KRaft mode writes. kCorrupt: another version, or no number.
Result<MetaProperties> ParseMetaProperties(std::string_view text);
// As java.util.Properties stores it: an empty comment, the date, then the keys.
std::string MetaPropertiesText(const MetaProperties& properties, std::int64_t now_ms);

std::string CleanShutdownText(std::int64_t broker_epoch);

}  // namespace ottla
