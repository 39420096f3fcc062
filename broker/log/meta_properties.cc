#include "broker/log/meta_properties.h"

#include <array>
#include <ctime>

#include "broker/log/checkpoint.h"
#include "common/config/properties.h"

namespace ottla {
namespace {

// Date.toString(): Sat Nov 21 09:48:49 UTC 2026
std::string JavaDate(std::int64_t now_ms) {
  const std::time_t seconds = now_ms / 1000;
  std::tm parts{};
  ::gmtime_r(&seconds, &parts);
  std::array<char, 64> text{};
  const std::size_t size = std::strftime(text.data(), text.size(), "%a %b %d %H:%M:%S UTC %Y", &parts);
  return {text.data(), size};
}

// What Properties.store escapes.
std::string Escape(std::string_view text, bool is_key) {
  std::string out;
  bool leading = true;
  for (const char c : text) {
    const bool blank = c == ' ' && (is_key || leading);
    if (blank || c == '=' || c == ':' || c == '#' || c == '!' || c == '\\') out.push_back('\\');
    leading = leading && c == ' ';
    if (c == '\n') {
      out.append("\\n");
    } else if (c == '\t') {
      out.append("\\t");
    } else {
      out.push_back(c);
    }
  }
  return out;
}

}  // namespace

Result<MetaProperties> ParseMetaProperties(std::string_view text) {
  auto parsed = ParseProperties(text);
  if (!parsed.ok()) return Status(StatusCode::kCorrupt, "meta.properties: " + parsed.status().message());
  MetaProperties result;
  for (auto& [key, value] : *parsed) {
    if (key == "version") {
      const auto version = ParseNumber<std::int32_t>(value);
      if (version == 1)
        return Status(StatusCode::kUnsupported, "meta.properties: version 1 belongs to a broker in KRaft mode");
      if (version != 0) return Status(StatusCode::kCorrupt, "meta.properties: unknown version " + value);
    } else if (key == "broker.id") {
      const auto id = ParseNumber<std::int32_t>(value);
      if (!id) return Status(StatusCode::kCorrupt, "meta.properties: broker.id is '" + value + "'");
      result.broker_id = BrokerId(*id);
    } else if (key == "cluster.id") {
      result.cluster_id = value;
    } else {
      result.others.emplace(key, std::move(value));
    }
  }
  return result;
}

std::string MetaPropertiesText(const MetaProperties& properties, std::int64_t now_ms) {
  std::string text = "#\n#" + JavaDate(now_ms) + "\n";
  if (properties.broker_id) text += "broker.id=" + std::to_string(properties.broker_id->value) + "\n";
  text += "version=0\n";
  for (const auto& [key, value] : properties.others) text += Escape(key, true) + "=" + Escape(value, false) + "\n";
  if (properties.cluster_id) text += "cluster.id=" + Escape(*properties.cluster_id, false) + "\n";
  return text;
}

std::string CleanShutdownText(std::int64_t broker_epoch) {
  return R"({"version":0,"brokerEpoch":)" + std::to_string(broker_epoch) + "}";
}

}  // namespace ottla
