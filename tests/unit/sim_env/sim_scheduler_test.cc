#include "tests/sim/env/sim_scheduler.h"

#include <gtest/gtest.h>

#include <set>

#include "tests/sim/env/sim_executors.h"

namespace ottla::sim {
namespace {

TEST(SimScheduler, EqualTimesRunInAnOrderThatTheSeedChooses) {
  std::set<std::string> orders;
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    SimScheduler scheduler(seed);
    std::string order;
    for (const char c : {'a', 'b', 'c'}) scheduler.After(Micros(5), [&order, c] { order += c; });
    scheduler.After(Micros(4), [&order] { order += '0'; });
    scheduler.RunFor(Micros(10));
    EXPECT_EQ(order[0], '0');
    EXPECT_EQ(scheduler.now(), MonoTime(Micros(10)));
    orders.insert(order);
  }
  EXPECT_EQ(orders.size(), 6U);
}

TEST(SimScheduler, ExecutorKeepsTheOrderOfPostsAndTakesTime) {
  SimScheduler scheduler(1);
  SimExecutor executor(scheduler, 0, 1);
  SimExecutor other(scheduler, 0, 2);
  std::string order;
  for (const char c : {'a', 'b', 'c', 'd'}) {
    executor.Post([&, c] {
      EXPECT_TRUE(executor.OnThread());
      EXPECT_FALSE(other.OnThread());
      order += c;
    });
  }
  EXPECT_EQ(order, "");
  scheduler.RunFor(Millis(1));
  EXPECT_EQ(order, "abcd");
}

TEST(SimScheduler, TimersFireInTimeAndAreCancelledEvenWhenQueued) {
  SimScheduler scheduler(1);
  SimExecutor executor(scheduler, 0, 1);
  std::string order;
  TimerId cancelled = 0;
  executor.Run([&] {
    executor.RunAfter(Millis(2), [&] { order += '2'; });
    executor.RunAfter(Millis(1), [&] {
      order += '1';
      executor.Cancel(cancelled);
    });
    cancelled = executor.RunAfter(Micros(1003), [&] { order += 'x'; });
  });
  scheduler.RunFor(Millis(5));
  EXPECT_EQ(order, "12");
}

TEST(SimScheduler, PausedAndDelayedAndClosed) {
  SimScheduler scheduler(1);
  SimExecutor executor(scheduler, 0, 1);
  int ran = 0;
  executor.SetPaused(true);
  executor.Post([&] { ++ran; });
  scheduler.RunFor(Millis(5));
  EXPECT_EQ(ran, 0);
  executor.SetPaused(false);
  scheduler.RunFor(Millis(5));
  EXPECT_EQ(ran, 1);
  executor.SetDelay(Millis(10), Millis(20));
  executor.Post([&] { ++ran; });
  scheduler.RunFor(Millis(9));
  EXPECT_EQ(ran, 1);
  scheduler.RunFor(Millis(12));
  EXPECT_EQ(ran, 2);
  auto held = std::make_shared<int>(1);
  executor.Post([&ran, held] { ++ran; });
  executor.Close();
  EXPECT_EQ(held.use_count(), 1) << "what a queued task owns ends with its executor";
  executor.Post([&] { ++ran; });
  scheduler.RunFor(Millis(50));
  EXPECT_EQ(ran, 2);
}

TEST(SimScheduler, RunUntilStopsAtTheEventThatMadeItTrue) {
  SimScheduler scheduler(1);
  bool done = false;
  int checks = 0;
  scheduler.set_after_event([&] { ++checks; });
  scheduler.After(Millis(3), [&] { done = true; });
  scheduler.After(Millis(9), [] {});
  EXPECT_TRUE(scheduler.RunUntil([&] { return done; }, Millis(100)));
  EXPECT_EQ(scheduler.now(), MonoTime(Millis(3)));
  EXPECT_EQ(checks, 1);
  done = false;
  EXPECT_FALSE(scheduler.RunUntil([&] { return done; }, Millis(100)));
}

}  // namespace
}  // namespace ottla::sim
