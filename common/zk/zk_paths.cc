#include "common/zk/zk_paths.h"

#include <charconv>

namespace ottla::zk {
namespace {

bool IsUnreserved(unsigned char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '_';
}

int HexValue(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

const std::vector<std::string>& PersistentPaths() {
  static const std::vector<std::string> kPaths = {
      "/consumers",     kBrokerIds,    kBrokerTopics, kConfigChanges, kDeleteTopics, kBrokerSeqId,   kIsrChanges,
      kProducerIdBlock, kLogDirEvents, kConfigTopics, kConfigClients, kConfigUsers,  kConfigBrokers, kConfigIps};
  return kPaths;
}

std::string Child(std::string_view parent, std::string_view name) {
  std::string path;
  path.reserve(parent.size() + 1 + name.size());
  path.append(parent).append("/").append(name);
  return path;
}

std::string_view BaseName(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string_view::npos ? path : path.substr(slash + 1);
}

std::string_view Parent(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string_view::npos || slash == 0 ? std::string_view("/") : path.substr(0, slash);
}

std::string Broker(BrokerId id) { return Child(kBrokerIds, std::to_string(id.value)); }
std::string Topic(std::string_view topic) { return Child(kBrokerTopics, topic); }
std::string Partitions(std::string_view topic) { return Topic(topic) + "/partitions"; }
std::string Partition(std::string_view topic, std::int32_t partition) {
  return Child(Partitions(topic), std::to_string(partition));
}
std::string State(std::string_view topic, std::int32_t partition) { return Partition(topic, partition) + "/state"; }
std::string DeleteTopic(std::string_view topic) { return Child(kDeleteTopics, topic); }
std::string TopicConfig(std::string_view topic) { return Child(kConfigTopics, topic); }
std::string BrokerConfig(std::string_view id_or_default) { return Child(kConfigBrokers, id_or_default); }
std::string ConfigEntity(std::string_view entity_path) { return Child(kConfig, entity_path); }
std::string ConsumerOffset(std::string_view group, std::string_view topic, std::int32_t partition) {
  return Child(Child(Child(Child("/consumers", group), "offsets"), topic), std::to_string(partition));
}
std::string Token(std::string_view token_id) { return Child(kTokens, token_id); }
std::string LiteralAcl(std::string_view type, std::string_view name) { return Child(Child(kAcls, type), name); }
std::string PrefixedAcl(std::string_view type, std::string_view name) {
  return Child(Child(kPrefixedAcls, type), name);
}

std::optional<std::int64_t> SequenceNumber(std::string_view name, std::string_view prefix) {
  if (name.substr(0, prefix.size()) != prefix) return std::nullopt;
  const std::string_view digits = name.substr(prefix.size());
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (digits.empty() || error != std::errc() || end != digits.data() + digits.size() || number < 0) return std::nullopt;
  return number;
}

std::optional<std::int32_t> ParseId(std::string_view text) {
  std::int32_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (text.empty() || text.front() == '-' || error != std::errc() || end != text.data() + text.size()) {
    return std::nullopt;
  }
  return number;
}

std::string Sanitize(std::string_view name) {
  static constexpr char kHex[] = "0123456789ABCDEF";
  std::string out;
  for (const char c : name) {
    const auto byte = static_cast<unsigned char>(c);
    if (IsUnreserved(byte)) {
      out += c;
    } else {
      out += '%';
      out += kHex[byte >> 4];
      out += kHex[byte & 15];
    }
  }
  return out;
}

std::optional<std::string> Desanitize(std::string_view name) {
  std::string out;
  for (std::size_t i = 0; i < name.size(); ++i) {
    if (name[i] == '+') {
      out += ' ';
    } else if (name[i] != '%') {
      out += name[i];
    } else {
      if (i + 2 >= name.size()) return std::nullopt;
      const int high = HexValue(name[i + 1]);
      const int low = HexValue(name[i + 2]);
      if (high < 0 || low < 0) return std::nullopt;
      out += static_cast<char>(high * 16 + low);
      i += 2;
    }
  }
  return out;
}

}  // namespace ottla::zk
