#include "controller/core/isr_change.h"

#include <gtest/gtest.h>

#include "harness.h"

namespace ottla::controller {
namespace {

using test::Ids;

struct IsrCase {
  const char* why;
  std::int32_t leader_epoch, partition_epoch;
  const char* isr;
  bool recovering;
  std::int32_t sender;
  std::int16_t version;
  IsrVerdict verdict;
  ErrorCode error;
};

// Stored: leader 1, epoch 5, partition epoch 9, isr 1,2, replicas 1,2,3; live 1,2,3; 4 is a broker but no replica.
const IsrCase kIsrCases[] = {
    {"grow", 5, 9, "1,2,3", false, 1, 3, IsrVerdict::kWrite, ErrorCode::kNone},
    {"shrink", 5, 9, "1", false, 1, 3, IsrVerdict::kWrite, ErrorCode::kNone},
    {"order counts", 5, 9, "2,1", false, 1, 3, IsrVerdict::kWrite, ErrorCode::kNone},
    {"as stored", 5, 9, "1,2", false, 1, 3, IsrVerdict::kAlready, ErrorCode::kNone},
    {"as stored, asked before", 5, 8, "1,2", false, 1, 3, IsrVerdict::kAlready, ErrorCode::kNone},
    {"newer leader epoch", 6, 9, "1", false, 1, 3, IsrVerdict::kRefuse, ErrorCode::kNotController},
    {"newer partition epoch", 5, 10, "1", false, 1, 3, IsrVerdict::kRefuse, ErrorCode::kNotController},
    {"older leader epoch", 4, 9, "1", false, 1, 3, IsrVerdict::kRefuse, ErrorCode::kFencedLeaderEpoch},
    {"older partition epoch", 5, 8, "1", false, 1, 3, IsrVerdict::kRefuse, ErrorCode::kInvalidUpdateVersion},
    {"not the leader", 5, 9, "1,2,3", false, 2, 3, IsrVerdict::kRefuse, ErrorCode::kInvalidRequest},
    {"without the leader", 5, 9, "2", false, 1, 3, IsrVerdict::kRefuse, ErrorCode::kInvalidRequest},
    {"empty", 5, 9, "", false, 1, 3, IsrVerdict::kRefuse, ErrorCode::kInvalidRequest},
    {"no replica", 5, 9, "1,4", false, 1, 3, IsrVerdict::kRefuse, ErrorCode::kInvalidRequest},
    {"twice", 5, 9, "1,1", false, 1, 3, IsrVerdict::kRefuse, ErrorCode::kInvalidRequest},
    {"back to recovering", 5, 9, "1", true, 1, 3, IsrVerdict::kRefuse, ErrorCode::kInvalidRequest},
};

ClusterState Cluster() {
  ClusterState cluster;
  for (const int id : {1, 2, 3, 4}) cluster.brokers[BrokerId(id)] = {BrokerId(id), BrokerEpoch(id), {}};
  return cluster;
}

Partition Stored() {
  Partition partition;
  partition.assignment.replicas = Ids("1,2,3");
  partition.state =
      LeaderAndIsr{{BrokerId(1), LeaderEpoch(5), Ids("1,2"), ControllerEpoch(3), false}, PartitionEpoch(9)};
  return partition;
}

TEST(IsrChange, EveryCheck) {
  const ClusterState cluster = Cluster();
  const Partition partition = Stored();
  for (const IsrCase& c : kIsrCases) {
    const IsrProposal proposal{
        "", {}, 0, LeaderEpoch(c.leader_epoch), PartitionEpoch(c.partition_epoch), Ids(c.isr), c.recovering};
    const IsrDecision decision =
        JudgeIsr(cluster, &partition, proposal, BrokerId(c.sender), c.version, ControllerEpoch(7));
    EXPECT_EQ(decision.verdict, c.verdict) << c.why;
    EXPECT_EQ(decision.error, c.error) << c.why;
    if (decision.verdict != IsrVerdict::kWrite) continue;
    EXPECT_EQ(decision.next.isr, Ids(c.isr)) << c.why;
    EXPECT_EQ(decision.next.leader_epoch.value, 5) << c.why;
    EXPECT_EQ(decision.next.controller_epoch.value, 7) << c.why;
  }
}

TEST(IsrChange, MembersMustBeLive) {
  ClusterState cluster = Cluster();
  cluster.shutting_down.insert(BrokerId(3));
  const Partition partition = Stored();
  const IsrProposal proposal{"", {}, 0, LeaderEpoch(5), PartitionEpoch(9), Ids("1,2,3"), false};
  const auto judge = [&](std::int16_t version) {
    return JudgeIsr(cluster, &partition, proposal, BrokerId(1), version, ControllerEpoch(7)).error;
  };
  EXPECT_EQ(judge(3), ErrorCode::kIneligibleReplica);
  EXPECT_EQ(judge(1), ErrorCode::kOperationNotAttempted);
}

TEST(IsrChange, UnknownAndRecovering) {
  const ClusterState cluster = Cluster();
  IsrProposal proposal{"", {}, 0, LeaderEpoch(5), PartitionEpoch(9), Ids("1"), true};
  EXPECT_EQ(JudgeIsr(cluster, nullptr, proposal, BrokerId(1), 3, ControllerEpoch(7)).error,
            ErrorCode::kUnknownTopicOrPartition);
  Partition partition = Stored();
  partition.state->data.recovering = true;
  EXPECT_EQ(JudgeIsr(cluster, &partition, proposal, BrokerId(1), 3, ControllerEpoch(7)).verdict, IsrVerdict::kWrite);
  proposal.isr = Ids("1,3");
  EXPECT_EQ(JudgeIsr(cluster, &partition, proposal, BrokerId(1), 3, ControllerEpoch(7)).error,
            ErrorCode::kInvalidRequest);
  proposal.recovering = false;
  EXPECT_EQ(JudgeIsr(cluster, &partition, proposal, BrokerId(1), 3, ControllerEpoch(7)).verdict, IsrVerdict::kWrite);
}

}  // namespace
}  // namespace ottla::controller
