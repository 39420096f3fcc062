// What DescribeConfigs answers for topics and brokers: values, sources and synonyms, from the rows and the layers.
// Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/config/broker_config.h"
#include "common/config/topic_config.h"

namespace ottla {

// Numbers of the wire (DescribeConfigs v1+).
enum class ConfigSource : std::int8_t {
  kUnknown = 0,
  kDynamicTopic = 1,
  kDynamicBroker = 2,
  kDynamicDefaultBroker = 3,
  kStaticBroker = 4,
  kDefault = 5,
  kDynamicBrokerLogger = 6,
  kClientMetrics = 7,
};

struct ConfigSynonym {
  std::string name;
  std::optional<std::string> value;  // nullopt when sensitive
  ConfigSource source = ConfigSource::kDefault;
  friend bool operator==(const ConfigSynonym&, const ConfigSynonym&) = default;
};

struct ConfigEntry {
  std::string name;
  std::optional<std::string> value;  // nullopt: null, or sensitive
  bool read_only = false;
  ConfigSource source = ConfigSource::kDefault;
  bool sensitive = false;
  ConfigType type = ConfigType::kUnknown;
  std::string_view documentation;       // of a row: lives as long as the process
  std::vector<ConfigSynonym> synonyms;  // leave out of the answer when not asked for
};

// `keys`: nullopt or empty gives all; names that do not exist are dropped without a word.
using ConfigKeys = std::optional<std::vector<std::string>>;
std::vector<ConfigEntry> DescribeTopic(const BrokerConfig& broker, const Properties& overrides, const ConfigKeys& keys);
// The broker's own id: every effective value and the unknown keys of its file.
std::vector<ConfigEntry> DescribeBroker(const BrokerConfig& broker, const ConfigKeys& keys);
// The resource name "": only what the cluster default sets.
std::vector<ConfigEntry> DescribeBrokerDefault(const BrokerConfig& broker, const ConfigKeys& keys);

}  // namespace ottla
