// A setting is one row of data: name, type, range, default, documentation, who may change it while a broker runs.
// Parsing, validation, DescribeConfigs and deploy/CONFIGURATION.md are all made from rows. Pure.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "common/base/status.h"

namespace ottla {

// The numbers are DescribeConfigs' config types (v3+).
enum class ConfigType : std::int8_t {
  kUnknown = 0,
  kBool = 1,
  kString = 2,
  kInt = 3,
  kShort = 4,
  kLong = 5,
  kDouble = 6,
  kList = 7,
  kClass = 8,
  kPassword = 9,
};
std::string_view ToString(ConfigType type);

enum class ConfigChange : std::int8_t {
  kReadOnly,     // restart needed
  kPerBroker,    // dynamic, for one broker only
  kClusterWide,  // dynamic, for one broker or as the default of all
};

struct ConfigRow {
  std::string_view name;
  ConfigType type = ConfigType::kString;
  const char* def = nullptr;  // text of the default; nullptr: null
  std::string_view doc;
  std::int64_t min = std::numeric_limits<std::int64_t>::min();
  std::int64_t max = std::numeric_limits<std::int64_t>::max();
  std::string_view valid;  // comma-separated; empty: any value
  ConfigChange change = ConfigChange::kReadOnly;
  bool hidden = false;  // accepted, but not shown by DescribeConfigs

  constexpr bool sensitive() const { return type == ConfigType::kPassword; }

  // For writing rows down in one line each.
  constexpr ConfigRow Min(std::int64_t value) const {
    ConfigRow row = *this;
    row.min = value;
    return row;
  }
  constexpr ConfigRow Max(std::int64_t value) const {
    ConfigRow row = *this;
    row.max = value;
    return row;
  }
  constexpr ConfigRow Valid(std::string_view choices) const {
    ConfigRow row = *this;
    row.valid = choices;
    return row;
  }
  constexpr ConfigRow PerBroker() const {
    ConfigRow row = *this;
    row.change = ConfigChange::kPerBroker;
    return row;
  }
  constexpr ConfigRow Dynamic() const {
    ConfigRow row = *this;
    row.change = ConfigChange::kClusterWide;
    return row;
  }
  constexpr ConfigRow Hidden() const {
    ConfigRow row = *this;
    row.hidden = true;
    return row;
  }
};

namespace rows {
constexpr ConfigRow Make(ConfigType type, std::string_view name, const char* def, std::string_view doc) {
  return ConfigRow{.name = name, .type = type, .def = def, .doc = doc};
}
constexpr ConfigRow Bool(std::string_view name, const char* def, std::string_view doc) {
  return Make(ConfigType::kBool, name, def, doc);
}
constexpr ConfigRow Str(std::string_view name, const char* def, std::string_view doc) {
  return Make(ConfigType::kString, name, def, doc);
}
constexpr ConfigRow Int(std::string_view name, const char* def, std::string_view doc) {
  return Make(ConfigType::kInt, name, def, doc);
}
constexpr ConfigRow Short(std::string_view name, const char* def, std::string_view doc) {
  return Make(ConfigType::kShort, name, def, doc);
}
constexpr ConfigRow Long(std::string_view name, const char* def, std::string_view doc) {
  return Make(ConfigType::kLong, name, def, doc);
}
constexpr ConfigRow Double(std::string_view name, const char* def, std::string_view doc) {
  return Make(ConfigType::kDouble, name, def, doc);
}
constexpr ConfigRow List(std::string_view name, const char* def, std::string_view doc) {
  return Make(ConfigType::kList, name, def, doc);
}
constexpr ConfigRow Class(std::string_view name, const char* def, std::string_view doc) {
  return Make(ConfigType::kClass, name, def, doc);
}
constexpr ConfigRow Password(std::string_view name, std::string_view doc) {
  return Make(ConfigType::kPassword, name, nullptr, doc);
}
inline constexpr const char* kIntMax = "2147483647";
inline constexpr const char* kLongMax = "9223372036854775807";
inline constexpr const char* kDoubleMax = "1.7976931348623157E308";
}  // namespace rows

// null, or what the row's type says: kBool bool; kShort, kInt, kLong int64; kDouble double; kList a vector; else text.
using ConfigValue = std::variant<std::monostate, bool, std::int64_t, double, std::string, std::vector<std::string>>;

// Failures are kInvalidArgument: `Invalid value x for configuration name: reason`; a password is written as [hidden].
Result<ConfigValue> ParseConfigValue(const ConfigRow& row, std::string_view text);
// The row's own default, which always parses.
ConfigValue DefaultValue(const ConfigRow& row);
// As Kafka writes a parsed value: numbers without blanks, lists joined by ',', doubles as Java prints them; null:
// nullopt.
std::optional<std::string> CanonicalText(const ConfigValue& value);

std::string_view TrimBlanks(std::string_view text);
// Comma-separated, each trimmed; an empty text is an empty list.
std::vector<std::string> SplitList(std::string_view text);

}  // namespace ottla
