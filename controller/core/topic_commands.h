// What several of the topic commands ask in the same words. Pure; internal to controller/core.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "common/protocol/error_code.h"
#include "common/zk/zk_codec.h"
#include "controller/core/cluster_state.h"
#include "controller/core/placement.h"

namespace ottla::controller {

inline constexpr const char* kTooManyPartitions = "Excessively large number of partitions per request.";

std::vector<PlacementBroker> PlacementBrokers(const ClusterState& cluster);
ErrorCode ToWire(PlacementError error);
// Why the topic's znode would not fit; empty: it does.
std::string SizeFault(const std::string& topic, const zk::TopicAssignment& assignment);

// Names in `asked` that come more than once.
template <class Asked>
std::set<std::string> Repeated(const Asked& asked) {
  std::set<std::string> seen;
  std::set<std::string> repeated;
  for (const auto& item : asked) {
    if (!seen.insert(item.name).second) repeated.insert(item.name);
  }
  return repeated;
}

}  // namespace ottla::controller
