#include "controller/core/isr_change.h"

#include <algorithm>

namespace ottla::controller {
namespace {

IsrDecision Refuse(ErrorCode error) { return {IsrVerdict::kRefuse, error, {}}; }

}  // namespace

IsrDecision JudgeIsr(const ClusterState& cluster, const Partition* partition, const IsrProposal& proposal,
                     BrokerId leader, std::int16_t version, ControllerEpoch self) {
  if (partition == nullptr || !partition->state || !partition->usable()) {
    return Refuse(ErrorCode::kUnknownTopicOrPartition);
  }
  const zk::PartitionStateData& stored = partition->state->data;
  const PartitionEpoch epoch = partition->state->partition_epoch;
  // Newer than what is known here: another controller has probably taken over.
  if (proposal.partition_epoch > epoch || proposal.leader_epoch > stored.leader_epoch) {
    return Refuse(ErrorCode::kNotController);
  }
  if (proposal.leader_epoch < stored.leader_epoch) return Refuse(ErrorCode::kFencedLeaderEpoch);
  if (stored.leader == leader && stored.isr == proposal.isr && stored.recovering == proposal.recovering) {
    return {IsrVerdict::kAlready, ErrorCode::kNone, stored};
  }
  if (proposal.partition_epoch < epoch) return Refuse(ErrorCode::kInvalidUpdateVersion);
  // Kafka does not look: a broker that is not the leader, or an ISR that cannot be, would be stored as it comes.
  if (stored.leader != leader) return Refuse(ErrorCode::kInvalidRequest);
  zk::PartitionStateData next = stored;
  next.isr = proposal.isr;
  next.recovering = proposal.recovering;
  next.controller_epoch = self;
  if (!Contains(proposal.isr, leader) || !Contradiction(partition->assignment, &next).empty()) {
    return Refuse(ErrorCode::kInvalidRequest);
  }
  if (proposal.recovering && (proposal.isr.size() > 1 || !stored.recovering)) return Refuse(ErrorCode::kInvalidRequest);
  if (!std::ranges::all_of(proposal.isr, [&](BrokerId id) { return cluster.Live(id); })) {
    return Refuse(version >= 2 ? ErrorCode::kIneligibleReplica : ErrorCode::kOperationNotAttempted);
  }
  return {IsrVerdict::kWrite, ErrorCode::kNone, std::move(next)};
}

}  // namespace ottla::controller
