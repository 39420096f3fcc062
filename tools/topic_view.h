// What `kafka-topics --describe` prints, and which lines its filters let through. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "common/base/ids.h"
#include "common/base/status.h"
#include "common/config/properties.h"

namespace ottla::tools {

struct PartitionView {
  std::int32_t partition = 0;
  std::int32_t leader = -1;  // -1: none
  std::vector<std::int32_t> replicas;
  std::vector<std::int32_t> isr;
  bool reassigning = false;
  std::vector<std::int32_t> adding;
  std::vector<std::int32_t> removing;
};

struct TopicView {
  std::string name;
  Uuid id;
  std::vector<PartitionView> partitions;                     // by number
  std::vector<std::pair<std::string, std::string>> configs;  // those whose source is not "default"
  std::int32_t min_insync_replicas = 1;                      // effective
};

struct DescribeFilter {
  bool under_replicated = false;
  bool unavailable = false;
  bool under_min_isr = false;
  bool at_min_isr = false;
  bool overrides_only = false;  // header lines only, and only of topics with configs
};

// All lines of one topic, each with its line end.
std::string DescribeText(const TopicView& topic, const DescribeFilter& filter);

// The pattern of --topic: commas are alternatives, blanks and enclosing quotes are dropped.
std::string TopicPattern(std::string_view text);
// `pattern` against the whole name. nullopt: not a regular expression.
std::optional<bool> MatchesPattern(const std::string& pattern, const std::string& name);

// `1:2,2:1` as broker ids per partition.
Result<std::vector<std::vector<std::int32_t>>> ParseReplicaAssignment(std::string_view text);

// The words of `--config`: each one name, one "=", one value.
Result<Properties> ParseTopicConfigs(const std::vector<std::string>& words);

bool IsInternalTopic(std::string_view name);

}  // namespace ottla::tools
