// Names and hand-made assignments of topics that clients ask for. Pure.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/ids.h"

namespace ottla::controller {

// A topic's assignment is one znode, and ZooKeeper takes one MiB. Counts are asked before anything is computed, the
// znode is measured afterwards. Without bounds one request holds the control loop for minutes, and takes all memory.
inline constexpr std::int32_t kTopicPartitionsMax = 20'000;  // writing and reading such a znode takes 40 ms
inline constexpr std::size_t kTopicNodeMax = 1'000'000;
inline constexpr std::size_t kRequestPartitionsMax = 50'000;  // new ones, of all topics of one request

// Why a topic cannot have so many partitions; empty: it can. `node`: its encoded znode, or empty: not known yet.
std::string TopicSizeFault(const std::string& topic, std::int64_t partitions, std::string_view node);

// Why the name is not allowed; empty: it is. Kafka's own words.
std::string TopicNameFault(std::string_view name);
// Two names of which one is too many: '.' and '_' fall together in metric names.
bool Collide(std::string_view name, std::string_view other);

// Why the hand-made assignment of a new topic is refused (INVALID_REPLICA_ASSIGNMENT); empty: it is fine. That the
// brokers exist is not asked, as in Kafka; empty lists are refused, which Kafka stores.
std::string AssignmentFault(const std::map<std::int32_t, std::vector<BrokerId>>& assignment);
// The same for the partitions that a topic of `count` partitions and replication factor `factor` grows by.
std::string GrowthFault(const std::vector<std::vector<BrokerId>>& added, std::int32_t count, std::int32_t growth,
                        std::size_t factor, const std::vector<BrokerId>& brokers);

}  // namespace ottla::controller
