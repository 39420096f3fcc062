// Names and hand-made assignments of topics that clients ask for. Pure.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/ids.h"

namespace ottla::controller {

// A topic's assignment is one znode, and ZooKeeper takes one MiB. Counts are asked before anything is computed, the
// znode is measured afterwards. Without bounds one request holds the control loop for minutes, and takes all memory.
inline constexpr std::int32_t kTopicPartitionsMax = 20'000;  // reading such a znode takes about a second
inline constexpr std::size_t kTopicNodeMax = 1'000'000;
inline constexpr std::size_t kRequestPartitionsMax = 50'000;  // new ones, of all topics of one request

// Why a topic cannot have so many partitions; empty: it can. `node`: its encoded znode, or empty: not known yet.
std::string TopicSizeFault(const std::string& topic, std::int64_t partitions, std::string_view node);

// Why the name is not allowed; empty: it is. Kafka's own words.
std::string TopicNameFault(std::string_view name);
// '.' and '_' fall together in metric names: the topic of `existing` that `name` would collide with.
std::optional<std::string> CollidingTopic(std::string_view name, const std::vector<std::string>& existing);

// Why a hand-made assignment is refused (INVALID_REPLICA_ASSIGNMENT); empty: it is fine. Partitions are numbered from
// `first`.
std::string AssignmentFault(const std::map<std::int32_t, std::vector<BrokerId>>& assignment, std::int32_t first);

}  // namespace ottla::controller
