#include "tests/sim/log/log_machine.h"

#include <gtest/gtest.h>

#include <optional>

#include "common/record/batch_builder.h"

namespace ottla::sim {

LogMachine::LogMachine(std::uint64_t seed) : world_(seed), random_(seed * 7919 + 1), node_(world_.AddNode()) {
  // log.dirs were there before the broker was.
  node_.files().SetDown(false);
  OTTLA_CHECK(node_.files().CreateDirs(kDir).ok());
  node_.files().SyncAll();
  node_.files().SetDown(true);
}

LogMachine::~LogMachine() {
  if (node_.alive()) node_.Kill([this] { Drop(); });
}

LogManagerOptions LogMachine::Options() {
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
  return options;
}

void LogMachine::Boot() {
  node_.Boot();
  manager_ = std::make_unique<LogManager>(node_.executors(), node_.files(), node_.clock(), Random(1), Options());
  Load();
  if (!testing::Test::HasFatalFailure()) OpenLog();
}

void LogMachine::Load() {
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
}

void LogMachine::OpenLog() {
  bool got = false;
  Data([&] {
    manager_->GetOrCreate(tp_, Uuid{}, true, [&](Result<std::shared_ptr<PartitionLog>> log) {
      got = true;
      ASSERT_TRUE(log.ok()) << log.status();
      log_ = log.value();
    });
  });
  ASSERT_TRUE(world_.RunUntil([&] { return got; }, Millis(60'000)));
}

void LogMachine::Act() {
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

void LogMachine::Crash(bool power_lost) {
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

void LogMachine::BeginToFail() {
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

bool LogMachine::StopOrderly(bool power_lost) {
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

void LogMachine::Drop() {
  log_.reset();
  manager_.reset();
}

bool LogMachine::Failed(bool ok, const std::string& why) {
  if (ok) return false;
  EXPECT_TRUE(failing_) << why;
  story_ += " failed (" + why + ")";
  return true;
}

void LogMachine::Append() {
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
      const LoggedBatch batch{base, base + static_cast<std::int64_t>(count), *bytes};
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

void LogMachine::Truncate() {
  if (busy_ || model_.current.empty()) return;
  const LoggedBatch& at =
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

void LogMachine::Retain() {
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

void LogMachine::Flush() {
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

}  // namespace ottla::sim
