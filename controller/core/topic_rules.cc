#include "controller/core/topic_rules.h"

#include <algorithm>
#include <set>

namespace ottla::controller {
namespace {

constexpr std::size_t kNameMax = 249;

bool Legal(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
}

std::string Unified(std::string_view name) {
  std::string out(name);
  std::ranges::replace(out, '.', '_');
  return out;
}

}  // namespace

std::string TopicNameFault(std::string_view name) {
  const std::string quoted(name);
  if (name.empty()) return "Topic name is invalid: the empty string is not allowed";
  if (name == ".") return "Topic name is invalid: '.' is not allowed";
  if (name == "..") return "Topic name is invalid: '..' is not allowed";
  if (name.size() > kNameMax) {
    return "Topic name is invalid: the length of '" + quoted + "' is longer than the max allowed length 249";
  }
  if (!std::ranges::all_of(name, Legal)) {
    return "Topic name is invalid: '" + quoted +
           "' contains one or more characters other than ASCII alphanumerics, '.', '_' and '-'";
  }
  return "";
}

std::string TopicSizeFault(const std::string& topic, std::int64_t partitions, std::string_view node) {
  if (partitions <= kTopicPartitionsMax && node.size() <= kTopicNodeMax) return "";
  return "Topic '" + topic + "' with " + std::to_string(partitions) + " partitions does not fit into its znode.";
}

std::optional<std::string> CollidingTopic(std::string_view name, const std::vector<std::string>& existing) {
  const std::string unified = Unified(name);
  for (const std::string& other : existing) {
    if (other != name && Unified(other) == unified) return other;
  }
  return std::nullopt;
}

std::string AssignmentFault(const std::map<std::int32_t, std::vector<BrokerId>>& assignment, std::int32_t first) {
  if (assignment.empty()) return "The assignment is empty.";
  const std::size_t factor = assignment.begin()->second.size();
  std::int32_t expected = first;
  for (const auto& [number, replicas] : assignment) {
    if (number != expected++) return "partitions should be a consecutive 0-based integer sequence";
    if (replicas.empty()) return "Partition " + std::to_string(number) + " has no replicas.";
    if (replicas.size() != factor) return "All partitions should have the same number of replicas";
    if (std::set<BrokerId>(replicas.begin(), replicas.end()).size() != replicas.size()) {
      return "Duplicate replica assignment found for partition " + std::to_string(number);
    }
    if (std::ranges::any_of(replicas, [](BrokerId id) { return id.value < 0; })) {
      return "Partition " + std::to_string(number) + " names a broker below 0.";
    }
  }
  return "";
}

}  // namespace ottla::controller
