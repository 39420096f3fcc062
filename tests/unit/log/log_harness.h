// A log manager on simulated executors, over a file system of the test's choice: every callback has run when a call
// here returns.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "broker/log/log_manager.h"
#include "common/record/record_batch.h"
#include "tests/sim/env/sim_executors.h"
#include "tests/sim/env/sim_scheduler.h"

namespace ottla {

class TempDir {
 public:
  TempDir() {
    std::string pattern = testing::TempDir() + "ottla_log_XXXXXX";
    path_ = ::mkdtemp(pattern.data());
  }
  ~TempDir() { std::filesystem::remove_all(path_); }
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

// The partition that most tests write to.
inline const TopicPartition kOrders{"orders", 0};

class LogHarness {
 public:
  LogHarness(FileSystem& files, std::vector<std::string> dirs, std::uint64_t seed = 1, std::size_t data_loops = 2)
      : scheduler(seed), loops(scheduler, 0, data_loops, dirs.size()), clock(scheduler), files_(files) {
    options.dirs = std::move(dirs);
    options.loop_of = [data_loops](const TopicPartition& tp) { return std::hash<TopicPartition>{}(tp) % data_loops; };
    options.config_of = [this](const std::string&) { return config; };
  }

  // Runs `start(callback)` on `executor` until the callback was called with a T.
  template <class T, class Start>
  T Await(Executor& executor, Start start) {
    auto result = std::make_shared<std::optional<T>>();
    executor.Post([&start, result] { start([result](T value) { result->emplace(std::move(value)); }); });
    OTTLA_CHECK(scheduler.RunUntil([&] { return result->has_value(); }, Millis(600'000))) << "never answered";
    return std::move(**result);
  }
  void Settle(Micros time = Millis(1'000)) { scheduler.RunFor(time); }

  Executor& LoopOf(const TopicPartition& tp) { return loops.Data(options.loop_of(tp)); }

  Result<DirIdentity> Open() {
    manager = std::make_unique<LogManager>(loops, files_, clock, Random(7), options);
    return Await<Result<DirIdentity>>(loops.Control(), [&](auto done) { manager->Open(std::move(done)); });
  }
  // Opens the directories as whoever they belong to.
  Status Start() {
    const auto identity = Open();
    if (!identity.ok()) return identity.status();
    return Load(identity->broker_id.value_or(BrokerId(1)), identity->cluster_id.value_or("test-cluster"));
  }
  Status Load(BrokerId broker, const std::string& cluster) {
    return Await<Status>(loops.Control(), [&](auto done) { manager->Load(broker, cluster, std::move(done)); });
  }
  Status Stop() {
    const Status status = Await<Status>(loops.Control(), [&](auto done) { manager->Shutdown(-1, std::move(done)); });
    manager = nullptr;
    Settle();
    return status;
  }

  std::shared_ptr<PartitionLog> Get(const TopicPartition& tp) {
    return Await<std::shared_ptr<PartitionLog>>(LoopOf(tp), [&](auto done) { done(manager->Get(tp)); });
  }
  std::shared_ptr<PartitionLog> Create(const TopicPartition& tp, const Uuid& id = {}) {
    return Await<Result<std::shared_ptr<PartitionLog>>>(
               LoopOf(tp), [&](auto done) { manager->GetOrCreate(tp, id, true, std::move(done)); })
        .value();
  }
  // Runs `action` on the loop of the log.
  void On(const std::shared_ptr<PartitionLog>& log, const std::function<void()>& action) {
    Await<bool>(LoopOf(log->tp()), [&](auto done) {
      action();
      done(true);
    });
  }

  AppendOutcome Append(const std::shared_ptr<PartitionLog>& log, std::string bytes, bool follower = false) {
    auto owner = std::make_shared<std::string>(std::move(bytes));
    return Await<AppendOutcome>(LoopOf(log->tp()), [&](auto done) {
      log->WhenIdle([&log, owner, follower, done = std::move(done)]() mutable {
        AppendBytes append{.parts = {*owner}, .owner = owner};
        auto answer = [done = std::move(done)](const AppendOutcome& outcome) mutable { done(outcome); };
        if (follower) {
          log->AppendAsFollower(std::move(append), /*crc_checked=*/false, std::move(answer));
        } else {
          log->AppendAsLeader(std::move(append), std::move(answer));
        }
      });
    });
  }
  Status Truncate(const std::shared_ptr<PartitionLog>& log, Offset end) {
    return Await<Status>(LoopOf(log->tp()), [&](auto done) {
      log->WhenIdle([&log, end, done = std::move(done)]() mutable { log->TruncateTo(end, std::move(done)); });
    });
  }
  Status Flush(const std::shared_ptr<PartitionLog>& log) {
    return Await<Status>(LoopOf(log->tp()), [&](auto done) { log->Flush(std::move(done)); });
  }
  std::size_t Retain(const std::shared_ptr<PartitionLog>& log, std::int64_t now_ms) {
    return Await<std::size_t>(LoopOf(log->tp()), [&](auto done) { log->ApplyRetention(now_ms, std::move(done)); });
  }
  Result<TimestampedOffset> AtTime(const std::shared_ptr<PartitionLog>& log, std::int64_t timestamp) {
    return Await<Result<TimestampedOffset>>(LoopOf(log->tp()),
                                            [&](auto done) { log->OffsetForTimestamp(timestamp, std::move(done)); });
  }
  Result<TimestampedOffset> MaxTime(const std::shared_ptr<PartitionLog>& log) {
    return Await<Result<TimestampedOffset>>(LoopOf(log->tp()),
                                            [&](auto done) { log->OffsetOfMaxTimestamp(std::move(done)); });
  }
  std::vector<AbortedTxn> Aborted(const std::shared_ptr<PartitionLog>& log, Offset from, Offset upper) {
    for (;;) {
      auto found = Await<std::optional<std::vector<AbortedTxn>>>(LoopOf(log->tp()),
                                                                 [&](auto done) { done(log->AbortedIn(from, upper)); });
      if (found) return *found;
      const Status warmed =
          Await<Status>(LoopOf(log->tp()), [&](auto done) { log->WarmAborted(from, upper, std::move(done)); });
      OTTLA_CHECK(warmed.ok()) << warmed;
    }
  }
  // A read plan, warming up as often as it takes.
  ReadResult Read(const std::shared_ptr<PartitionLog>& log, const ReadRequest& request) {
    for (int tries = 0; tries < 100; ++tries) {
      auto result = Await<ReadResult>(LoopOf(log->tp()), [&](auto done) { done(log->Read(request)); });
      if (result.status != ReadStatus::kCold) return result;
      const Status warmed = Await<Status>(LoopOf(log->tp()), [&](auto done) { log->Warm(request, std::move(done)); });
      OTTLA_CHECK(warmed.ok()) << warmed;
    }
    return {.status = ReadStatus::kCold, .plan = {}};
  }
  static std::string Bytes(const FileRange& range) {
    std::string bytes(range.length, '\0');
    if (range.file == nullptr) return bytes;
    const auto got = range.file->ReadAt(bytes, range.position);
    OTTLA_CHECK(got.ok() && *got == range.length) << got.status();
    return bytes;
  }
  // All whole batches from `from` to `upper`, as a consumer with small fetches would get them.
  std::string ReadAll(const std::shared_ptr<PartitionLog>& log, Offset from, Offset upper,
                      std::uint64_t max_bytes = 1'000) {
    std::string all;
    while (from < upper) {
      const auto result = Read(log, {.offset = from, .max_bytes = max_bytes, .upper = upper, .min_one_message = true});
      OTTLA_CHECK(result.status == ReadStatus::kOk) << static_cast<int>(result.status);
      if (result.plan.range.empty()) break;
      const std::string bytes = Bytes(result.plan.range);
      BatchScanner scanner(bytes);
      BatchFrame frame;
      while (scanner.Next(frame) == BatchScanner::Step::kBatch) from = std::max(from, frame.header.next_offset());
      OTTLA_CHECK(scanner.consumed() > 0);
      all.append(bytes, 0, scanner.consumed());
    }
    return all;
  }

  sim::SimScheduler scheduler;
  sim::SimExecutors loops;
  sim::SimClock clock;
  LogManagerOptions options;
  LogConfig config;
  std::unique_ptr<LogManager> manager;

 private:
  FileSystem& files_;
};

}  // namespace ottla
