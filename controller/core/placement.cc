#include "controller/core/placement.h"

#include <algorithm>
#include <set>

namespace ottla::controller {
namespace {

struct Start {
  std::uint32_t index;
  std::uint32_t shift;
};

// Position of replica number `replica` (from 0 for the second one) when the first is at `first`.
std::size_t Follower(std::size_t first, std::size_t shift, std::size_t replica, std::size_t n) {
  return (first + 1 + (shift + replica) % (n - 1)) % n;
}

std::map<std::int32_t, std::vector<BrokerId>> PlaceFlat(const std::vector<PlacementBroker>& brokers,
                                                        const PlacementRequest& request, Start start) {
  std::map<std::int32_t, std::vector<BrokerId>> result;
  const std::size_t n = brokers.size();
  std::size_t shift = start.shift;
  for (std::int32_t i = 0; i < request.partitions; ++i) {
    const std::int32_t p = request.first_partition + i;
    const auto number = static_cast<std::size_t>(p);
    if (p > 0 && number % n == 0) ++shift;
    const std::size_t first = (number + start.index) % n;
    std::vector<BrokerId>& replicas = result[p];
    replicas.push_back(brokers[first].id);
    for (std::int32_t j = 0; j + 1 < request.replication_factor; ++j) {
      replicas.push_back(brokers[Follower(first, shift, static_cast<std::size_t>(j), n)].id);
    }
  }
  return result;
}

std::map<std::int32_t, std::vector<BrokerId>> PlaceByRack(const std::map<BrokerId, std::string>& racks,
                                                          const PlacementRequest& request, Start start) {
  std::map<std::int32_t, std::vector<BrokerId>> result;
  const std::vector<BrokerId> order = AlternateRacks(racks);
  std::set<std::string> names;
  for (const auto& [id, rack] : racks) names.insert(rack);
  const std::size_t n = order.size();
  std::size_t shift = start.shift;
  for (std::int32_t i = 0; i < request.partitions; ++i) {
    const std::int32_t p = request.first_partition + i;
    const auto number = static_cast<std::size_t>(p);
    if (p > 0 && number % n == 0) ++shift;
    const std::size_t first = (number + start.index) % n;
    std::vector<BrokerId>& replicas = result[p];
    replicas.push_back(order[first]);
    std::set<std::string> used_racks{racks.at(order[first])};
    std::set<BrokerId> used{order[first]};
    std::size_t k = 0;  // not reset between followers
    for (std::int32_t j = 0; j + 1 < request.replication_factor; ++j) {
      for (bool placed = false; !placed; ++k) {
        const BrokerId candidate = order[Follower(first, shift * names.size(), k, n)];
        const std::string& rack = racks.at(candidate);
        const bool rack_taken = used_racks.contains(rack) && used_racks.size() != names.size();
        const bool broker_taken = used.contains(candidate) && used.size() != n;
        placed = !rack_taken && !broker_taken;
        if (!placed) continue;
        replicas.push_back(candidate);
        used_racks.insert(rack);
        used.insert(candidate);
      }
    }
  }
  return result;
}

}  // namespace

std::vector<BrokerId> AlternateRacks(const std::map<BrokerId, std::string>& racks) {
  std::map<std::string, std::vector<BrokerId>> by_rack;  // ids ascend, as `racks` does
  for (const auto& [id, rack] : racks) by_rack[rack].push_back(id);
  std::vector<BrokerId> order;
  for (std::size_t round = 0; order.size() < racks.size(); ++round) {
    for (const auto& [rack, ids] : by_rack) {
      if (round < ids.size()) order.push_back(ids[round]);
    }
  }
  return order;
}

Placement PlaceReplicas(const std::vector<PlacementBroker>& brokers, const PlacementRequest& request, Random& random) {
  const auto n = static_cast<std::int32_t>(brokers.size());
  if (request.partitions <= 0) return {PlacementError::kPartitions, "Number of partitions must be larger than 0.", {}};
  if (request.partitions > kPartitionsMax) {
    return {PlacementError::kPartitions,
            "Number of partitions must not be larger than " + std::to_string(kPartitionsMax) + ".",
            {}};
  }
  if (request.replication_factor <= 0) {
    return {PlacementError::kReplicationFactor, "Replication factor must be larger than 0.", {}};
  }
  if (request.replication_factor > n) {
    return {PlacementError::kReplicationFactor,
            "Replication factor: " + std::to_string(request.replication_factor) +
                " larger than available brokers: " + std::to_string(n) + ".",
            {}};
  }
  std::map<BrokerId, std::string> racks;
  for (const PlacementBroker& broker : brokers) {
    if (broker.rack) racks[broker.id] = *broker.rack;
  }
  if (!racks.empty() && racks.size() < brokers.size()) {
    return {
        PlacementError::kMixedRacks, "Not all brokers have rack information for replica rack aware assignment.", {}};
  }
  Start start{};
  if (request.fixed_start) {
    start = {*request.fixed_start, *request.fixed_start};
  } else {
    start.index = static_cast<std::uint32_t>(random.Below(static_cast<std::uint64_t>(n)));
    start.shift = static_cast<std::uint32_t>(random.Below(static_cast<std::uint64_t>(n)));
  }
  return {PlacementError::kNone, "",
          racks.empty() ? PlaceFlat(brokers, request, start) : PlaceByRack(racks, request, start)};
}

}  // namespace ottla::controller
