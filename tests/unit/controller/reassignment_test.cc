// Moving replicas, as stories.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/zk/zk_paths.h"
#include "harness.h"

namespace ottla::controller {
namespace {

using test::Harness;
using test::Ids;
using testing::Contains;
using testing::HasSubstr;

struct Four : Harness {
  Four() {
    for (const int id : {1, 2, 3, 4}) Up(id);
    Elect();
    Told();
  }
  ErrorCode Move(const std::string& topic, const std::optional<std::string>& to, std::int32_t partition = 0) {
    AlterReassignmentsCommand command;
    command.items.push_back({{topic, partition}, to ? std::optional(Ids(*to)) : std::nullopt});
    return std::get<AlterReassignmentsAnswer>(Ask(command)).partitions.at(0).error;
  }
  std::size_t Moving() { return std::get<ListReassignmentsAnswer>(Ask(ListReassignmentsCommand{})).partitions.size(); }
  zk::PartitionReplicas Node(const std::string& topic) {
    return zk::DecodeTopic(tree.Read(zk::Topic(topic)).data).value().partitions.at(0);
  }
};

TEST(Reassignment, FromOneBrokerToTwoOthers) {
  Four h;
  h.Create("r", {"1"});
  h.Told();
  EXPECT_EQ(h.Move("r", "2,3"), ErrorCode::kNone);
  EXPECT_EQ(h.State("r"), "L1 e1 isr[1] zk1");
  EXPECT_EQ(h.Node("r"), (zk::PartitionReplicas{Ids("2,3,1"), Ids("2,3"), Ids("1")}));
  const auto started = h.Told();
  EXPECT_THAT(started, Contains("1: LeaderAndIsr r-0 L1 e1 isr[1] zk1 +[2,3] -[1]"));
  EXPECT_THAT(started, Contains("2: LeaderAndIsr r-0 L1 e1 isr[1] zk1 +[2,3] -[1] NEW"));
  EXPECT_EQ(h.Moving(), 1u);
  EXPECT_EQ(h.Move("r", "2,3"), ErrorCode::kNone);  // asked again: nothing more happens
  h.ProposeIsr("r", 0, 1, "1,3");
  EXPECT_EQ(h.State("r"), "L1 e1 isr[1,3] zk2");
  h.Told();
  h.ProposeIsr("r", 0, 1, "1,3,2");
  EXPECT_EQ(h.State("r"), "L2 e2 isr[3,2] zk4");
  EXPECT_EQ(h.Node("r"), (zk::PartitionReplicas{Ids("2,3"), {}, {}}));
  const auto done = h.Told();
  EXPECT_THAT(done, Contains("2: LeaderAndIsr r-0 L2 e2 isr[3,2] zk4"));
  EXPECT_THAT(done, Contains("1: StopReplica r-0 e2 delete"));
  EXPECT_EQ(h.Moving(), 0u);
}

TEST(Reassignment, ReorderingAloneCompletesAtOnce) {
  Four h;
  h.Create("r", {"1,2"});
  EXPECT_EQ(h.Move("r", "2,1"), ErrorCode::kNone);
  EXPECT_EQ(h.Node("r"), (zk::PartitionReplicas{Ids("2,1"), {}, {}}));
  EXPECT_EQ(h.Moving(), 0u);
  EXPECT_EQ(h.State("r").substr(0, 2), "L1");
}

TEST(Reassignment, ShrinkingCompletesAtOnceAndMovesTheLeader) {
  Four h;
  h.Create("r", {"1,2,3"});
  EXPECT_EQ(h.Move("r", "3,2"), ErrorCode::kNone);
  EXPECT_EQ(h.State("r"), "L3 e1 isr[2,3] zk1");
  EXPECT_EQ(h.Node("r").replicas, Ids("3,2"));
}

TEST(Reassignment, CancelledWithANewReplicaInSyncAndLeading) {
  Four h;
  h.Create("r", {"1,2"});
  h.Move("r", "3,4");
  h.ProposeIsr("r", 0, 1, "1,2,3");
  h.Down(1);
  EXPECT_EQ(h.State("r"), "L3 e2 isr[2,3] zk3");
  h.Told();
  EXPECT_EQ(h.Move("r", std::nullopt), ErrorCode::kNone);
  EXPECT_EQ(h.State("r"), "L2 e3 isr[2] zk4");
  EXPECT_EQ(h.Node("r"), (zk::PartitionReplicas{Ids("1,2"), {}, {}}));
  const auto told = h.Told();
  EXPECT_THAT(told, Contains("3: StopReplica r-0 e3 delete"));
  EXPECT_THAT(told, Contains("4: StopReplica r-0 e3 delete"));
  EXPECT_EQ(h.Move("r", std::nullopt), ErrorCode::kNoReassignmentInProgress);
}

TEST(Reassignment, Refusals) {
  Four h;
  h.Create("r", {"1,2"});
  EXPECT_EQ(h.Move("r", ""), ErrorCode::kInvalidReplicaAssignment);
  EXPECT_EQ(h.Move("r", "3,3"), ErrorCode::kInvalidReplicaAssignment);
  EXPECT_EQ(h.Move("r", "-3"), ErrorCode::kInvalidReplicaAssignment);
  EXPECT_EQ(h.Move("r", "9"), ErrorCode::kInvalidReplicaAssignment);
  EXPECT_EQ(h.Move("r", "3", 7), ErrorCode::kUnknownTopicOrPartition);
  EXPECT_EQ(h.Move("x", "3"), ErrorCode::kUnknownTopicOrPartition);
}

TEST(Reassignment, ByZnodeShrinksTheNodeAsItCompletes) {
  Four h;
  h.Create("a", {"1"});
  h.Create("b", {"1"});
  h.tree.Put(
      zk::kReassignPartitions,
      R"({"version":1,"partitions":[{"topic":"a","partition":0,"replicas":[2]},{"topic":"b","partition":0,"replicas":[3]},)"
      R"({"topic":"ghost","partition":0,"replicas":[3]},{"topic":"a","partition":0,"replicas":[2]}]})");
  h.On(ReassignmentAsked{h.tree.Read(zk::kReassignPartitions).data});
  EXPECT_THAT(h.tree.Data(zk::kReassignPartitions), testing::Not(HasSubstr("ghost")));
  h.ProposeIsr("a", 0, 1, "1,2");
  EXPECT_EQ(h.State("a"), "L2 e2 isr[2] zk3");
  EXPECT_EQ(h.tree.Data(zk::kReassignPartitions),
            R"({"version":1,"partitions":[{"topic":"b","partition":0,"replicas":[3]}]})");
  h.ProposeIsr("b", 0, 1, "1,3");
  EXPECT_EQ(h.tree.Data(zk::kReassignPartitions), "-");
}

TEST(Reassignment, ANewControllerGoesOn) {
  Four h;
  h.Create("r", {"1"});
  h.Move("r", "2");
  h.Elect();
  EXPECT_EQ(h.Moving(), 1u);
  h.ProposeIsr("r", 0, 1, "1,2");
  EXPECT_EQ(h.Node("r").replicas, Ids("2"));
  // Cut off between the state and the topic: the move is completed again.
  h.Move("r", "3");
  h.core.On(Resigned{});
  h.tree.Put("/brokers/topics/r/partitions/0/state",
             R"({"controller_epoch":2,"leader":3,"version":1,"leader_epoch":9,"isr":[3]})");
  h.Elect();
  EXPECT_EQ(h.Node("r"), (zk::PartitionReplicas{Ids("3"), {}, {}}));
}

TEST(Reassignment, JunkAndEmptyListsByZnode) {
  Four h;
  h.Create("r", {"1"});
  h.tree.Put(zk::kReassignPartitions,
             R"({"version":1,"partitions":[{"topic":"r","partition":0,"replicas":[2],"log_dirs":["any"]}]})");
  h.On(ReassignmentAsked{h.tree.Read(zk::kReassignPartitions).data});
  EXPECT_NE(h.tree.Data(zk::kReassignPartitions), "-");  // not readable: left alone, as Kafka does
  h.tree.Put(zk::kReassignPartitions, R"({"version":1,"partitions":[{"topic":"r","partition":0,"replicas":[]}]})");
  h.On(ReassignmentAsked{h.tree.Read(zk::kReassignPartitions).data});
  EXPECT_EQ(h.tree.Data(zk::kReassignPartitions), "-");
  EXPECT_EQ(h.Node("r").replicas, Ids("1"));
}

TEST(Reassignment, ATopicThatMovesCanBeDeleted) {
  Four h;
  h.Create("r", {"1"});
  h.Move("r", "2");
  h.Ask(DeleteTopicsCommand{{{"r", {}}}});
  h.AnswerAll(1);
  h.AnswerAll(2);
  EXPECT_EQ(h.tree.Data("/brokers/topics/r"), "-");
}

// Tools do not ask for the next move while the node is there.
TEST(Reassignment, TheNodeGoesWithTheTopicsThatItNames) {
  for (const bool by_hand : {false, true}) {
    Four h;
    h.Create("a", {"1"});
    h.Create("b", {"1"});
    h.tree.Put(
        zk::kReassignPartitions,
        R"({"version":1,"partitions":[{"topic":"a","partition":0,"replicas":[2]},{"topic":"b","partition":0,"replicas":[3]}]})");
    h.On(ReassignmentAsked{h.tree.Read(zk::kReassignPartitions).data});
    const auto remove = [&](const std::string& topic, const std::vector<std::string>& left) {
      if (by_hand) {
        h.tree.Remove("/brokers/topics/" + topic);
        h.On(TopicsChanged{left, {}});
      } else {
        h.Ask(DeleteTopicsCommand{{{topic, {}}}});
      }
    };
    remove("a", {"b"});
    EXPECT_EQ(h.tree.Data(zk::kReassignPartitions),
              R"({"version":1,"partitions":[{"topic":"b","partition":0,"replicas":[3]}]})");
    remove("b", {});
    EXPECT_EQ(h.tree.Data(zk::kReassignPartitions), "-");
  }
}

}  // namespace
}  // namespace ottla::controller
