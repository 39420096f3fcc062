#include "tools/topic_view.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <regex>
#include <set>

#include "common/config/config_row.h"

namespace ottla::tools {
namespace {

std::string Joined(const std::vector<std::int32_t>& ids) {
  std::string text;
  for (std::size_t i = 0; i < ids.size(); ++i) text += (i == 0 ? "" : ",") + std::to_string(ids[i]);
  return text;
}

std::vector<std::int32_t> Duplicates(const std::vector<std::int32_t>& ids) {
  std::set<std::int32_t> seen, twice;
  for (const std::int32_t id : ids) {
    if (!seen.insert(id).second) twice.insert(id);
  }
  return {twice.begin(), twice.end()};
}

std::string BracketList(const std::vector<std::int32_t>& ids) {
  std::string text = "[";
  for (std::size_t i = 0; i < ids.size(); ++i) text += (i == 0 ? "" : ", ") + std::to_string(ids[i]);
  return text + "]";
}

// Replicas that are still being added do not count.
std::size_t ReplicationFactor(const PartitionView& partition) {
  return partition.replicas.size() - std::min(partition.replicas.size(), partition.adding.size());
}

std::string HeaderLine(const TopicView& topic) {
  std::string line = "Topic: " + topic.name;
  if (!topic.id.IsZero()) line += "\tTopicId: " + topic.id.ToString();
  line += "\tPartitionCount: " + std::to_string(topic.partitions.size());
  const std::size_t factor = topic.partitions.empty() ? 0 : ReplicationFactor(topic.partitions.front());
  line += "\tReplicationFactor: " + std::to_string(factor) + "\tConfigs: ";
  for (std::size_t i = 0; i < topic.configs.size(); ++i) {
    line += (i == 0 ? "" : ",") + topic.configs[i].first + "=" + topic.configs[i].second;
  }
  return line + "\n";
}

std::string PartitionLine(const TopicView& topic, const PartitionView& partition) {
  std::string line = "\tTopic: " + topic.name + "\tPartition: " + std::to_string(partition.partition);
  line += "\tLeader: " + (partition.leader < 0 ? "none" : std::to_string(partition.leader));
  line += "\tReplicas: " + Joined(partition.replicas) + "\tIsr: " + Joined(partition.isr);
  if (partition.reassigning) {
    line += "\tAdding Replicas: " + Joined(partition.adding) + "\tRemoving Replicas: " + Joined(partition.removing);
  }
  return line + "\tElr: N/A\tLastKnownElr: N/A\n";
}

bool HasReportFilter(const DescribeFilter& filter) {
  return filter.under_replicated || filter.unavailable || filter.under_min_isr || filter.at_min_isr;
}

bool Passes(const TopicView& topic, const PartitionView& partition, const DescribeFilter& filter) {
  if (!HasReportFilter(filter)) return true;
  const auto in_sync = static_cast<std::int32_t>(partition.isr.size());
  return (filter.under_replicated && partition.isr.size() < ReplicationFactor(partition)) ||
         (filter.unavailable && partition.leader < 0) ||
         (filter.under_min_isr && (partition.leader < 0 || in_sync < topic.min_insync_replicas)) ||
         (filter.at_min_isr && in_sync == topic.min_insync_replicas);
}

Result<std::vector<std::int32_t>> ParseReplicas(std::string_view text) {
  std::vector<std::int32_t> ids;
  while (true) {
    const std::size_t colon = text.find(':');
    const std::string_view part = TrimBlanks(text.substr(0, colon));
    std::int32_t id = 0;
    const auto parsed = std::from_chars(part.data(), part.data() + part.size(), id);
    if (part.empty() || parsed.ec != std::errc() || parsed.ptr != part.data() + part.size()) {
      return Status(StatusCode::kInvalidArgument, "For input string: \"" + std::string(part) + "\"");
    }
    ids.push_back(id);
    if (colon == std::string_view::npos) return ids;
    text.remove_prefix(colon + 1);
  }
}

}  // namespace

std::string DescribeText(const TopicView& topic, const DescribeFilter& filter) {
  std::string text;
  if (!HasReportFilter(filter) && (!filter.overrides_only || !topic.configs.empty())) text += HeaderLine(topic);
  if (filter.overrides_only) return text;
  for (const PartitionView& partition : topic.partitions) {
    if (Passes(topic, partition, filter)) text += PartitionLine(topic, partition);
  }
  return text;
}

std::string TopicPattern(std::string_view text) {
  std::string pattern;
  for (char c : TrimBlanks(text)) {
    if (c != ' ') pattern.push_back(c == ',' ? '|' : c);
  }
  const auto quote = [](char c) { return c == '"' || c == '\''; };
  while (!pattern.empty() && quote(pattern.front())) pattern.erase(0, 1);
  while (!pattern.empty() && quote(pattern.back())) pattern.pop_back();
  return pattern;
}

namespace {

// Java's \Q...\E as an expression that matches that text.
std::string WithoutQuotes(std::string_view pattern) {
  std::string out;
  for (std::size_t at = 0; at < pattern.size();) {
    const std::size_t quote = std::min(pattern.find("\\Q", at), pattern.size());
    out += pattern.substr(at, quote - at);
    if (quote == pattern.size()) break;
    const std::size_t end = std::min(pattern.find("\\E", quote + 2), pattern.size());
    for (const char c : pattern.substr(quote + 2, end - quote - 2)) {
      if (std::isalnum(static_cast<unsigned char>(c)) == 0 && c != '_') out.push_back('\\');
      out.push_back(c);
    }
    at = std::min(end + 2, pattern.size());
  }
  return out;
}

// What Java's expressions have and std::regex takes for something else without a word.
bool IsOnlyJavas(std::string_view pattern) {
  constexpr std::string_view kTokens[] = {"&&", "\\p", "\\P", "\\A", "\\Z", "\\z", "\\h", "++", "*+", "?+"};
  return std::ranges::any_of(kTokens, [&](std::string_view token) { return pattern.find(token) != pattern.npos; });
}

}  // namespace

std::optional<bool> MatchesPattern(const std::string& pattern, const std::string& name) {
  constexpr std::string_view kAnyCase = "(?i)";
  const bool any_case = pattern.starts_with(kAnyCase);
  const std::string text = WithoutQuotes(std::string_view(pattern).substr(any_case ? kAnyCase.size() : 0));
  if (IsOnlyJavas(text)) return std::nullopt;
  const auto flags = any_case ? std::regex::ECMAScript | std::regex::icase : std::regex::ECMAScript;
  try {
    return std::regex_match(name, std::regex(text, flags));
  } catch (const std::regex_error&) {
    return std::nullopt;
  }
}

Result<std::vector<std::vector<std::int32_t>>> ParseReplicaAssignment(std::string_view text) {
  std::vector<std::vector<std::int32_t>> assignment;
  for (const std::string& item : SplitList(text)) {
    Result<std::vector<std::int32_t>> ids = ParseReplicas(item);
    if (!ids.ok()) return ids.status();
    if (const std::vector<std::int32_t> twice = Duplicates(*ids); !twice.empty()) {
      return Status(StatusCode::kInvalidArgument,
                    "Partition replica lists may not contain duplicate entries: " + Joined(twice));
    }
    if (!assignment.empty() && assignment.front().size() != ids->size()) {
      return Status(StatusCode::kInvalidArgument, "Partition " + std::to_string(assignment.size()) +
                                                      " has different replication factor: " + BracketList(*ids));
    }
    assignment.push_back(std::move(ids).value());
  }
  if (assignment.empty()) return Status(StatusCode::kInvalidArgument, "the replica assignment is empty");
  return assignment;
}

Result<Properties> ParseTopicConfigs(const std::vector<std::string>& words) {
  Properties configs;
  for (const std::string& word : words) {
    const std::size_t equals = word.find('=');
    const std::string value(equals == std::string::npos ? "" : TrimBlanks(std::string_view(word).substr(equals + 1)));
    if (value.empty() || value.find('=') != std::string::npos) {
      return Status(StatusCode::kInvalidArgument,
                    "requirement failed: Invalid topic config: all configs to be added must be in the format "
                    "\"key=val\".");
    }
    configs[std::string(TrimBlanks(std::string_view(word).substr(0, equals)))] = value;
  }
  return configs;
}

bool IsInternalTopic(std::string_view name) { return name == "__consumer_offsets" || name == "__transaction_state"; }

}  // namespace ottla::tools
