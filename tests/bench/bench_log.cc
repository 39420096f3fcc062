// bench_log DIR [PARTITIONS]: writes that many logs of a few segments each into DIR (an empty or missing directory),
// stops in order, starts again, and prints how long each step took and what an idle log costs. DIR stays, so that other
// programs can read what was written.
#include <sys/resource.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <future>
#include <iostream>
#include <iterator>

#include "broker/log/log_manager.h"
#include "common/env/posix_file.h"
#include "common/env/real_executors.h"
#include "common/env/system_clock.h"
#include "common/record/batch_builder.h"

namespace ottla {
namespace {

long ResidentKib() {
  std::ifstream status("/proc/self/statm");
  long total = 0;
  long resident = 0;
  status >> total >> resident;
  return resident * (::sysconf(_SC_PAGESIZE) / 1024);
}

long OpenFiles() {
  return std::distance(std::filesystem::directory_iterator("/proc/self/fd"), std::filesystem::directory_iterator());
}

class Bench {
 public:
  explicit Bench(const std::string& dir)
      : loops_(clock_, {.data_loops = 1, .disk_threads = 1, .watchdog_tick = Micros(0)}) {
    LogManagerOptions options;
    options.dirs = {dir};
    options.loop_of = [](const TopicPartition&) { return 0; };
    options.config_of = [](const std::string&) {
      LogConfig config;
      config.segment_bytes = 16 << 10;
      config.index_interval_bytes = 512;
      return config;
    };
    manager_ = std::make_unique<LogManager>(loops_, files_, clock_, Random(1), options);
  }

  void Start() {
    const auto begin = clock_.Now();
    const auto opened =
        Wait<Result<DirIdentity>>(loops_.Control(), [&](auto done) { manager_->Open(std::move(done)); });
    OTTLA_CHECK(opened.ok()) << opened.status();
    const Status loaded = Wait<Status>(
        loops_.Control(), [&](auto done) { manager_->Load(BrokerId(1), "bench-cluster-id-00000", std::move(done)); });
    OTTLA_CHECK(loaded.ok()) << loaded;
    Print("start", begin);
  }
  void Stop() {
    const auto begin = clock_.Now();
    const Status stopped = Wait<Status>(loops_.Control(), [&](auto done) { manager_->Shutdown(-1, std::move(done)); });
    OTTLA_CHECK(stopped.ok()) << stopped;
    Print("stop", begin);
    loops_.Stop();
  }
  void Write(int partitions, int batches) {
    auto begin = clock_.Now();
    std::vector<std::shared_ptr<PartitionLog>> logs;
    for (int i = 0; i < partitions; ++i) {
      logs.push_back(Wait<Result<std::shared_ptr<PartitionLog>>>(loops_.Data(0), [&](auto done) {
                       manager_->GetOrCreate({"bench", i}, Uuid::FromRandom(1, static_cast<std::uint64_t>(i)), true,
                                             std::move(done));
                     }).value());
    }
    Print("create", begin);
    begin = clock_.Now();
    for (const auto& log : logs) {
      for (int i = 0; i < batches; ++i) Append(log);
    }
    Print("write", begin);
  }

 private:
  template <class T, class Start>
  static T Wait(Executor& executor, Start start) {
    auto promise = std::make_shared<std::promise<T>>();
    auto future = promise->get_future();
    executor.Post([&start, promise] { start([promise](T value) { promise->set_value(std::move(value)); }); });
    return future.get();
  }

  void Append(const std::shared_ptr<PartitionLog>& log) {
    auto bytes = std::make_shared<std::string>();
    BatchBuilder builder({.base_offset = log->log_end(),
                          .leader_epoch = LeaderEpoch(0),
                          .producer_id = 5,
                          .producer_epoch = 0,
                          .base_sequence = static_cast<std::int32_t>(log->log_end().value)});
    for (int i = 0; i < 4; ++i) builder.Append(1'700'000'000'000 + log->log_end().value, "key", std::string(100, 'v'));
    builder.Build(nullptr, *bytes);
    const auto outcome = Wait<AppendOutcome>(loops_.Data(0), [&](auto done) {
      log->WhenIdle([&log, bytes, done = std::move(done)]() mutable {
        log->AppendAsLeader({.parts = {*bytes}, .owner = bytes},
                            [done = std::move(done)](const AppendOutcome& result) mutable { done(result); });
      });
    });
    OTTLA_CHECK(outcome.ok()) << outcome.message;
  }

  void Print(const char* what, MonoTime begin) {
    std::cout << what << ": " << (clock_.Now() - begin).count() / 1000 << " ms, " << ResidentKib() << " KiB resident, "
              << OpenFiles() << " descriptors\n";
  }

  SystemClock clock_;
  PosixFileSystem files_;
  RealExecutors loops_;
  std::unique_ptr<LogManager> manager_;
};

}  // namespace
}  // namespace ottla

int main(int argc, char** argv) {
  if (argc < 2) {
    std::cerr << "bench_log DIR [PARTITIONS]\n";
    return 2;
  }
  const int partitions = argc > 2 ? std::stoi(argv[2]) : 1000;
  {
    ottla::Bench bench(argv[1]);
    bench.Start();
    bench.Write(partitions, 100);
    bench.Stop();
  }
  ottla::Bench bench(argv[1]);
  bench.Start();
  bench.Stop();
  return 0;
}
