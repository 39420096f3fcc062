#include "common/net/timer_wheel.h"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <vector>

#include "common/base/random.h"

namespace ottla {
namespace {

MonoTime At(std::int64_t us) { return MonoTime(Micros(us)); }

std::vector<int> Fire(TimerWheel& wheel, MonoTime now, std::vector<int>& log) {
  log.clear();
  wheel.Advance(now);
  while (Task task = wheel.PopDue()) task();
  return log;
}

TEST(TimerWheel, FiresInOrderOfDueTicksAndNeverEarly) {
  TimerWheel wheel(At(0));
  std::vector<int> log;
  const std::int64_t due_ms[] = {70'000, 5, 64, 63, 4096, 5, 0, 262'144};
  for (int i = 0; i < 8; ++i) wheel.Add(At(due_ms[i] * 1000), [&log, i] { log.push_back(i); });
  EXPECT_EQ(Fire(wheel, At(0), log), (std::vector<int>{6}));
  EXPECT_EQ(Fire(wheel, At(4'999), log), (std::vector<int>{}));
  EXPECT_EQ(Fire(wheel, At(5'000), log), (std::vector<int>{1, 5}));
  EXPECT_EQ(Fire(wheel, At(64'000), log), (std::vector<int>{3, 2}));
  EXPECT_EQ(Fire(wheel, At(69'999'999), log), (std::vector<int>{4}));
  EXPECT_EQ(Fire(wheel, At(1'000'000'000), log), (std::vector<int>{0, 7}));
  EXPECT_EQ(wheel.size(), 0u);
  EXPECT_FALSE(wheel.NextDue());
}

TEST(TimerWheel, DueTimesRoundUpToTheTick) {
  TimerWheel wheel(At(500));
  std::vector<int> log;
  wheel.Add(At(1'001), [&log] { log.push_back(1); });
  EXPECT_EQ(wheel.NextDue(), At(2'000));
  EXPECT_TRUE(Fire(wheel, At(1'999), log).empty());
  EXPECT_EQ(Fire(wheel, At(2'000), log).size(), 1u);
}

TEST(TimerWheel, CancelledTimersDoNotFireNotEvenByANeighbourOfTheSameTick) {
  TimerWheel wheel(At(0));
  std::vector<int> log;
  TimerId second = 0;
  wheel.Add(At(1'000), [&] {
    log.push_back(1);
    wheel.Cancel(second);
  });
  second = wheel.Add(At(1'000), [&] { log.push_back(2); });
  const TimerId third = wheel.Add(At(9'000), [&] { log.push_back(3); });
  wheel.Cancel(third);
  wheel.Cancel(third);
  wheel.Cancel(0);
  EXPECT_EQ(Fire(wheel, At(20'000), log), (std::vector<int>{1}));
  // The node is used again under another id: the old one has no power over it.
  wheel.Add(At(30'000), [&] { log.push_back(4); });
  wheel.Cancel(third);
  wheel.Cancel(second);
  EXPECT_EQ(Fire(wheel, At(30'000), log), (std::vector<int>{4}));
}

TEST(TimerWheel, SleepsExactlyUntilALoneTimerHoweverFar) {
  for (const std::int64_t ms : {1LL, 63LL, 64LL, 1'000LL, 600'000LL, 86'400'000LL, 40'000'000'000LL}) {
    TimerWheel wheel(At(777));
    wheel.Add(At(ms * 1000), [] {});
    EXPECT_EQ(wheel.NextDue(), At(ms * 1000)) << ms;
  }
}

// Against a sorted map, with all kinds of delays, jumps and cancellations.
TEST(TimerWheel, AgreesWithASortedMap) {
  const std::uint64_t seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  Random random(seed);
  TimerWheel wheel(At(0));
  std::multimap<std::int64_t, int> expected;  // due tick -> number
  std::map<int, std::pair<TimerId, std::int64_t>> live;
  std::vector<int> fired;
  std::int64_t now = 0;
  for (int step = 0; step < 20'000; ++step) {
    if (random.Chance(0.6)) {
      const std::int64_t delay = static_cast<std::int64_t>(random.Below(std::uint64_t{1} << random.Below(40)));
      const std::int64_t tick = (now + delay + 999) / 1000;
      const TimerId id = wheel.Add(At(now + delay), [&fired, step] { fired.push_back(step); });
      expected.emplace(tick, step);
      live[step] = {id, tick};
    } else if (!live.empty() && random.Chance(0.3)) {
      const auto it = std::next(live.begin(), static_cast<std::ptrdiff_t>(random.Below(live.size())));
      wheel.Cancel(it->second.first);
      auto range = expected.equal_range(it->second.second);
      for (auto e = range.first; e != range.second; ++e) {
        if (e->second == it->first) {
          expected.erase(e);
          break;
        }
      }
      live.erase(it);
    } else {
      now += static_cast<std::int64_t>(random.Below(std::uint64_t{1} << random.Below(34)));
      if (const auto next = wheel.NextDue()) {
        ASSERT_FALSE(expected.empty());
        ASSERT_LE(next->time_since_epoch().count(), std::max(expected.begin()->first * 1000, now));
      }
      fired.clear();
      wheel.Advance(At(now));
      while (Task task = wheel.PopDue()) task();
      std::int64_t last_tick = -1;
      for (const int number : fired) {
        ASSERT_TRUE(live.contains(number));
        const std::int64_t tick = live[number].second;
        ASSERT_LE(tick, now / 1000);
        ASSERT_GE(tick, last_tick);
        last_tick = tick;
        live.erase(number);
      }
      const auto due_end = expected.upper_bound(now / 1000);
      ASSERT_EQ(static_cast<std::size_t>(std::distance(expected.begin(), due_end)), fired.size());
      expected.erase(expected.begin(), due_end);
    }
    ASSERT_EQ(wheel.size(), expected.size());
  }
}

}  // namespace
}  // namespace ottla
