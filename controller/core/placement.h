// Which brokers get the replicas of new partitions: Kafka's default assignment, with and without racks. Pure.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "common/base/ids.h"
#include "common/base/random.h"
#include "common/base/status.h"

namespace ottla::controller {

// Of one topic: more than its znode can hold, and little enough to be tried (Kafka has no limit and runs out of
// memory).
inline constexpr std::int32_t kPartitionsMax = 200'000;

struct PlacementBroker {
  BrokerId id;
  std::optional<std::string> rack;
};

struct PlacementRequest {
  std::int32_t partitions = 0;
  std::int32_t replication_factor = 0;
  std::int32_t first_partition = 0;          // growth starts at the old count
  std::optional<std::uint32_t> fixed_start;  // none: start and shift are random
};

enum class PlacementError { kNone, kPartitions, kReplicationFactor, kMixedRacks };

struct Placement {
  PlacementError error = PlacementError::kNone;
  std::string message;
  std::map<std::int32_t, std::vector<BrokerId>> assignment;
};

// Without racks the order of `brokers` counts (callers sort by id). kMixedRacks: some brokers have one, some not.
Placement PlaceReplicas(const std::vector<PlacementBroker>& brokers, const PlacementRequest& request, Random& random);

// Brokers in turn over the racks (sorted by name), ids ascending inside each.
std::vector<BrokerId> AlternateRacks(const std::map<BrokerId, std::string>& racks);

}  // namespace ottla::controller
