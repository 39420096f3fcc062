// Control requests as they go over the wire, in the versions that inter.broker.protocol.version fixes: no ApiVersions
// are asked on these connections. Pure.
#pragma once

#include <cstdint>

#include "common/config/inter_broker_version.h"
#include "common/protocol/messages/04_leader_and_isr.h"
#include "common/protocol/messages/05_stop_replica.h"
#include "common/protocol/messages/06_update_metadata.h"
#include "controller/core/effects.h"

namespace ottla::controller {

struct ControlVersions {
  std::int16_t leader_and_isr = 7;
  std::int16_t update_metadata = 8;
  std::int16_t stop_replica = 4;
};
// `ibp` is 2.8-IV1 or newer: topic ids, and a leader epoch in StopReplica.
ControlVersions ControlVersionsOf(const InterBrokerVersion& ibp);

// `plan` is the body of `request`, `self` the controller. Strings of the result are views of `plan`.
LeaderAndIsrRequest ToWire(const ControlRequest& request, const LeaderAndIsrRequestPlan& plan, BrokerId self);
UpdateMetadataRequest ToWire(const ControlRequest& request, const UpdateMetadataRequestPlan& plan, BrokerId self);
StopReplicaRequest ToWire(const ControlRequest& request, const StopReplicaRequestPlan& plan, BrokerId self);

}  // namespace ottla::controller
