// Small stories without chance in their faults: one thing happens, and what must follow follows.
#include <gtest/gtest.h>

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
