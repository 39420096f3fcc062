// Accept or refuse a leader's ISR proposal (AlterPartition). Pure.
#pragma once

#include "controller/core/cluster_state.h"
#include "controller/core/requests.h"

namespace ottla::controller {

enum class IsrVerdict {
  kWrite,    // store `next`
  kAlready,  // the stored state is what was asked: success, nothing to write
  kRefuse,   // `error`
};
struct IsrDecision {
  IsrVerdict verdict = IsrVerdict::kRefuse;
  ErrorCode error = ErrorCode::kNone;
  zk::PartitionStateData next;
};

// `partition` may be nullptr (unknown). The order of the checks is Kafka's. `self` is the controller's epoch.
IsrDecision JudgeIsr(const ClusterState& cluster, const Partition* partition, const IsrProposal& proposal,
                     BrokerId leader, std::int16_t version, ControllerEpoch self);

}  // namespace ottla::controller
