#include "controller/core/topic_commands.h"

#include "controller/core/topic_rules.h"

namespace ottla::controller {

std::vector<PlacementBroker> PlacementBrokers(const ClusterState& cluster) {
  std::vector<PlacementBroker> brokers;
  for (const auto& [id, broker] : cluster.brokers) brokers.push_back({id, broker.registration.rack});
  return brokers;
}

ErrorCode ToWire(PlacementError error) {
  switch (error) {
    case PlacementError::kNone: return ErrorCode::kNone;
    case PlacementError::kPartitions: return ErrorCode::kInvalidPartitions;
    case PlacementError::kReplicationFactor: return ErrorCode::kInvalidReplicationFactor;
    case PlacementError::kMixedRacks: return ErrorCode::kUnknownServerError;
  }
  return ErrorCode::kUnknownServerError;
}

std::string SizeFault(const std::string& topic, const zk::TopicAssignment& assignment) {
  return TopicSizeFault(topic, static_cast<std::int64_t>(assignment.partitions.size()), zk::Encode(assignment));
}

}  // namespace ottla::controller
