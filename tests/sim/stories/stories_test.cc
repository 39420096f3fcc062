// Small stories without chance in their faults: one thing happens, and what must follow follows.
#include <gtest/gtest.h>

#include "broker/server/session_file.h"
#include "common/zk/zk_paths.h"
#include "tests/sim/story/story.h"

namespace ottla::sim {
namespace {

using std::chrono::seconds;

TEST(ClusterStory, AckedRecordsOutliveTheLeader) {
  SimCluster cluster({.seed = 100, .partitions = 1});
  ASSERT_TRUE(cluster.Start());
  ASSERT_TRUE(cluster.RunQuietly(seconds(5)));
  const int leader = cluster.LeaderOf(0);
  ASSERT_GT(leader, 0);
  cluster.KillBroker(leader - 1);
  EXPECT_TRUE(cluster.RunUntil([&] { return cluster.LeaderOf(0) > 0 && cluster.LeaderOf(0) != leader; }, seconds(20)));
  const std::size_t acked = cluster.history().acked();
  EXPECT_TRUE(cluster.RunUntil([&] { return cluster.history().acked() > acked + 20; }, seconds(20)))
      << "nothing is acknowledged under the new leader";
  EXPECT_TRUE(cluster.HealAndFinish());
  ExpectFine(cluster);
}

TEST(ClusterStory, OneAfterTheOtherLosesPower) {
  SimCluster cluster({.seed = 101, .partitions = 2});
  ASSERT_TRUE(cluster.Start());
  for (int broker = 0; broker < 3; ++broker) {
    ASSERT_TRUE(cluster.RunQuietly(seconds(5)));
    cluster.LosePowerOf(broker);
    ASSERT_TRUE(cluster.RunQuietly(seconds(10)));
    cluster.RestartBroker(broker);
    ASSERT_TRUE(cluster.RunUntil([&] { return cluster.InSync(); }, seconds(60))) << "broker " << broker + 1;
  }
  EXPECT_TRUE(cluster.HealAndFinish());
  ExpectFine(cluster);
}

// The machine is back before anybody noticed: its log may lack records that the ISR says it has.
TEST(ClusterStory, PowerLostAndBackWithinTheSession) {
  for (std::uint64_t seed = 110; seed < 114; ++seed) {
    SimCluster cluster({.seed = seed, .partitions = 2});
    ASSERT_TRUE(cluster.Start());
    for (int round = 0; round < 3; ++round) {
      ASSERT_TRUE(cluster.RunQuietly(seconds(4)));
      const int leader = cluster.LeaderOf(0);
      ASSERT_GT(leader, 0);
      cluster.LosePowerOf(leader - 1);
      cluster.RestartBroker(leader - 1);
      ASSERT_TRUE(cluster.RunUntil([&] { return cluster.InSync(); }, seconds(60))) << "seed " << seed;
    }
    EXPECT_TRUE(cluster.HealAndFinish()) << "seed " << seed;
    ExpectFine(cluster);
  }
}

TEST(ClusterStory, AllProcessesDieAtOnceAndComeBack) {
  SimCluster cluster({.seed = 102, .partitions = 2});
  ASSERT_TRUE(cluster.Start());
  ASSERT_TRUE(cluster.RunQuietly(seconds(5)));
  for (int broker = 0; broker < 3; ++broker) cluster.KillBroker(broker);
  ASSERT_TRUE(cluster.RunQuietly(seconds(15)));
  for (int broker = 0; broker < 3; ++broker) cluster.RestartBroker(broker);
  EXPECT_TRUE(cluster.HealAndFinish());
  ExpectFine(cluster);
}

TEST(ClusterStory, RollingOrderlyRestart) {
  SimCluster cluster({.seed = 103, .partitions = 3});
  ASSERT_TRUE(cluster.Start());
  for (int broker = 0; broker < 3; ++broker) {
    ASSERT_TRUE(cluster.RunQuietly(seconds(3)));
    EXPECT_TRUE(cluster.StopBroker(broker)) << "broker " << broker + 1 << " did not stop in time";
    ASSERT_TRUE(cluster.RunQuietly(seconds(3)));
    cluster.RestartBroker(broker);
    ASSERT_TRUE(cluster.RunUntil([&] { return cluster.InSync(); }, seconds(60))) << "broker " << broker + 1;
  }
  EXPECT_TRUE(cluster.HealAndFinish());
  ExpectFine(cluster);
}

// The session ends while the broker still loads its logs; the next process must find the one that registered.
TEST(ClusterStory, ASessionThatEndsDuringTheStart) {
  SimCluster cluster({.seed = 105, .partitions = 2});
  ASSERT_TRUE(cluster.Start());
  const std::string registration = kSimChroot + zk::Broker(BrokerId(1));
  SimWorld& world = cluster.world();
  cluster.KillBroker(0);
  ASSERT_TRUE(cluster.RunUntil([&] { return world.zk().Read(registration) == nullptr; }, seconds(60)));
  const auto kept = [&] {
    const auto session = ReadSessionFile(world.node(0).files(), SessionFilePath("/data/d0"));
    return session.ok() ? session->id : 0;
  };
  cluster.RestartBroker(0);
  const std::int64_t before = kept();
  ASSERT_TRUE(cluster.RunUntil([&] { return kept() != before; }, seconds(60)));
  SimExecutor& disk = world.node(0).executors().disk(0);
  disk.SetPaused(true);  // the logs take their time
  ASSERT_TRUE(cluster.RunQuietly(seconds(1)));
  ASSERT_EQ(world.zk().Read(registration), nullptr);
  world.zk().ExpireSessions(0);
  ASSERT_TRUE(cluster.RunQuietly(seconds(1)));
  disk.SetPaused(false);
  ASSERT_TRUE(cluster.RunUntil([&] { return world.zk().Read(registration) != nullptr; }, seconds(60)));
  ASSERT_TRUE(cluster.RunQuietly(seconds(1)));
  EXPECT_EQ(kept(), world.zk().Read(registration)->stat.ephemeral_owner);
  EXPECT_TRUE(cluster.HealAndFinish());
  ExpectFine(cluster);
}

// Nobody can move leadership away; the end comes all the same before a supervisor loses its patience.
TEST(ClusterStory, AnOrderlyEndWithoutZooKeeper) {
  SimCluster cluster({.seed = 106, .partitions = 2, .properties = {{"request.timeout.ms", "30000"}}});
  ASSERT_TRUE(cluster.Start());
  ASSERT_TRUE(cluster.RunQuietly(seconds(3)));
  const int controller = cluster.Controller();
  ASSERT_GT(controller, 0);
  cluster.world().zk().SetDown(true);
  ASSERT_TRUE(cluster.RunQuietly(seconds(1)));
  EXPECT_TRUE(cluster.StopBroker(controller - 1)) << "within a minute";
  cluster.world().zk().SetDown(false);
  cluster.RestartBroker(controller - 1);
  EXPECT_TRUE(cluster.HealAndFinish());
  ExpectFine(cluster);
}

// A leader cut off from ZooKeeper and its followers must not acknowledge what its successor does not have.
TEST(ClusterStory, TheIsolatedLeader) {
  SimCluster cluster({.seed = 104, .partitions = 1});
  ASSERT_TRUE(cluster.Start());
  ASSERT_TRUE(cluster.RunQuietly(seconds(5)));
  const int leader = cluster.LeaderOf(0) - 1;
  ASSERT_GE(leader, 0);
  Isolate(cluster, leader + 1);
  EXPECT_TRUE(
      cluster.RunUntil([&] { return cluster.LeaderOf(0) != leader + 1 && cluster.LeaderOf(0) > 0; }, seconds(30)));
  ASSERT_TRUE(cluster.RunQuietly(seconds(10)));
  EXPECT_TRUE(cluster.HealAndFinish());
  ExpectFine(cluster);
}

}  // namespace
}  // namespace ottla::sim
