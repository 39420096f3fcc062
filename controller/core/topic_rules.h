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

// Why the name is not allowed; empty: it is. Kafka's own words.
std::string TopicNameFault(std::string_view name);
// '.' and '_' fall together in metric names: the topic of `existing` that `name` would collide with.
std::optional<std::string> CollidingTopic(std::string_view name, const std::vector<std::string>& existing);

// Why a hand-made assignment is refused (INVALID_REPLICA_ASSIGNMENT); empty: it is fine. Partitions are numbered from
// `first`.
std::string AssignmentFault(const std::map<std::int32_t, std::vector<BrokerId>>& assignment, std::int32_t first);

}  // namespace ottla::controller
