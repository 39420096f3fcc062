// A fixed set of seeds, each a cluster under faults: safety all the time, liveness after healing. Together they must
// have met every kind of fault; a kind that never fired would be a hole that looks like a success.
#include <gtest/gtest.h>

#include <map>
#include <string>

#include "tests/sim/cluster/sim_cluster.h"
#include "tests/sim/kit/fault_kinds.h"

namespace ottla::sim {
namespace {

constexpr std::uint64_t kSeeds[] = {1, 2, 3, 4, 5, 6, 7, 8};
constexpr std::chrono::minutes kLength{3};

// What is needed to see it again.
std::string Text(SimCluster& cluster, std::uint64_t seed) {
  std::string text = "seed " + std::to_string(seed) + ", again by: tests/sim/run --seed " + std::to_string(seed) +
                     " --minutes " + std::to_string(kLength.count()) + "\n";
  for (const std::string& violation : cluster.history().violations()) text += "  " + violation + "\n";
  return text;
}

TEST(ClusterSim, FixedSeedsKeepTheirPromisesAndMeetEveryFault) {
  FaultCounts fired;
  for (const std::uint64_t seed : kSeeds) {
    std::cout << "seed " << seed << " begins" << std::endl;  // flushed: a crash must still name its seed
    SimCluster cluster({.seed = seed});
    const bool started = cluster.Start();
    EXPECT_TRUE(started) << Text(cluster, seed);
    if (!started) continue;
    cluster.RunWithFaults(kLength);
    EXPECT_TRUE(cluster.HealAndFinish()) << Text(cluster, seed);
    EXPECT_GT(cluster.history().acked(), 500U) << "seed " << seed << ": hardly anything was acknowledged";
    std::cout << cluster.Summary() << "\n";
    for (const auto& [name, count] : cluster.fired()) fired[name] += count;
  }
  PrintFaults(fired, std::cout);
  for (const std::string& problem : FaultProblems(fired)) ADD_FAILURE() << problem;
}

TEST(ClusterSim, SameSeedSameHash) {
  const auto hash = [](std::uint64_t seed) {
    SimCluster cluster({.seed = seed});
    cluster.Start();
    cluster.RunWithFaults(std::chrono::seconds(30));
    return cluster.trace_hash();
  };
  EXPECT_EQ(hash(11), hash(11));
  EXPECT_NE(hash(11), hash(12));
}

}  // namespace
}  // namespace ottla::sim
