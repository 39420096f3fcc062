// Power lost on several machines at once, and clusters whose size and settings come from the seed.
#include <gtest/gtest.h>

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

TEST(ClusterSim, VariedSeedsKeepTheirPromises) {
  for (std::uint64_t seed = 1000; seed < 1008; ++seed) {
    SimCluster cluster(ClusterOptions::Varied(seed));
    if (cluster.Start()) {
      cluster.RunWithFaults(std::chrono::minutes(2));
      EXPECT_TRUE(cluster.HealAndFinish()) << "again by: tests/sim/run --vary --minutes 2 --seed " << seed;
    }
    ExpectFine(cluster, seed);
  }
}

}  // namespace
}  // namespace ottla::sim
