// One log on one simulated machine whose process is killed and whose power fails at any moment: what a crash may take,
// and what it must not. Appends, truncations, flushes, checkpoints and restarts in an order that the seed chooses.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "broker/log/log_manager.h"
#include "common/record/batch_builder.h"
#include "tests/sim/env/sim_world.h"

namespace ottla::sim {
namespace {

const TopicPartition kLog{"t", 0};
constexpr char kDir[] = "/data/a";

struct Batch {
  std::int64_t base = 0;
  std::int64_t next = 0;
  std::string bytes;
};

// Every version a batch ever had at an offset, and which is the newest.
struct Model {
  std::vector<Batch> current;
  std::map<std::int64_t, std::set<std::string>> versions;
  std::int64_t durable_end = 0;    // below it the current batches were flushed
  std::int64_t start = 0;          // retention may have removed what is below
  std::int64_t highest_start = 0;  // ever; a log start is made durable now and then only
  std::int64_t empty_at = 0;       // end of a log without batches

  std::int64_t end() const { return current.empty() ? empty_at : current.back().next; }
  void Append(const Batch& batch) {
    versions[batch.base].insert(batch.bytes);
    current.push_back(batch);
  }
  void Truncate(std::int64_t to) {
    while (!current.empty() && current.back().next > to) current.pop_back();
    empty_at = to;
    durable_end = std::min(durable_end, end());
  }
};

class Machine {
 public:
  explicit Machine(std::uint64_t seed) : world_(seed), random_(seed * 7919 + 1), node_(world_.AddNode()) {
    // log.dirs were there before the broker was.
    node_.files().SetDown(false);
    OTTLA_CHECK(node_.files().CreateDirs(kDir).ok());
    node_.files().SyncAll();
    node_.files().SetDown(true);
  }
  ~Machine() {
    if (node_.alive()) node_.Kill([this] { Drop(); });
  }

  void Boot() {
    node_.Boot();
    LogManagerOptions options;
    options.dirs = {kDir};
    options.flushed_one_by_one = random_.Chance(0.5) ? 0 : 32;  // both ways of an orderly end
    options.loop_of = [](const TopicPartition&) { return std::size_t{0}; };
    options.config_of = [](const std::string&) {
      LogConfig config;
      config.segment_bytes = 6000;
      config.index_interval_bytes = 300;
      return config;
    };
    manager_ = std::make_unique<LogManager>(node_.executors(), node_.files(), node_.clock(), Random(1), options);
    std::optional<Status> loaded;
    Control([&] {
      manager_->Open([&](const Result<DirIdentity>& identity) {
        if (!identity.ok()) {
          loaded = identity.status();
          return;
        }
        manager_->Load(BrokerId(1), "cluster", [&](Status status) { loaded = std::move(status); });
      });
    });
    ASSERT_TRUE(world_.RunUntil([&] { return loaded.has_value(); }, Millis(60'000))) << "the log dir does not load";
    ASSERT_TRUE(loaded->ok()) << loaded->ToString();
    bool got = false;
    Data([&] {
      manager_->GetOrCreate(kLog, Uuid{}, true, [&](Result<std::shared_ptr<PartitionLog>> log) {
        got = true;
        ASSERT_TRUE(log.ok()) << log.status();
        log_ = log.value();
      });
    });
    ASSERT_TRUE(world_.RunUntil([&] { return got; }, Millis(60'000)));
  }

  // Compares what the machine has with what it may have, and goes on from there.
  void Check(bool power_lost) {
    const std::vector<Batch> found = OnDisk();
    const std::int64_t end = log_->log_end().value;
    if (!found.empty()) {
      ASSERT_EQ(found.back().next, end) << "log end and file differ";
      ASSERT_LE(found.front().base, model_.start) << "the log lost its beginning";
      ASSERT_GE(log_->log_start().value, found.front().base);
    }
    for (std::size_t i = 0; i < found.size(); ++i) {
      if (i > 0) {
        ASSERT_EQ(found[i].base, found[i - 1].next) << "a hole in the log";
      }
      ASSERT_TRUE(model_.versions[found[i].base].contains(found[i].bytes)) << "bytes nobody wrote at " << found[i].base;
    }
    // What was flushed, or (with power) all that was finished, is there as it was last written.
    const std::int64_t must = power_lost ? model_.durable_end : std::min(model_.end(), kept_end_);
    ASSERT_GE(end, must) << "lost below " << (power_lost ? "the flushed end" : "the log end");
    std::map<std::int64_t, const Batch*> by_base;
    for (const Batch& batch : found) by_base[batch.base] = &batch;
    for (const Batch& batch : model_.current) {
      if (batch.base < model_.start || batch.next > must) continue;
      ASSERT_TRUE(by_base.contains(batch.base)) << "lost at " << batch.base;
      ASSERT_EQ(by_base[batch.base]->bytes, batch.bytes) << "an older version at " << batch.base;
    }
    CheckEpochs(found);
    model_.current = found;
    model_.empty_at = end;
    model_.start = log_->log_start().value;
    model_.highest_start = std::max(model_.highest_start, model_.start);
    kept_end_ = end;
    model_.durable_end = std::min(model_.durable_end, end);
    story_.clear();
  }

  // Starts one operation; it may or may not be over when this returns.
  void Act() {
    switch (random_.Below(14)) {
      case 0: Truncate(); break;
      case 1: Flush(); break;
      case 2: Control([this] { manager_->CheckpointRecoveryPoints([](const Status&) {}); }); break;
      case 7: Control([this] { manager_->CheckpointLogStarts([](const Status&) {}); }); break;
      case 3: Control([this] { manager_->CheckpointHighWatermarks([](const Status&) {}); }); break;
      case 4:
        Data([this] {
          log_->SetHighWatermark(
              Offset(static_cast<std::int64_t>(random_.Below(static_cast<std::uint64_t>(log_->log_end().value) + 1))));
        });
        break;
      case 5: ++epoch_; break;
      case 6: Retain(); break;
      default: Append(); break;
    }
    if (random_.Chance(0.7)) {
      world_.RunUntil([this] { return !busy_; }, Millis(10'000));
    } else {
      world_.RunFor(Micros(static_cast<std::int64_t>(random_.Below(300))));
    }
  }

  void Crash(bool power_lost) {
    const auto drop = [this] { Drop(); };
    story_ += power_lost ? " POWER LOST" : " KILLED";
    if (power_lost) {
      node_.LosePower(drop);
    } else {
      node_.Kill(drop);
    }
    busy_ = false;
    failing_ = false;
    node_.files().faults() = FileFaults{};
  }
  // From now until the next crash the disk fails now and then, or is full.
  void BeginToFail() {
    failing_ = true;
    FileFaults& faults = node_.files().faults();
    switch (random_.Below(5)) {
      case 0: faults.write_error = 0.03; break;
      case 1: faults.short_write = 0.05; break;
      case 2: faults.sync_error = 0.03; break;
      case 3: faults.name_error = 0.02; break;
      default: faults.full = true; break;
    }
    story_ += " DISK FAILS";
  }
  bool Offline() const { return manager_->AllOffline(); }
  // Power may be lost right after it, or while it is under way.
  bool StopOrderly(bool power_lost) {
    world_.RunUntil([this] { return !busy_; }, Millis(10'000));
    bool done = false;
    bool closed = false;
    Control([&] {
      manager_->Shutdown(5, [&](const Status& status) {
        closed = !Failed(status.ok() && !manager_->AllOffline(), status.ToString());
        done = true;
      });
    });
    const bool interrupted = random_.Chance(0.3);
    const Millis patience(interrupted ? random_.Below(30) : 60'000);
    const bool ended = world_.RunUntil([&] { return done; }, patience);
    Crash(power_lost);
    if (closed) model_.durable_end = model_.end();
    return ended || interrupted;
  }
  const std::string& story() const { return story_; }
  bool Roll(double chance) { return random_.Chance(chance); }
  std::uint64_t trace_hash() { return world_.scheduler().trace_hash(); }
  SimFiles& files() { return node_.files(); }

 private:
  void Control(const std::function<void()>& act) { node_.executors().control().Run(act); }
  void Data(const std::function<void()>& act) { static_cast<SimExecutor&>(node_.executors().Data(0)).Run(act); }
  void Drop() {
    log_.reset();
    manager_.reset();
  }

  // Whether something failed, which only a failing disk may bring about.
  bool Failed(bool ok, const std::string& why) {
    if (ok) return false;
    EXPECT_TRUE(failing_) << why;
    story_ += " failed (" + why + ")";
    return true;
  }

  void Append() {
    if (busy_) return;
    busy_ = true;
    Data([this] {
      log_->WhenIdle([this] {
        const std::int64_t base = log_->log_end().value;
        BatchFields fields{.base_offset = Offset(base), .leader_epoch = LeaderEpoch(epoch_)};
        fields.producer_id = 9;
        fields.producer_epoch = 0;
        BatchBuilder builder(fields);
        const auto count = 1 + random_.Below(3);
        for (std::uint64_t i = 0; i < count; ++i) {
          builder.Append(1'731'000'000'000 + base, "k",
                         std::string(random_.Below(700), static_cast<char>('a' + random_.Below(26))));
        }
        auto bytes = std::make_shared<std::string>();
        builder.Build(nullptr, *bytes);
        const Batch batch{base, base + static_cast<std::int64_t>(count), *bytes};
        model_.versions[base].insert(batch.bytes);  // from here on it may be found after a crash
        AppendBytes append;
        append.parts = {*bytes};
        append.owner = bytes;
        log_->AppendAsFollower(std::move(append), false, [this, batch](const AppendOutcome& outcome) {
          busy_ = false;
          if (Failed(outcome.ok(), outcome.message)) return;
          model_.Append(batch);
          story_ += " appended " + std::to_string(batch.base) + " in epoch " + std::to_string(epoch_);
          kept_end_ = model_.end();
        });
      });
    });
  }

  void Truncate() {
    if (busy_ || model_.current.empty()) return;
    const Batch& at =
        model_.current[model_.current.size() - 1 - random_.Below(std::min<std::uint64_t>(model_.current.size(), 12))];
    if (at.base < model_.start) return;
    busy_ = true;
    const std::int64_t to = at.base;
    Data([this, to] {
      log_->WhenIdle([this, to] {
        // Until it is over, either end may be found.
        kept_end_ = std::min(kept_end_, to);
        model_.durable_end = std::min(model_.durable_end, to);
        log_->TruncateTo(Offset(to), [this, to](const Status& status) {
          busy_ = false;
          if (Failed(status.ok(), status.ToString())) return;
          model_.Truncate(to);
          story_ += " cut to " + std::to_string(to);
        });
      });
    });
  }

  // Deletes records up to somewhere below the high watermark, and the segments that hold no others.
  void Retain() {
    if (busy_) return;
    busy_ = true;
    Data([this] {
      const std::int64_t low = log_->log_start().value;
      const auto room = static_cast<std::uint64_t>(log_->high_watermark().value - low);
      const std::int64_t start = low + static_cast<std::int64_t>(random_.Below(room / 4 + 1));
      if (!log_->AdvanceLogStart(Offset(start)).ok()) {
        busy_ = false;  // the directory is offline
        return;
      }
      model_.start = std::max(model_.start, start);
      model_.highest_start = std::max(model_.highest_start, start);
      log_->ApplyRetention(0, [this, start](std::size_t removed) {
        story_ += " removed " + std::to_string(removed) + " segments below " + std::to_string(start);
        busy_ = false;
      });
    });
  }

  void Flush() {
    if (busy_) return;
    busy_ = true;
    Data([this] {
      log_->WhenIdle([this] {
        const std::int64_t end = log_->log_end().value;
        log_->Flush([this, end](const Status& status) {
          busy_ = false;
          if (Failed(status.ok(), status.ToString())) return;
          model_.durable_end = std::max(model_.durable_end, std::min(end, model_.end()));
          story_ += " flushed " + std::to_string(model_.durable_end);
        });
      });
    });
  }

  std::vector<Batch> OnDisk() {
    std::vector<Batch> found;
    const std::string dir = std::string(kDir) + "/" + kLog.ToString();
    for (const std::string& name : node_.files().PeekNames(dir)) {
      if (name.size() < 4 || name.substr(name.size() - 4) != ".log") continue;
      const std::string bytes = node_.files().Peek(dir + "/" + name).value();
      BatchScanner scanner(bytes);
      BatchFrame frame;
      while (scanner.Next(frame) == BatchScanner::Step::kBatch) {
        EXPECT_TRUE(CrcMatches(frame)) << name;
        found.push_back({frame.header.base_offset.value, frame.header.next_offset().value, std::string(frame.bytes)});
      }
      EXPECT_EQ(scanner.consumed(), bytes.size())
          << name << " has bytes behind its last batch; the log has " << log_->segment_count()
          << " segments and ends at " << log_->log_end();
    }
    return found;
  }

  void CheckEpochs(const std::vector<Batch>& found) {
    std::map<std::int32_t, std::int64_t> starts;
    for (const Batch& batch : found) {
      // Epochs that ended below a log start are forgotten, even when a crash brings the records back.
      if (batch.next <= model_.highest_start) continue;
      starts.emplace(RecordBatchView(batch.bytes).leader_epoch().value, batch.base);
    }
    for (auto it = starts.begin(); it != starts.end(); ++it) {
      const auto next = std::next(it);
      const std::int64_t wanted = next == starts.end() ? log_->log_end().value : next->second;
      const EpochEnd end = log_->EndOffsetFor(LeaderEpoch(it->first));
      ASSERT_EQ(end.epoch.value, it->first) << "epoch lost";
      ASSERT_EQ(end.end.value, wanted) << "where epoch " << it->first << " ends";
    }
  }

  SimWorld world_;
  Random random_;
  SimNode& node_;
  std::unique_ptr<LogManager> manager_;
  std::shared_ptr<PartitionLog> log_;
  Model model_;
  std::int64_t kept_end_ = 0;  // with power: nothing below may go
  std::int32_t epoch_ = 0;
  bool busy_ = false;
  bool failing_ = false;  // the disk
  std::string story_;     // since the last check
};

std::uint64_t RunStory(std::uint64_t seed, int crashes) {
  Machine machine(seed);
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
