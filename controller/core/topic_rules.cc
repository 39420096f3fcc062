#include "controller/core/topic_rules.h"

#include <algorithm>
#include <set>
#include <sstream>
#include <utility>

namespace ottla::controller {
namespace {

constexpr std::size_t kNameMax = 249;

bool Legal(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
}

template <class Items>
std::string Joined(const Items& items) {
  std::ostringstream out;
  const char* between = "";
  for (const auto& item : items) out << std::exchange(between, ", ") << item;
  return out.str();
}

bool HasRepeats(const std::vector<BrokerId>& ids) {
  return std::set<BrokerId>(ids.begin(), ids.end()).size() != ids.size();
}

bool HasNegatives(const std::vector<BrokerId>& ids) {
  return std::ranges::any_of(ids, [](BrokerId id) { return id.value < 0; });
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

bool Collide(std::string_view name, std::string_view other) {
  const auto unified = [](char c) { return c == '.' ? '_' : c; };
  return name != other && std::ranges::equal(name, other, {}, unified, unified);
}

std::string AssignmentFault(const std::map<std::int32_t, std::vector<BrokerId>>& assignment) {
  if (assignment.empty()) return "The assignment is empty.";
  const std::size_t factor = assignment.begin()->second.size();
  std::int32_t expected = 0;
  bool consecutive = true;
  for (const auto& [number, replicas] : assignment) {
    consecutive = consecutive && number == expected++;
    if (replicas.size() != factor) return "All partitions should have the same number of replicas";
  }
  for (const auto& [number, replicas] : assignment) {
    const std::string where = "partition " + std::to_string(number) + ": " + Joined(replicas);
    if (replicas.empty()) return "No replicas are assigned to " + where;
    if (HasRepeats(replicas)) return "Duplicate replica assignment found: " + where;
    if (HasNegatives(replicas)) return "A broker id below 0 is assigned to " + where;
  }
  return consecutive ? "" : "partitions should be a consecutive 0-based integer sequence";
}

std::string GrowthFault(const std::vector<std::vector<BrokerId>>& added, std::int32_t count, std::int32_t growth,
                        std::size_t factor, const std::vector<BrokerId>& brokers) {
  std::set<BrokerId> unknown;
  for (const auto& replicas : added) {
    std::ranges::copy_if(replicas, std::inserter(unknown, unknown.end()),
                         [&](BrokerId id) { return std::ranges::find(brokers, id) == brokers.end(); });
  }
  if (!unknown.empty()) return "Unknown broker(s) in replica assignment: " + Joined(unknown) + ".";
  if (static_cast<std::int64_t>(added.size()) != growth) {
    return "Increasing the number of partitions by " + std::to_string(growth) + " but " + std::to_string(added.size()) +
           " assignments provided.";
  }
  std::vector<std::size_t> partitions, factors;
  for (std::size_t i = 0; i < added.size(); ++i) {
    const std::size_t number = static_cast<std::size_t>(count) + i;
    if (added[i].empty()) return "Cannot have replication factor of 0 for partition id " + std::to_string(number) + ".";
    if (HasRepeats(added[i])) {
      return "Duplicate brokers not allowed in replica assignment: " + Joined(added[i]) + " for partition id " +
             std::to_string(number) + ".";
    }
    if (added[i].size() == factor) continue;
    partitions.push_back(number);
    factors.push_back(added[i].size());
  }
  if (partitions.empty()) return "";
  return "Inconsistent replication factor between partitions, partition 0 has " + std::to_string(factor) +
         " while partitions [" + Joined(partitions) + "] have replication factors [" + Joined(factors) +
         "], respectively.";
}

}  // namespace ottla::controller
