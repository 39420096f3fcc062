// A fixed set of seeds, each a cluster under faults: safety all the time, liveness after healing. Together they must
// have met every kind of fault; a kind that never fired would be a hole that looks like a success.
#include <gtest/gtest.h>

#include <map>
#include <string>

#include "tests/sim/cluster/sim_cluster.h"

namespace ottla::sim {
namespace {

constexpr std::uint64_t kSeeds[] = {1, 2, 3, 4, 5, 6, 7, 8};
constexpr std::chrono::minutes kLength{3};

const char* const kMustFire[] = {
    "fault.kill",
    "fault.lose_power",
    "fault.pause",
    "fault.cut_link",
    "fault.cut_zookeeper",
    "fault.cut_client",
    "fault.slow_disk",
    "fault.skew_clock",
    "fault.expire_session",
    "fault.drop_zk_connection",
    "file.lost_bytes",
    "file.try_read_unavailable",
    "net.short_read",
    "net.short_write",
    "net.stalled",
    "net.reset",
    "net.slow",
    "zk.expired",
    "zk.lost_before",
    "zk.lost_after",
};

std::string Text(const SimCluster& cluster) {
  std::string text = "reproduce with: sim_run --seed N --minutes 3\n";
  for (const std::string& violation : const_cast<SimCluster&>(cluster).history().violations())
    text += "  " + violation + "\n";
  return text;
}

TEST(ClusterSim, FixedSeedsKeepTheirPromisesAndMeetEveryFault) {
  std::map<std::string, std::uint64_t> fired;
  for (const std::uint64_t seed : kSeeds) {
    SimCluster cluster({.seed = seed});
    const bool started = cluster.Start();
    EXPECT_TRUE(started) << "seed " << seed << "\n" << Text(cluster);
    if (!started) continue;
    cluster.RunWithFaults(kLength);
    EXPECT_TRUE(cluster.HealAndFinish()) << "seed " << seed << "\n" << Text(cluster);
    EXPECT_GT(cluster.history().acked(), 500U) << "seed " << seed << ": hardly anything was acknowledged";
    std::cout << cluster.Summary() << "\n";
    for (const auto& [name, count] : cluster.fired()) fired[name] += count;
  }
  for (const char* name : kMustFire) EXPECT_GT(fired[name], 0U) << name << " never fired";
  for (const auto& [name, count] : fired) std::cout << name << " " << count << "\n";
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
