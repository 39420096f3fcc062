// Small clusters through the days of their brokers: what is stored, and who is told what, in which order.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/zk/zk_paths.h"
#include "harness.h"

namespace ottla::controller {
namespace {

using test::Harness;
using test::Ids;
using test::Three;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

TEST(CoreStory, BrokersJoinOneByOne) {
  Harness h;
  h.Up(1);
  h.Elect();
  EXPECT_THAT(h.Told(), ElementsAre("1: UpdateMetadata live[1]"));
  h.Up(2);
  EXPECT_THAT(h.Told(), ElementsAre("1: UpdateMetadata live[1,2]", "2: UpdateMetadata live[1,2]"));
}

TEST(CoreStory, TheLeaderDiesAndComesBack) {
  Three h;
  h.Create("t", {"2,3,1", "1,2,3"});
  h.Told();
  h.Down(2);
  EXPECT_EQ(h.State("t", 0), "L3 e1 isr[3,1] zk1");
  EXPECT_EQ(h.State("t", 1), "L1 e1 isr[1,3] zk1");
  const auto death = h.Told();
  EXPECT_THAT(death,
              ElementsAre("1: LeaderAndIsr t-0 L3 e1 isr[3,1] zk1; t-1 L1 e1 isr[1,3] zk1",
                          "3: LeaderAndIsr t-0 L3 e1 isr[3,1] zk1; t-1 L1 e1 isr[1,3] zk1",
                          "1: UpdateMetadata live[1,3] t-0 L3 e1 isr[3,1] zk1 off[2]; t-1 L1 e1 isr[1,3] zk1 off[2]",
                          "3: UpdateMetadata live[1,3] t-0 L3 e1 isr[3,1] zk1 off[2]; t-1 L1 e1 isr[1,3] zk1 off[2]"));
  h.Up(2);
  const std::string all = "t-0 L3 e1 isr[3,1] zk1; t-1 L1 e1 isr[1,3] zk1";
  EXPECT_THAT(h.Told(), ElementsAre("1: UpdateMetadata live[1,2,3]", "3: UpdateMetadata live[1,2,3]",
                                    "2: UpdateMetadata live[1,2,3] " + all, "2: LeaderAndIsr " + all,
                                    "1: UpdateMetadata live[1,2,3] " + all, "2: UpdateMetadata live[1,2,3] " + all,
                                    "3: UpdateMetadata live[1,2,3] " + all));
  const IsrAnswer joined = h.ProposeIsr("t", 0, 3, "3,1,2");
  EXPECT_EQ(joined.error, ErrorCode::kNone);
  EXPECT_EQ(joined.partition_epoch.value, 2);
  EXPECT_EQ(h.State("t", 0), "L3 e1 isr[3,1,2] zk2");
  EXPECT_THAT(h.Told(), ElementsAre("1: UpdateMetadata live[1,2,3] t-0 L3 e1 isr[3,1,2] zk2",
                                    "2: UpdateMetadata live[1,2,3] t-0 L3 e1 isr[3,1,2] zk2",
                                    "3: UpdateMetadata live[1,2,3] t-0 L3 e1 isr[3,1,2] zk2"));
}

TEST(CoreStory, TheIsrIsNeverEmptied) {
  Three h;
  h.Create("t", {"1,2"});
  h.Down(2);
  EXPECT_EQ(h.State("t"), "L1 e1 isr[1] zk1");
  h.Down(1);
  EXPECT_EQ(h.State("t"), "L-1 e2 isr[1] zk2");
  h.Up(2);
  EXPECT_EQ(h.State("t"), "L-1 e2 isr[1] zk2");  // not in sync: it may lack acknowledged records
  h.Up(1);
  EXPECT_EQ(h.State("t"), "L1 e3 isr[1] zk3");
}

TEST(CoreStory, AnUncleanElectionNeedsLeave) {
  for (const std::string leave : {"none", "topic", "broker", "denied by topic"}) {
    CoreOptions options;
    options.unclean_default = leave == "broker" || leave == "denied by topic";
    Three h(options);
    h.Create("t", {"1,2"});
    if (leave == "topic")
      h.tree.Put("/config/topics/t", R"({"version":1,"config":{"unclean.leader.election.enable":"true"}})");
    if (leave == "denied by topic") {
      h.tree.Put("/config/topics/t", R"({"version":1,"config":{"unclean.leader.election.enable":"false"}})");
    }
    h.Down(2);
    h.Down(1);
    h.Up(2);
    const bool unclean = leave == "topic" || leave == "broker";
    EXPECT_EQ(h.State("t"), unclean ? "L2 e3 isr[2] zk3 recovering" : "L-1 e2 isr[1] zk2") << leave;
  }
}

TEST(CoreStory, LeaveThatComesLaterElectsAtOnce) {
  Three h;
  h.Create("t", {"1,2"});
  h.Down(2);
  h.Down(1);
  h.Up(2);
  h.tree.Put("/config/topics/t", R"({"version":1,"config":{"unclean.leader.election.enable":"true"}})");
  h.On(TopicConfigChanged{"t"});
  EXPECT_EQ(h.State("t"), "L2 e3 isr[2] zk3 recovering");
  const Answer answer = h.Ask(ElectLeadersCommand{true, std::vector<TopicPartition>{{"t", 0}}});
  EXPECT_EQ(std::get<ElectLeadersAnswer>(answer).partitions[0].error, ErrorCode::kElectionNotNeeded);
}

TEST(CoreStory, ABouncedBrokerLosesLeadershipToAnOlderIncarnation) {
  Three h;
  h.Create("t", {"1,2,3", "1"});
  h.Told();
  h.Up(1);  // a new registration without the death of the old one ever being seen
  EXPECT_EQ(h.State("t", 0), "L2 e1 isr[2,3] zk1");
  EXPECT_EQ(h.State("t", 1), "L1 e1 isr[1] zk1");
  EXPECT_THAT(h.Told(), Contains("1: LeaderAndIsr t-0 L2 e1 isr[2,3] zk1; t-1 L1 e1 isr[1] zk1"));
}

// The same bounce while no controller was there.
TEST(CoreStory, AStartingControllerTreatsNewIncarnationsAsBounced) {
  Three h;
  h.Create("t", {"1,2,3", "2,3", "1"});
  h.On(Resigned{});
  h.Up(1);
  h.Elect();
  EXPECT_EQ(h.State("t", 0), "L2 e1 isr[2,3] zk1");
  EXPECT_EQ(h.State("t", 1), "L2 e0 isr[2,3] zk0");
  EXPECT_EQ(h.State("t", 2), "L1 e1 isr[1] zk1");
  h.Elect();  // once looked at, never again
  EXPECT_EQ(h.State("t", 2), "L1 e1 isr[1] zk1");
}

TEST(CoreStory, ANewControllerTellsEveryoneEverything) {
  Three h;
  h.Create("t", {"1,2"});
  h.Told();
  h.Elect();
  EXPECT_THAT(h.Told(), ElementsAre("1: UpdateMetadata live[1,2,3]", "2: UpdateMetadata live[1,2,3]",
                                    "3: UpdateMetadata live[1,2,3]", "1: LeaderAndIsr t-0 L1 e0 isr[1,2] zk0",
                                    "2: LeaderAndIsr t-0 L1 e0 isr[1,2] zk0",
                                    "1: UpdateMetadata live[1,2,3] t-0 L1 e0 isr[1,2] zk0",
                                    "2: UpdateMetadata live[1,2,3] t-0 L1 e0 isr[1,2] zk0",
                                    "3: UpdateMetadata live[1,2,3] t-0 L1 e0 isr[1,2] zk0"));
}

TEST(CoreStory, AControllerThatDiedMidwayIsFinishedByTheNext) {
  Three h;
  h.Create("t", {"1,2", "2,3", "3,1"});
  h.tree.Remove("/brokers/topics/t/partitions/0");        // partition node not made
  h.tree.Remove("/brokers/topics/t/partitions/1/state");  // made, but no state
  h.tree.Remove(zk::Broker(BrokerId(3)));                 // and a leader died with it
  h.Elect();
  EXPECT_EQ(h.State("t", 0), "L1 e0 isr[1,2] zk0");
  EXPECT_EQ(h.State("t", 1), "L2 e0 isr[2] zk0");
  EXPECT_EQ(h.State("t", 2), "L1 e1 isr[1] zk1");
}

TEST(CoreStory, ConflictsAreReadAndDecidedAgain) {
  Three h;
  h.Create("t", {"1,2,3"});
  // The leader's ISR change (by an old leader, or our own lost write) comes between decision and write.
  h.before_writes = [](test::ZTree& tree) {
    tree.Put("/brokers/topics/t/partitions/0/state",
             R"({"controller_epoch":1,"leader":1,"version":1,"leader_epoch":0,"isr":[1,3]})");
  };
  h.Down(1);
  EXPECT_EQ(h.State("t"), "L3 e1 isr[3] zk2");
}

TEST(CoreStory, OneBadZnodeHarmsNobodyElse) {
  Three h;
  h.Create("a", {"1,2"});
  h.Create("b", {"1,2"});
  h.tree.Put("/brokers/topics/a/partitions/0/state",
             R"({"controller_epoch":1,"leader":3,"version":1,"leader_epoch":4,"isr":[3]})");  // no replica
  h.tree.Put("/brokers/ids/seven", "{}");
  h.tree.Put("/brokers/ids/9", "junk");
  h.Told();
  h.Elect();
  h.Down(1);
  EXPECT_EQ(h.State("b"), "L2 e1 isr[2] zk1");
  EXPECT_EQ(h.State("a"), "L3 e4 isr[3] zk1");  // untouched
  EXPECT_THAT(h.Notes(), Contains(HasSubstr("a-0 is set aside")));
  EXPECT_THAT(h.Told(), Not(Contains(HasSubstr("a-0"))));
}

TEST(CoreStory, APartitionWithoutAnyBrokerWaitsForOne) {
  Three h;
  h.Down(3);
  EXPECT_EQ(h.Create("t", {"3"}).error, ErrorCode::kNone);
  EXPECT_EQ(h.State("t"), "none");
  h.Up(3);
  EXPECT_EQ(h.State("t"), "L3 e0 isr[3] zk0");
}

TEST(CoreStory, ControlledShutdownMovesWhatCanMove) {
  Three h;
  h.Create("t", {"3,1,2", "1,3", "3"});
  h.Told();
  const auto epoch = h.core.state().brokers.at(BrokerId(3)).epoch;
  const Answer answer = h.Ask(ControlledShutdownCommand{BrokerId(3), epoch});
  EXPECT_EQ(std::get<ControlledShutdownAnswer>(answer).error, ErrorCode::kNone);
  EXPECT_THAT(std::get<ControlledShutdownAnswer>(answer).remaining, IsEmpty());  // a single replica does not block
  EXPECT_EQ(h.State("t", 0), "L1 e1 isr[1,2] zk1");
  EXPECT_EQ(h.State("t", 1), "L1 e1 isr[1] zk1");
  EXPECT_EQ(h.State("t", 2), "L3 e0 isr[3] zk0");
  // What it led it now follows; what it followed it stops, before it hears of the next epoch.
  const std::vector<std::string> told = h.Told();
  EXPECT_THAT(told, Contains("3: LeaderAndIsr t-0 L1 e1 isr[1,2] zk1"));
  EXPECT_THAT(told, Contains("3: StopReplica t-1 e0"));
  // Its proposals no longer count it as live, and its death moves nothing twice.
  EXPECT_EQ(h.ProposeIsr("t", 0, 1, "1,2,3").error, ErrorCode::kIneligibleReplica);
  h.Down(3);
  EXPECT_EQ(h.State("t", 0), "L1 e1 isr[1,2] zk1");
  EXPECT_EQ(h.State("t", 2), "L-1 e1 isr[3] zk1");

  EXPECT_EQ(std::get<ControlledShutdownAnswer>(h.Ask(ControlledShutdownCommand{BrokerId(3), epoch})).error,
            ErrorCode::kUnknownServerError);
  EXPECT_EQ(std::get<ControlledShutdownAnswer>(h.Ask(ControlledShutdownCommand{BrokerId(3), BrokerEpoch(-1)})).error,
            ErrorCode::kBrokerNotAvailable);
}

TEST(CoreStory, ControlledShutdownSaysWhatRemains) {
  Three h;
  h.Create("t", {"3,1"});
  h.Down(1);
  const auto epoch = h.core.state().brokers.at(BrokerId(3)).epoch;
  const Answer answer = h.Ask(ControlledShutdownCommand{BrokerId(3), epoch});
  EXPECT_THAT(std::get<ControlledShutdownAnswer>(answer).remaining, ElementsAre(TopicPartition{"t", 0}));
  EXPECT_EQ(h.State("t"), "L3 e1 isr[3] zk1");
  h.Up(1);  // the leader that is leaving still leads
  EXPECT_EQ(h.State("t"), "L3 e1 isr[3] zk1");
}

TEST(CoreStory, AFailedLogDirMovesItsLeaders) {
  Three h;
  h.Create("t", {"1,2", "2,1"});
  h.AnswerAll(1);
  h.AnswerAll(2);
  h.AnswerAll(3);
  h.Told();
  h.On(LogDirsFailed{{BrokerId(1)}});
  EXPECT_THAT(h.Told(), Contains("1: LeaderAndIsr t-0 L1 e0 isr[1,2] zk0; t-1 L2 e0 isr[2,1] zk0"));
  h.AnswerAll(1, ErrorCode::kKafkaStorageError);
  EXPECT_EQ(h.State("t", 0), "L2 e1 isr[2] zk1");
  EXPECT_EQ(h.State("t", 1), "L2 e1 isr[2] zk1");
  EXPECT_THAT(h.Told(), Contains(HasSubstr("t-0 L2 e1 isr[2] zk1 off[1]")));
}

TEST(CoreStory, PreferredElections) {
  Three h;
  h.Create("t", {"1,2", "1,3", "2,1"});
  h.Down(1);
  h.Up(1);
  h.ProposeIsr("t", 0, 2, "2,1");
  h.Told();
  h.tree.Put(zk::kPreferredElection,
             R"({"version":1,"partitions":[{"topic":"t","partition":0},{"topic":"t","partition":1}]})");
  h.On(PreferredElectionAsked{h.tree.Read(zk::kPreferredElection).data});
  EXPECT_EQ(h.State("t", 0), "L1 e2 isr[2,1] zk3");
  EXPECT_EQ(h.State("t", 1), "L3 e1 isr[3] zk1");  // 1 is not in sync there
  EXPECT_EQ(h.tree.Data(zk::kPreferredElection), "-");
  const Answer answer = h.Ask(ElectLeadersCommand{false, std::vector<TopicPartition>{{"t", 0}, {"t", 1}, {"x", 0}}});
  const auto& elected = std::get<ElectLeadersAnswer>(answer).partitions;
  EXPECT_EQ(elected[0].error, ErrorCode::kElectionNotNeeded);
  EXPECT_EQ(elected[1].error, ErrorCode::kPreferredLeaderNotAvailable);
  EXPECT_EQ(elected[2].error, ErrorCode::kUnknownTopicOrPartition);
  h.ProposeIsr("t", 1, 3, "3,1");
  h.On(RebalanceDue{});
  EXPECT_EQ(h.State("t", 1), "L1 e2 isr[3,1] zk3");
}

TEST(CoreStory, ProducerIdBlocksNeverOverlap) {
  Three h;
  const auto epoch = h.core.state().brokers.at(BrokerId(2)).epoch;
  const auto ask = [&] {
    return std::get<AllocateProducerIdsAnswer>(h.Ask(AllocateProducerIdsCommand{BrokerId(2), epoch}));
  };
  EXPECT_EQ(ask().first, 0);
  EXPECT_EQ(ask().first, 1000);
  h.before_writes = [](test::ZTree& tree) {
    tree.Put(zk::kProducerIdBlock, R"({"version":1,"broker":7,"block_start":"2000","block_end":"2999"})");
  };
  EXPECT_EQ(ask().first, 3000);
  h.tree.Put(zk::kProducerIdBlock, "junk");
  EXPECT_EQ(ask().error, ErrorCode::kUnknownServerError);
  EXPECT_EQ(std::get<AllocateProducerIdsAnswer>(h.Ask(AllocateProducerIdsCommand{BrokerId(9), epoch})).error,
            ErrorCode::kBrokerIdNotRegistered);
  EXPECT_EQ(std::get<AllocateProducerIdsAnswer>(h.Ask(AllocateProducerIdsCommand{BrokerId(2), BrokerEpoch(1)})).error,
            ErrorCode::kStaleBrokerEpoch);
}

TEST(CoreStory, ResigningAnswersWhoeverWaits) {
  ControllerCore core({});
  core.On(BecameController{ControllerEpoch(1), {}, {}, {}, {}, {}, {}});
  const Effects effects = core.On(CommandReceived{5, CreateTopicsCommand{{{"t", -1, -1, {{0, Ids("1")}}, {}}}, false}});
  ASSERT_TRUE(core.busy());
  EXPECT_EQ(effects.size(), 1u);
  const Effects after = core.On(Resigned{});
  ASSERT_EQ(after.size(), 1u);
  const auto& reply = std::get<Reply>(after[0]);
  EXPECT_EQ(reply.to, 5u);
  EXPECT_EQ(std::get<CreateTopicsAnswer>(reply.answer).error, ErrorCode::kNotController);
  EXPECT_FALSE(core.busy());
}

}  // namespace
}  // namespace ottla::controller
