// What a crash may take from a log, and what it must not: many machines, each with an order of events of its own.
#include <gtest/gtest.h>

#include <cstdlib>
#include <string>
#include <utility>

#include "tests/sim/log/log_machine.h"

namespace ottla::sim {
namespace {

std::uint64_t RunStory(std::uint64_t seed, int crashes) {
  LogMachine machine(seed);
  machine.Boot();
  for (int crash = 0; crash < crashes && !testing::Test::HasFailure(); ++crash) {
    while (!machine.Roll(0.02) && !machine.Offline()) {
      if (machine.Roll(0.005)) machine.BeginToFail();
      machine.Act();
    }
    const bool power_lost = machine.Roll(0.6);
    if (machine.Roll(0.15)) {
      EXPECT_TRUE(machine.StopOrderly(power_lost));
    } else {
      machine.Crash(power_lost);
    }
    machine.Boot();
    if (testing::Test::HasFailure()) break;
    const std::string story = machine.story();
    machine.Check(power_lost);
    if (testing::Test::HasFailure()) ADD_FAILURE() << "since the last restart:" << story;
  }
  return machine.trace_hash();
}

// OTTLA_LOG_CRASH_SEEDS=FIRST-LAST: other seeds than the fixed ones, to search by hand.
std::pair<std::uint64_t, std::uint64_t> Seeds() {
  std::pair<std::uint64_t, std::uint64_t> seeds{1, 300};
  if (const char* given = std::getenv("OTTLA_LOG_CRASH_SEEDS")) {
    char* rest = nullptr;
    seeds.first = std::strtoull(given, &rest, 10);
    seeds.second = *rest == '-' ? std::strtoull(rest + 1, nullptr, 10) : seeds.first;
  }
  return seeds;
}

TEST(LogCrash, NothingPromisedIsLostAndNothingIsInvented) {
  const auto [first, last] = Seeds();
  for (std::uint64_t seed = first; seed <= last; ++seed) {
    RunStory(seed, 8);
    ASSERT_FALSE(HasFailure()) << "seed " << seed;
  }
}

TEST(LogCrash, SameSeedSameHash) { EXPECT_EQ(RunStory(5, 3), RunStory(5, 3)); }

}  // namespace
}  // namespace ottla::sim
