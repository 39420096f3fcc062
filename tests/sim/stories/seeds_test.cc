// A fixed set of seeds, each a cluster under faults: safety all the time, liveness after healing. Together they must
// meet every kind of fault; a kind that never fired would be a hole that looks like a success. What chance brings too
// seldom is brought about by hand, and counted in the same sum.
#include <gtest/gtest.h>

#include <map>
#include <string>

#include "tests/sim/cluster/sim_cluster.h"
#include "tests/sim/kit/fault_kinds.h"

namespace ottla::sim {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

// Runs clusters and sums up what struck them.
class Seeds {
 public:
  // `again`: what is needed to see it again.
  void Run(const ClusterOptions& options, minutes length, const std::string& again) {
    std::cout << "seed " << options.seed << " begins" << std::endl;  // flushed: a crash must still name its seed
    SimCluster cluster(options);
    const bool started = cluster.Start();
    if (started) cluster.RunWithFaults(length);
    if (started) cluster.HealAndFinish();
    Judge(cluster, "seed " + std::to_string(options.seed) + ", again by: " + again);
    std::cout << cluster.Summary() << "\n";
  }
  void Judge(SimCluster& cluster, const std::string& what) {
    for (const std::string& violation : cluster.history().violations()) ADD_FAILURE() << what << "\n  " << violation;
    EXPECT_GT(cluster.history().acked(), 100U) << what << ": hardly anything was acknowledged";
    for (const auto& [name, count] : cluster.fired()) fired_[name] += count;
  }
  const FaultCounts& fired() const { return fired_; }

 private:
  FaultCounts fired_;
};

// Every disk of one broker after the other fails in one way for some seconds, under load.
void BreakEveryDisk(Seeds& seeds) {
  double FileFaults::*const kWays[] = {&FileFaults::read_error, &FileFaults::write_error, &FileFaults::short_write,
                                       &FileFaults::name_error, &FileFaults::sync_error};
  std::uint64_t seed = 400;
  for (double FileFaults::*const way : kWays) {
    SimCluster cluster({.seed = seed});
    EXPECT_TRUE(cluster.Start());
    for (int broker = 0; broker < 3; ++broker) {
      cluster.RunQuietly(seconds(3));
      cluster.world().node(broker).files().faults().*way = 1;
      cluster.RunQuietly(seconds(5));
      cluster.world().node(broker).files().faults().*way = 0;
      cluster.KillBroker(broker);
      cluster.RestartBroker(broker);
      EXPECT_TRUE(cluster.RunUntil([&] { return cluster.InSync(); }, seconds(60))) << "seed " << seed;
    }
    EXPECT_TRUE(cluster.HealAndFinish());
    seeds.Judge(cluster, "seed " + std::to_string(seed++) + ", every disk broken");
  }
}

TEST(ClusterSim, FixedSeedsKeepTheirPromisesAndMeetEveryFault) {
  Seeds seeds;
  for (std::uint64_t seed = 1; seed <= 8; ++seed)
    seeds.Run({.seed = seed}, minutes(3), "tests/sim/run --minutes 3 --seed " + std::to_string(seed));
  for (std::uint64_t seed = 1000; seed < 1008; ++seed) {
    seeds.Run(ClusterOptions::Varied(seed), minutes(2),
              "tests/sim/run --vary --minutes 2 --seed " + std::to_string(seed));
  }
  // Machines lose their power whenever it comes so, and several at once.
  for (std::uint64_t seed = 410; seed < 412; ++seed)
    seeds.Run({.seed = seed, .rates = {.overlap = true, .lose_power_many = 0.03}}, minutes(2), "this test");
  BreakEveryDisk(seeds);
  PrintFaults(seeds.fired(), std::cout);
  for (const std::string& problem : FaultProblems(seeds.fired())) ADD_FAILURE() << problem;
}

TEST(ClusterSim, SameSeedSameHash) {
  const auto hash = [](std::uint64_t seed) {
    SimCluster cluster({.seed = seed});
    cluster.Start();
    cluster.RunWithFaults(seconds(30));
    return cluster.trace_hash();
  };
  EXPECT_EQ(hash(11), hash(11));
  EXPECT_NE(hash(11), hash(12));
}

}  // namespace
}  // namespace ottla::sim
