// One story for each promise that a planted bug (tests/sim/mutants) breaks: the order of events that shows it, without
// chance in it.
#include "common/protocol/messages/04_leader_and_isr.h"
#include "common/zk/zk_codec.h"
#include "common/zk/zk_paths.h"
#include "tests/sim/story/story.h"

namespace ottla::sim {
namespace {

using std::chrono::seconds;

// One follower stands still for less than replica.lag.time.max.ms: it is in the ISR and has not the record.
TEST(PromiseStory, AcknowledgedMeansThatEveryFollowerHasIt) {
  SimCluster cluster({.seed = 130, .partitions = 1});
  ASSERT_TRUE(cluster.Start());
  StoryClient client(cluster);
  client.CreateTopic("own", 1, 3);
  const int leader = client.LeaderOf({"own", 0});
  ASSERT_GT(leader, 0);
  EXPECT_EQ(client.Produce(leader, {"own", 0}, {"before"}, {}), ErrorCode::kNone);
  ASSERT_TRUE(cluster.RunQuietly(seconds(1)));  // so far everybody has everything
  SimNode& asleep = cluster.world().node(leader % 3);
  asleep.SetPaused(true);
  EXPECT_EQ(client.Produce(leader, {"own", 0}, {"while it sleeps"}, {.timeout_ms = 1500}), ErrorCode::kRequestTimedOut);
  EXPECT_EQ(client.Produce(leader, {"own", 0}, {"acks=1 does not wait"}, {.acks = 1}), ErrorCode::kNone);
  asleep.SetPaused(false);
  std::int64_t base = -1;
  EXPECT_EQ(client.Produce(leader, {"own", 0}, {"after"}, {}, &base), ErrorCode::kNone);
  EXPECT_EQ(base, 3);
  EXPECT_TRUE(cluster.HealAndFinish());
  ExpectFine(cluster);
}

// A leader alone in the dark appends what nobody else has; its successor appends other records at the same offsets.
TEST(PromiseStory, WhatWentAnotherWayIsCutBack) {
  SimCluster cluster({.seed = 131, .partitions = 1});
  ASSERT_TRUE(cluster.Start());
  StoryClient client(cluster);
  client.CreateTopic("own", 1, 3);
  const TopicPartition own{"own", 0};
  const int old_leader = client.LeaderOf(own);
  ASSERT_GT(old_leader, 0);
  EXPECT_EQ(client.Produce(old_leader, own, {"common"}, {}), ErrorCode::kNone);
  Isolate(cluster, old_leader);
  for (const char* value : {"alone 1", "alone 2", "alone 3"})
    EXPECT_EQ(client.Produce(old_leader, own, {value}, {.acks = 1}), ErrorCode::kNone);
  ASSERT_TRUE(
      cluster.RunUntil([&] { return client.LeaderOf(own) > 0 && client.LeaderOf(own) != old_leader; }, seconds(30)));
  ASSERT_TRUE(cluster.RunQuietly(seconds(2)));  // the elected hears of it
  std::int64_t base = -1;
  // More than the old leader has, so that nothing but the epochs tells the two apart.
  EXPECT_EQ(client.Produce(client.LeaderOf(own), own, {"other 1", "other 2", "3", "4"}, {.acks = 1}, &base),
            ErrorCode::kNone);
  EXPECT_EQ(base, 1);
  cluster.world().net().HealAll();
  ASSERT_TRUE(cluster.RunUntil([&] { return cluster.InSync(); }, seconds(60)));
  EXPECT_EQ(client.Produce(client.LeaderOf(own), own, {"together"}, {}, &base), ErrorCode::kNone);
  EXPECT_EQ(base, 5);
  ASSERT_TRUE(cluster.RunQuietly(seconds(5)));
  // The old leader has the records of its successor, and none of its own.
  const SimFiles& files = cluster.world().node(old_leader - 1).files();
  std::string stored;
  for (const char* dir : {"/data/d0/own-0", "/data/d1/own-0"}) {
    for (const std::string& name : files.PeekNames(dir)) {
      if (name.ends_with(".log")) stored += files.Peek(std::string(dir) + "/" + name).value_or("");
    }
  }
  EXPECT_NE(stored.find("other 2"), std::string::npos);
  EXPECT_NE(stored.find("together"), std::string::npos);
  EXPECT_EQ(stored.find("alone"), std::string::npos) << "kept what no other replica has";
  EXPECT_TRUE(cluster.HealAndFinish());
  ExpectFine(cluster);
}

// The controller sleeps through it and finds the leader registered, as before, but anew: whoever was elected by that
// would lead with a log that may have lost its tail.
TEST(PromiseStory, PowerLostWhileTheControllerSleeps) {
  int slept = 0;
  for (std::uint64_t seed = 120; seed < 140; ++seed) {
    SimCluster cluster({.seed = seed, .partitions = 4});
    ASSERT_TRUE(cluster.Start());
    ASSERT_TRUE(cluster.RunQuietly(seconds(6)));
    const int controller = cluster.Controller();
    ASSERT_GT(controller, 0);
    const int leader = LeaderBesideController(cluster);
    if (leader <= 0) continue;
    ++slept;
    cluster.world().node(controller - 1).SetPaused(true);
    cluster.LosePowerOf(leader - 1);
    cluster.RestartBroker(leader - 1);
    ASSERT_TRUE(cluster.RunQuietly(seconds(3)));
    cluster.world().node(controller - 1).SetPaused(false);
    EXPECT_TRUE(cluster.HealAndFinish()) << "seed " << seed;
    ExpectFine(cluster);
  }
  EXPECT_GT(slept, 3) << "the controller led everything too often for this to show anything";
}

// An order to lead sim-0, as the controller of `controller_epoch` would give it to `broker`.
struct Order {
  int broker = 0;
  std::int32_t controller_epoch = 0;
  std::int32_t leader_epoch = 0;
};

ErrorCode TellToLead(SimCluster& cluster, StoryClient& client, const Order& order) {
  SimZk& zk = cluster.world().zk();
  const SimZkTree::Node* topic = zk.Read("/cluster" + zk::Topic("sim"));
  const SimZkTree::Node* registration = zk.Read("/cluster" + zk::Broker(BrokerId(order.broker)));
  EXPECT_TRUE(topic != nullptr && registration != nullptr);
  if (topic == nullptr || registration == nullptr) return ErrorCode::kUnknownServerError;
  LeaderAndIsrRequest request;
  request.controller_id = cluster.Controller();
  request.controller_epoch = order.controller_epoch;
  request.broker_epoch = registration->stat.czxid;
  LeaderAndIsrRequest::LeaderAndIsrTopicState state{.topic_name = "sim"};
  state.topic_id = zk::DecodeTopic(topic->data)->id.value_or(Uuid{});
  state.partition_states.push_back({.partition_index = 0,
                                    .controller_epoch = order.controller_epoch,
                                    .leader = order.broker,
                                    .leader_epoch = order.leader_epoch,
                                    .isr = {1, 2, 3},
                                    .partition_epoch = 1000,
                                    .replicas = {1, 2, 3}});
  request.topic_states.push_back(std::move(state));
  ErrorCode error = ErrorCode::kUnknownServerError;
  client.Ask<LeaderAndIsrResponse>(order.broker, request, 5, [&](const LeaderAndIsrResponse& response) {
    error = response.error_code;
    if (error == ErrorCode::kNone && !response.topics.empty() && !response.topics[0].partition_errors.empty())
      error = response.topics[0].partition_errors[0].error_code;
  });
  return error;
}

// A machine loses its power and is back while ZooKeeper still holds its old session, which it cannot end because the
// file that names it is lost too. So the controller speaks on to the process of before, and must not be heard by this
// one: it would lead without the end of its log.
TEST(PromiseStory, WordsForTheProcessBefore) {
  int led = 0;
  for (std::uint64_t seed = 300; seed < 310; ++seed) {
    SimCluster cluster({.seed = seed, .partitions = 4});
    ASSERT_TRUE(cluster.Start());
    ASSERT_TRUE(cluster.RunQuietly(seconds(6)));
    const int controller = cluster.Controller();
    ASSERT_GT(controller, 0);
    const int leader = LeaderBesideController(cluster);
    if (leader <= 0) continue;
    ++led;
    cluster.LosePowerOf(leader - 1);
    cluster.RestartBroker(leader - 1);
    SimFiles& files = cluster.world().node(leader - 1).files();
    for (const std::string& name : files.PeekNames("/data/d0")) {
      if (name.find("session") == std::string::npos) continue;
      ASSERT_TRUE(files.Remove("/data/d0/" + name).ok());
    }
    ASSERT_TRUE(cluster.RunQuietly(std::chrono::milliseconds(500)));
    // Something to be told: the third leaves the ISR of what the first leads.
    cluster.world().zk().ExpireSessions(6 - controller - leader - 1);
    ASSERT_TRUE(cluster.RunQuietly(seconds(3)));
    EXPECT_TRUE(cluster.HealAndFinish()) << "seed " << seed;
    ExpectFine(cluster);
  }
  EXPECT_GT(led, 3) << "the controller led everything too often for this to show anything";
}

// A controller that slept through its own end wakes and gives orders; so does one that knows an older leadership.
TEST(PromiseStory, OrdersOfTheDeposedAreRefused) {
  SimCluster cluster({.seed = 132, .partitions = 1});
  ASSERT_TRUE(cluster.Start());
  for (int round = 0; round < 2; ++round) {  // another controller, and leader epochs to look back to
    const int controller = cluster.Controller();
    ASSERT_GT(controller, 0);
    cluster.KillBroker(controller - 1);
    ASSERT_TRUE(
        cluster.RunUntil([&] { return cluster.Controller() > 0 && cluster.Controller() != controller; }, seconds(30)));
    ASSERT_TRUE(cluster.RunQuietly(seconds(3)));
    cluster.RestartBroker(controller - 1);
    ASSERT_TRUE(cluster.RunUntil([&] { return cluster.InSync(); }, seconds(60)));
  }
  ASSERT_TRUE(cluster.RunQuietly(seconds(3)));
  StoryClient client(cluster);
  const TopicPartition tp{"sim", 0};
  const int leader = client.LeaderOf(tp);
  const int follower = leader % 3 + 1;
  const auto state = zk::DecodeState(cluster.world().zk().Read("/cluster" + zk::State("sim", 0))->data);
  ASSERT_TRUE(state.ok());
  const std::int32_t leader_epoch = state->leader_epoch.value;
  const std::int32_t controller_epoch = std::stoi(*cluster.world().zk().Read("/cluster/controller_epoch")->data);
  ASSERT_GE(controller_epoch, 3);
  ASSERT_GE(leader_epoch, 1) << "no older leadership to tell of";

  EXPECT_EQ(TellToLead(cluster, client, {follower, controller_epoch - 1, leader_epoch + 1}),
            ErrorCode::kStaleControllerEpoch);
  EXPECT_EQ(TellToLead(cluster, client, {follower, controller_epoch, leader_epoch - 1}),
            ErrorCode::kStaleControllerEpoch);
  EXPECT_EQ(client.Produce(follower, tp, {"to a follower"}, {.acks = 1}), ErrorCode::kNotLeaderOrFollower);
  EXPECT_TRUE(cluster.HealAndFinish());
  ExpectFine(cluster);
}

}  // namespace
}  // namespace ottla::sim
