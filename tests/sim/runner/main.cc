// sim_run: one seed, or many, for as many virtual minutes as wanted. Prints seed and trace hash of every run; the same
// seed gives the same hash. Exit 1 at the first seed that breaks a promise, with its violations and the last events.
//   tests/sim/run --seed 42 --minutes 10        tests/sim/run --seed 1 --seeds 100 --minutes 2
#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <string>

#include "common/base/check.h"
#include "tests/sim/cluster/sim_cluster.h"
#include "tests/sim/kit/fault_kinds.h"

namespace ottla::sim {
namespace {

struct Flags {
  std::uint64_t seed = 1;
  std::uint64_t seeds = 1;
  std::int64_t minutes = 5;
  int brokers = 3;
  bool vary = false;
  bool trace = false;
  std::string trace_file;
};

bool Parse(int argc, char** argv, Flags& flags) {
  for (int i = 1; i < argc; ++i) {
    const std::string name = argv[i];
    if (name == "--vary") {
      flags.vary = true;
      continue;
    }
    if (name == "--trace") {
      flags.trace = true;
      continue;
    }
    if (i + 1 >= argc) return false;
    if (name == "--trace-file") {
      flags.trace_file = argv[++i];
      continue;
    }
    const std::uint64_t value = std::strtoull(argv[++i], nullptr, 10);
    if (name == "--seed")
      flags.seed = value;
    else if (name == "--seeds")
      flags.seeds = value;
    else if (name == "--minutes")
      flags.minutes = static_cast<std::int64_t>(value);
    else if (name == "--brokers")
      flags.brokers = static_cast<int>(value);
    else
      return false;
  }
  return true;
}

void PrintRecent(SimCluster& cluster) {
  for (const TraceEntry& entry : cluster.world().scheduler().recent()) {
    std::cout << entry.at.time_since_epoch().count() << " us node " << entry.node << " " << ToString(entry.kind) << " "
              << std::hex << entry.a << " " << entry.b << std::dec << "\n";
  }
}

bool RunOne(std::uint64_t seed, const Flags& flags, FaultCounts& fired) {
  std::cout << "seed " << seed << " begins" << std::endl;  // flushed: a crash must still name its seed
  std::ofstream trace(flags.trace_file);
  ClusterOptions options{.seed = seed, .brokers = flags.brokers};
  if (flags.vary) options = ClusterOptions::Varied(seed);
  SimCluster cluster(options);
  if (!flags.trace_file.empty()) cluster.world().scheduler().set_trace_to(&trace);
  if (cluster.Start()) {
    cluster.RunWithFaults(std::chrono::minutes(flags.minutes));
    cluster.HealAndFinish();
  }
  std::cout << cluster.Summary() << std::endl;
  for (const auto& [name, count] : cluster.fired()) fired[name] += count;
  if (cluster.history().violations().empty()) return true;
  if (flags.trace) PrintRecent(cluster);
  std::cout << "seed " << seed << " FAILED at " << ToMillis(cluster.world().now()) << " ms of virtual time:\n";
  for (const std::string& violation : cluster.history().violations()) std::cout << "  " << violation << "\n";
  return false;
}

int Main(int argc, char** argv) {
  Flags flags;
  if (!Parse(argc, argv, flags)) {
    std::cerr << "tests/sim/run [--seed N] [--seeds COUNT] [--minutes M] [--brokers B | --vary] [--trace] "
                 "[--trace-file PATH]\n";
    return 2;
  }
  google::InitGoogleLogging(argv[0]);
  FaultCounts fired;
  bool good = true;
  for (std::uint64_t i = 0; i < flags.seeds && good; ++i) good = RunOne(flags.seed + i, flags, fired);
  PrintFaults(fired, std::cout);
  return good ? 0 : 1;
}

}  // namespace
}  // namespace ottla::sim

int main(int argc, char** argv) { return ottla::sim::Main(argc, argv); }
