// Power lost on several machines at once.
#include <gtest/gtest.h>

#include <array>
#include <string>

#include "tests/sim/cluster/sim_cluster.h"

namespace ottla::sim {
namespace {

using std::chrono::seconds;

void ExpectFine(SimCluster& cluster, std::uint64_t seed) {
  for (const std::string& violation : cluster.history().violations())
    ADD_FAILURE() << "seed " << seed << ": " << violation;
}

// The one that kept its power has everything, whoever led; nobody else may lead before it has given it to them.
TEST(PowerStory, OneOfThreeKeepsItsPowerAndNothingIsLost) {
  for (std::uint64_t seed = 200; seed < 212; ++seed) {
    SimCluster cluster({.seed = seed, .partitions = 3});
    ASSERT_TRUE(cluster.Start());
    ASSERT_TRUE(cluster.RunQuietly(seconds(6)));
    const int keeps = static_cast<int>(seed % 3);
    for (int broker = 0; broker < 3; ++broker) {
      if (broker != keeps) cluster.LosePowerOf(broker);
    }
    // Back at once, after the sessions have ended, or one now and one later.
    const int order = static_cast<int>(seed / 3 % 3);
    if (order == 1) cluster.RunQuietly(seconds(10));
    for (int broker = 0; broker < 3; ++broker) {
      if (broker == keeps) continue;
      cluster.RestartBroker(broker);
      if (order == 2) cluster.RunQuietly(seconds(8));
    }
    EXPECT_TRUE(cluster.HealAndFinish()) << "seed " << seed;
    EXPECT_EQ(cluster.history().forgiven_count(), 0U) << "seed " << seed;
    ExpectFine(cluster, seed);
  }
}

// Nothing is promised, but that the cluster lives on and its replicas agree.
TEST(PowerStory, AllLoseTheirPowerAndTheClusterLivesOn) {
  for (std::uint64_t seed = 220; seed < 226; ++seed) {
    SimCluster cluster({.seed = seed, .partitions = 3});
    ASSERT_TRUE(cluster.Start());
    ASSERT_TRUE(cluster.RunQuietly(seconds(6)));
    for (int broker = 0; broker < 3; ++broker) cluster.LosePowerOf(broker);
    for (int broker = 0; broker < 3; ++broker) {
      cluster.RunQuietly(seconds(static_cast<int>(seed % 5)));
      cluster.RestartBroker(broker);
    }
    const std::size_t acked = cluster.history().acked();
    EXPECT_TRUE(cluster.RunUntil([&] { return cluster.history().acked() > acked + 50; }, seconds(60)))
        << "seed " << seed;
    EXPECT_TRUE(cluster.HealAndFinish()) << "seed " << seed;
    EXPECT_EQ(cluster.history().forgiven_count() > 0, true) << "seed " << seed;
    ExpectFine(cluster, seed);
  }
}

// Of two in sync the leader loses its power and the follower, which has everything, is killed: for a while none lives.
// Who is back first leads, as nobody can tell which of them has more; only if that is the follower is nothing lost.
TEST(PowerStory, NoneOfTheIsrLivesForAWhile) {
  enum class Back { kFollower, kLeader, kBoth };
  for (std::uint64_t seed = 230; seed < 239; ++seed) {
    const Back first = std::array{Back::kFollower, Back::kLeader, Back::kBoth}.at(seed % 3);
    SimCluster cluster({.seed = seed, .partitions = 1, .replicas = 2});
    ASSERT_TRUE(cluster.Start());
    ASSERT_TRUE(cluster.RunQuietly(seconds(6)));
    const TopicPartition tp{"sim", 0};
    const int leader = cluster.LeaderOf(0);
    int follower = leader % 3 + 1;
    if (!cluster.state_checker().InStoredIsr(tp, follower)) follower = follower % 3 + 1;
    for (int broker = 0; broker < 3; ++broker) {
      if (broker != follower - 1) cluster.LosePowerOf(broker);
    }
    cluster.KillBroker(follower - 1);
    ASSERT_TRUE(cluster.RunQuietly(seconds(10)));  // no session is left
    if (first != Back::kLeader) cluster.RestartBroker(follower - 1);
    if (first != Back::kFollower) cluster.RestartBroker(leader - 1);
    ASSERT_TRUE(
        cluster.RunUntil([&] { return cluster.Leads(leader, tp) || cluster.Leads(follower, tp); }, seconds(60)));
    for (int broker = 0; broker < 3; ++broker) {
      if (!cluster.IsUp(broker)) cluster.RestartBroker(broker);
    }
    EXPECT_TRUE(cluster.HealAndFinish()) << "seed " << seed;
    if (first != Back::kBoth) {
      EXPECT_EQ(cluster.history().forgiven(tp), first == Back::kLeader) << "seed " << seed;
    }
    ExpectFine(cluster, seed);
  }
}

}  // namespace
}  // namespace ottla::sim
