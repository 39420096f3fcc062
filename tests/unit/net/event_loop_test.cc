#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <future>
#include <thread>
#include <vector>

#include "common/env/event_loop.h"
#include "common/env/real_executors.h"
#include "common/env/system_clock.h"
#include "common/env/thread_executor.h"
#include "common/env/watchdog.h"

namespace ottla {
namespace {

class RunningLoop {
 public:
  RunningLoop() : loop(clock, "test"), thread_([this] { loop.Run(); }) {}
  ~RunningLoop() {
    loop.Stop();
    thread_.join();
  }
  SystemClock clock;
  EventLoop loop;

 private:
  std::thread thread_;
};

TEST(EventLoop, TasksOfEachThreadRunInTheirOrderOnTheLoop) {
  RunningLoop running;
  constexpr int kThreads = 4;
  constexpr int kTasks = 2'000;
  std::vector<int> next(kThreads, 0);
  std::atomic<int> left{kThreads * kTasks};
  std::promise<void> done;
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < kTasks; ++i) {
        running.loop.Post([&, t, i] {
          EXPECT_TRUE(running.loop.OnThread());
          EXPECT_EQ(next[static_cast<std::size_t>(t)]++, i);
          if (--left == 0) done.set_value();
        });
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  done.get_future().wait();
  EXPECT_FALSE(running.loop.OnThread());
}

TEST(EventLoop, APostNeverRunsInsideThePosterAndTimersRunInOrder) {
  RunningLoop running;
  std::promise<std::vector<int>> done;
  std::vector<int> log;
  running.loop.Post([&] {
    running.loop.Post([&] { log.push_back(2); });
    log.push_back(1);
    running.loop.RunAfter(Millis(20), [&] { done.set_value(log); });
    running.loop.RunAfter(Millis(5), [&] { log.push_back(3); });
    const TimerId dropped = running.loop.RunAfter(Millis(10), [&] { log.push_back(99); });
    running.loop.RunAfter(Millis(6), [&running, dropped] { running.loop.Cancel(dropped); });
  });
  EXPECT_EQ(done.get_future().get(), (std::vector<int>{1, 2, 3}));
}

TEST(EventLoop, ATaskThatPostsItselfDoesNotStopTimers) {
  RunningLoop running;
  std::promise<void> fired;
  std::atomic<bool> stop{false};
  std::function<void()> again = [&] {
    if (!stop) running.loop.Post([&] { again(); });
  };
  running.loop.Post([&] {
    again();
    running.loop.RunAfter(Millis(3), [&] { fired.set_value(); });
  });
  fired.get_future().wait();
  stop = true;
  RealExecutors::RunOn(running.loop, [] {});
}

TEST(EventLoop, AnIdleLoopSleepsEvenWithDistantTimers) {
  RunningLoop running;
  std::promise<void> later;
  RealExecutors::RunOn(running.loop, [&] {
    for (int i = 1; i < 1'000; ++i) running.loop.RunAfter(std::chrono::minutes(i), [] {});
    running.loop.RunAfter(Millis(150), [&] { later.set_value(); });
  });
  const std::uint64_t before = running.loop.progress();
  later.get_future().wait();
  // One wake-up for the timer, a few for settling; a ticking wheel would need 150.
  EXPECT_LE(running.loop.progress() - before, 16u);
}

// Else the watchdog would take a turn of many slow steps for one that hangs.
TEST(EventLoop, EachStepOfATurnIsProgress) {
  RunningLoop running;
  std::vector<std::uint64_t> seen;
  std::promise<void> done;
  running.loop.Post([&] {
    for (int i = 0; i < 3; ++i) running.loop.Post([&] { seen.push_back(running.loop.progress()); });
    for (int i = 0; i < 3; ++i) running.loop.RunAfter(Millis(1), [&] { seen.push_back(running.loop.progress()); });
    running.loop.RunAfter(Millis(20), [&] { done.set_value(); });
  });
  done.get_future().wait();
  ASSERT_EQ(seen.size(), 6u);
  for (std::size_t i = 0; i < seen.size(); ++i) {
    EXPECT_EQ(seen[i] % 2, 1u) << "at work";
    EXPECT_TRUE(i == 0 || seen[i] > seen[i - 1]) << i;
  }
}

TEST(EventLoop, QueuedTasksAreDestroyedOnTheLoopWithoutRunning) {
  std::atomic<int> alive{0};
  std::atomic<bool> on_loop{true};
  struct Token {
    Token(std::atomic<int>& alive_count, std::atomic<bool>& on_loop_flag, EventLoop& at)
        : alive(alive_count), on_loop(on_loop_flag), loop(at) {
      ++alive;
    }
    ~Token() {
      --alive;
      if (!loop.OnThread()) on_loop = false;
    }
    std::atomic<int>& alive;
    std::atomic<bool>& on_loop;
    EventLoop& loop;
  };
  {
    RunningLoop running;
    running.loop.Post([&] {
      running.loop.RunAfter(std::chrono::hours(1), [t = std::make_unique<Token>(alive, on_loop, running.loop)] {});
      running.loop.Stop();
      running.loop.Post([t = std::make_unique<Token>(alive, on_loop, running.loop)] { ADD_FAILURE(); });
    });
  }
  EXPECT_EQ(alive, 0);
  EXPECT_TRUE(on_loop);
}

TEST(ThreadExecutor, RunsTasksInOrderAndTimersWhenDue) {
  SystemClock clock;
  ThreadExecutor executor(clock, "test");
  std::promise<std::vector<int>> done;
  std::vector<int> log;
  executor.Post([&] {
    log.push_back(1);
    executor.RunAfter(Millis(12), [&] { done.set_value(log); });
    const TimerId dropped = executor.RunAfter(Millis(3), [&] { log.push_back(99); });
    executor.RunAfter(Millis(4), [&] { log.push_back(3); });
    executor.Cancel(dropped);
  });
  executor.Post([&] { log.push_back(2); });
  EXPECT_EQ(done.get_future().get(), (std::vector<int>{1, 2, 3}));
}

TEST(HangDetector, OnlyALoopStuckInOneTurnHangs) {
  HangDetector detector(1, 3);
  const std::pair<std::uint64_t, bool> observations[] = {
      {4, false}, {4, false}, {4, false}, {4, false},  // asleep, for as long as it likes
      {5, false}, {5, false}, {7, false},              // at work, then at work again
      {7, false}, {7, false}, {7, true},               // and now in one turn for three ticks
  };
  for (const auto& [progress, hangs] : observations) EXPECT_EQ(detector.Observe(0, progress), hangs) << progress;
}

TEST(WatchdogDeathTest, AHangingLoopEndsTheProcess) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_DEATH(
      {
        SystemClock clock;
        RealExecutors executors(clock, {.watchdog_tick = Millis(20)});
        // Stops the thread as a blocking call would.
        std::promise<void> never;
        RealExecutors::RunOn(executors.Data(0), [&] { never.get_future().wait(); });
      },
      "loop data-0 has not turned");
}

TEST(RealExecutors, StopEndsAllThreadsWithTasksUnderWay) {
  SystemClock clock;
  RealExecutors executors(clock, {.data_loops = 3, .disk_threads = 2});
  std::atomic<int> hops{0};
  std::function<void(std::size_t)> hop = [&](std::size_t i) {
    ++hops;
    executors.Data(i % 3).Post([&, i] { executors.Disk(i % 2).Post([&, i] { hop(i + 1); }); });
  };
  for (std::size_t i = 0; i < 10; ++i) executors.Control().Post([&hop, i] { hop(i); });
  while (hops < 1'000) std::this_thread::yield();
  executors.Stop();
}

}  // namespace
}  // namespace ottla
