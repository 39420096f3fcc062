// In which order znodes are written, as stories. What Kafka writes is compared in tests/unit/timelines; here are the
// corners that no recording shows.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/zk/zk_paths.h"
#include "harness.h"

namespace ottla::controller {
namespace {

using test::Harness;
using test::Ids;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

struct ThreeThatMove : test::Three {
  ErrorCode Move(const std::string& topic, const std::optional<std::string>& to) {
    AlterReassignmentsCommand command;
    command.items.push_back({{topic, 0}, to ? std::optional(Ids(*to)) : std::nullopt});
    return std::get<AlterReassignmentsAnswer>(Ask(command)).partitions.at(0).error;
  }
  void MoveByZnode(const std::string& json) {
    tree.Put(zk::kReassignPartitions, json);
    On(ReassignmentAsked{tree.Read(zk::kReassignPartitions).data});
  }
};

TEST(Order, DirectoriesBeforeStates) {
  ThreeThatMove h;
  h.Create("t", {"1,2", "2,3"});
  EXPECT_THAT(
      h.Written(),
      ElementsAre("create /config/topics/t", "create /brokers/topics/t", "create /brokers/topics/t/partitions",
                  "create /brokers/topics/t/partitions/0", "create /brokers/topics/t/partitions/1",
                  "create /brokers/topics/t/partitions/0/state", "create /brokers/topics/t/partitions/1/state"));
}

// The controller before this one was cut off between the directories and the states.
TEST(Order, DirectoriesThatAreThereAreFine) {
  Harness h;
  h.Up(1);
  zk::TopicAssignment assignment;
  assignment.partitions[0].replicas = assignment.partitions[1].replicas = Ids("1");
  h.tree.Put(zk::Topic("t"), zk::Encode(assignment));
  h.tree.Put(zk::Partition("t", 0), std::nullopt);
  h.Elect();
  EXPECT_EQ(h.State("t", 0), "L1 e0 isr[1] zk0");
  EXPECT_EQ(h.State("t", 1), "L1 e0 isr[1] zk0");
}

// Somebody removes the directories before the states are written: tried again once, then said.
TEST(Order, StatesWithoutDirectoriesAreNotTriedForever) {
  ThreeThatMove h;
  h.before_writes = [&h](test::ZTree&) { h.before_writes = [](test::ZTree& tree) { tree.Remove(zk::Topic("t")); }; };
  h.Create("t", {"1"});
  EXPECT_EQ(h.State("t"), "none");
  EXPECT_THAT(h.Notes(), Contains(HasSubstr("storing the state of t-0")));
}

TEST(Order, NobodyLeadsADyingTopic) {
  ThreeThatMove h;
  h.Create("t", {"1,2", "3,1"});
  h.Down(3);
  h.Told(), h.Written();
  h.Ask(DeleteTopicsCommand{{{"t", {}}}});
  EXPECT_THAT(h.Written(), ElementsAre("create /admin/delete_topics/t", "set /brokers/topics/t/partitions/0/state",
                                       "set /brokers/topics/t/partitions/1/state"));
  EXPECT_EQ(h.State("t", 0), "L-1 e1 isr[2] zk1");
  EXPECT_EQ(h.State("t", 1), "L-1 e2 isr[1] zk2");  // broker 1 led it since broker 3 has gone
  EXPECT_THAT(h.Told(), ElementsAre(HasSubstr("1: UpdateMetadata"), HasSubstr("2: UpdateMetadata"),
                                    HasSubstr("1: StopReplica"), HasSubstr("2: StopReplica")));
  h.AnswerAll(1), h.AnswerAll(2);
  EXPECT_THAT(h.Written(), ElementsAre());  // it waits for broker 3
  h.Up(3);
  h.AnswerAll(3);
  EXPECT_THAT(h.Written(),
              ElementsAre("tree /brokers/topics/t", "tree /config/topics/t", "delete /admin/delete_topics/t"));
}

// The leader hears of the replicas that are left only by an epoch that it has not seen.
TEST(Order, AMoveThatIsCalledOffRaisesTheEpoch) {
  ThreeThatMove h;
  h.Create("t", {"1,2"});
  h.Move("t", "3,2");
  EXPECT_EQ(h.State("t"), "L1 e1 isr[1,2] zk1");
  h.Told(), h.Written();
  EXPECT_EQ(h.Move("t", std::nullopt), ErrorCode::kNone);
  EXPECT_EQ(h.State("t"), "L1 e2 isr[1,2] zk2");
  EXPECT_THAT(h.Written(), ElementsAre("set /brokers/topics/t", "set /brokers/topics/t/partitions/0/state"));
  const auto told = h.Told();
  EXPECT_THAT(told, Contains("1: LeaderAndIsr t-0 L1 e2 isr[1,2] zk2"));
  EXPECT_THAT(told, Contains("3: StopReplica t-0 e1 delete"));
}

// Who has caught up leaves the ISR first: cut off here, the next controller finds an ISR within the replicas.
TEST(Order, AMoveThatIsCalledOffShrinksTheIsrBeforeTheReplicas) {
  ThreeThatMove h;
  h.Create("t", {"1"});
  h.Move("t", "2,3");
  h.ProposeIsr("t", 0, 1, "1,2");
  h.Written();
  EXPECT_EQ(h.Move("t", std::nullopt), ErrorCode::kNone);
  EXPECT_EQ(h.State("t"), "L1 e2 isr[1] zk3");
  EXPECT_THAT(h.Written(), ElementsAre("set /brokers/topics/t/partitions/0/state", "set /brokers/topics/t"));
}

TEST(Order, TheNodeOfMovesIsWrittenOnlyWhenItChanges) {
  ThreeThatMove h;
  h.Create("a", {"1"});
  h.Create("b", {"1"});
  h.Written();
  h.MoveByZnode(R"({"version":1,"partitions":[{"topic":"a","partition":0,"replicas":[2]},)"
                R"({"topic":"b","partition":0,"replicas":[2]}]})");
  EXPECT_THAT(h.Written(), Not(Contains("set /admin/reassign_partitions")));
  // A newer word: the older goes first, or the next controller would believe it.
  EXPECT_EQ(h.Move("a", "3"), ErrorCode::kNone);
  auto written = h.Written();
  ASSERT_FALSE(written.empty());
  EXPECT_EQ(written.front(), "set /admin/reassign_partitions");
  EXPECT_THAT(h.tree.Data(zk::kReassignPartitions), Not(HasSubstr("\"a\"")));
  h.ProposeIsr("a", 0, 1, "1,3");  // the end of a move that the node does not name
  EXPECT_THAT(h.Written(), Not(Contains(HasSubstr("reassign"))));
  h.ProposeIsr("b", 0, 1, "1,2");
  written = h.Written();
  EXPECT_EQ(written.back(), "delete /admin/reassign_partitions");
}

}  // namespace
}  // namespace ottla::controller
