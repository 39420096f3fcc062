// A log that is written, cut, flushed, killed and robbed of its power at random, against a list of what must be in it.
#include <gtest/gtest.h>

#include <map>
#include <set>

#include "broker/log/log_dir.h"
#include "broker/log/segment_recovery.h"
#include "log_batches.h"
#include "log_harness.h"
#include "tests/sim/env/sim_files.h"

namespace ottla {
namespace {

struct Written {
  std::string bytes;
  Offset base;
  Offset next;
};

class Life {
 public:
  explicit Life(std::uint64_t seed) : random_(seed), files_(seed) {
    files_.faults().try_read_unavailable = 0.2;
    Begin();
  }

  void Run(int steps) {
    for (int i = 0; i < steps && !testing::Test::HasFatalFailure(); ++i) Step();
  }

 private:
  void Begin() {
    harness_ = std::make_unique<LogHarness>(files_, std::vector<std::string>{"/d1"}, random_.Next());
    harness_->config.segment_bytes = 1'200;
    harness_->config.index_interval_bytes = 150;
    harness_->config.retention_ms = -1;
    harness_->config.producer_expiration_ms = LogConfig::kForever;
    const Status started = harness_->Start();
    ASSERT_TRUE(started.ok()) << started;
    log_ = harness_->Get(kOrders);
    if (log_ == nullptr) log_ = harness_->Create(kOrders, *Uuid::FromString("d-wWrUApTKyz_DlUkq6K0g"));
  }

  void Step() {
    const auto dice = random_.Below(100);
    if (dice < 70) return Append();
    if (dice < 78) return Flush();
    if (dice < 84) return Truncate();
    if (dice < 86) return Checkpoint();
    if (dice < 90) return Restart();
    if (dice < 95) return Kill();
    return LosePower();
  }

  void Append() {
    std::string bytes;
    std::vector<Written> batches;
    Offset at = log_->log_end();
    for (auto left = 1 + random_.Below(3); left > 0; --left) {
      std::string batch = OneBatch(at);
      at = RecordBatchView(batch).next_offset();
      batches.push_back({batch, RecordBatchView(batch).base_offset(), at});
      bytes += batch;
      ever_.insert(batch);
    }
    const auto outcome = harness_->Append(log_, bytes);
    ASSERT_TRUE(outcome.ok()) << outcome.message;
    for (auto& batch : batches) model_.push_back(std::move(batch));
    harness_->On(log_, [&] { log_->SetHighWatermark(log_->log_end()); });
  }

  std::string OneBatch(Offset at) {
    if (random_.Chance(0.1)) epoch_ = LeaderEpoch(epoch_.value + 1 + static_cast<int>(random_.Below(2)));
    const auto producer = static_cast<std::int64_t>(random_.Below(3));
    const auto kind = random_.Below(10);
    if (kind == 0) return MakeMarker(at, epoch_, producer, random_.Chance(0.5));
    TestBatch batch{.base = at,
                    .count = 1 + static_cast<int>(random_.Below(4)),
                    .epoch = epoch_,
                    .timestamp = 1'000'000 + static_cast<std::int64_t>(random_.Below(1'000)),
                    .value_size = random_.Below(60)};
    if (kind < 6) {
      batch.producer_id = producer;
      batch.producer_epoch = 0;
      batch.sequence = sequence_[producer];
      sequence_[producer] += batch.count;
      const auto* entry = log_->producers().Find(producer);
      batch.transactional = kind < 4 || (entry != nullptr && entry->in_transaction());
    }
    return MakeBatch(batch);
  }

  void Flush() {
    ASSERT_TRUE(harness_->Flush(log_).ok());
    EXPECT_EQ(log_->recovery_point(), log_->log_end());
    durable_ = log_->log_end();
  }

  void Checkpoint() {
    const Status status = harness_->Await<Status>(
        harness_->loops.Control(), [&](auto done) { harness_->manager->CheckpointRecoveryPoints(std::move(done)); });
    ASSERT_TRUE(status.ok()) << status;
  }

  void Truncate() {
    if (model_.empty()) return;
    const auto& batch = model_[random_.Below(model_.size())];
    const Offset end = batch.base;
    ASSERT_TRUE(harness_->Truncate(log_, end).ok());
    while (!model_.empty() && model_.back().next > end) model_.pop_back();
    durable_ = std::min(durable_, end);
    Check("truncation");
  }

  void Restart() {
    ASSERT_TRUE(harness_->Stop().ok());
    durable_ = log_->log_end();
    log_ = nullptr;
    Begin();
    Check("restart");
  }

  void Kill() {
    log_ = nullptr;
    files_.Crash();
    harness_ = nullptr;
    Begin();
    Check("kill");
  }

  void LosePower() {
    log_ = nullptr;
    files_.LosePower();
    harness_ = nullptr;
    Begin();
    // Above what was durable any part may be there, even what a truncation had cut; only whole batches though.
    const auto found = Read();
    std::vector<Written> next;
    for (const auto& batch : found) {
      EXPECT_TRUE(ever_.contains(batch.bytes));
      next.push_back(batch);
    }
    for (std::size_t i = 0; i < model_.size() && model_[i].next <= durable_; ++i) {
      ASSERT_LT(i, found.size()) << "durable batches are missing";
      ASSERT_EQ(found[i].bytes, model_[i].bytes);
    }
    model_ = std::move(next);
    durable_ = Offset(0);
    Check("power loss");
  }

  std::vector<Written> Read() {
    std::vector<Written> found;
    const std::string bytes = harness_->ReadAll(log_, log_->log_start(), log_->log_end(), 1 + random_.Below(400));
    BatchScanner scanner(bytes);
    BatchFrame frame;
    while (scanner.Next(frame) == BatchScanner::Step::kBatch) {
      EXPECT_TRUE(CrcMatches(frame));
      found.push_back({std::string(frame.bytes), frame.header.base_offset, frame.header.next_offset()});
    }
    return found;
  }

  // The log holds exactly the model, and what is derived from batches is what the batches say.
  void Check(const char* after) {
    SCOPED_TRACE(after);
    const auto found = Read();
    ASSERT_EQ(found.size(), model_.size());
    ProducerState producers;
    std::vector<AbortedTxn> aborted;
    LeaderEpochs epochs;
    std::int64_t largest = -1;
    for (std::size_t i = 0; i < found.size(); ++i) {
      ASSERT_EQ(found[i].bytes, model_[i].bytes) << i;
      BatchFrame frame{.bytes = found[i].bytes, .header = {}};
      ASSERT_EQ(ParseBatchHeader(frame.bytes, frame.header), HeaderParse::kOk);
      ApplyToProducers(frame, producers, &aborted);
      epochs.Assign(frame.header.leader_epoch, frame.header.base_offset);
      largest = std::max(largest, frame.header.max_timestamp);
    }
    EXPECT_EQ(log_->epochs().entries(), epochs.entries());
    EXPECT_EQ(harness_->Aborted(log_, Offset(0), log_->log_end()), aborted);
    harness_->On(log_, [&] { log_->SetHighWatermark(log_->log_end()); });
    EXPECT_EQ(log_->last_stable_offset(), producers.FirstOpen().value_or(log_->log_end()));
    EXPECT_EQ(log_->producers().producers().size(), producers.producers().size());
    for (const auto& [id, entry] : producers.producers()) {
      const auto* known = log_->producers().Find(id);
      ASSERT_NE(known, nullptr);
      EXPECT_EQ(known->last_sequence(), entry.last_sequence());
      EXPECT_EQ(known->txn_first_offset, entry.txn_first_offset);
    }
    if (!found.empty()) {
      EXPECT_GE(log_->log_end(), found.back().next);
      EXPECT_EQ(harness_->MaxTime(log_)->timestamp, largest);
    }
    epoch_ = std::max(epoch_, log_->latest_epoch());
  }

  Random random_;
  sim::SimFiles files_;
  std::unique_ptr<LogHarness> harness_;
  std::shared_ptr<PartitionLog> log_;
  std::vector<Written> model_;
  std::set<std::string> ever_;
  Offset durable_{0};
  LeaderEpoch epoch_{0};
  std::map<std::int64_t, std::int32_t> sequence_;
};

TEST(LogCrashTest, KeepsWhatItMustWhateverHappens) {
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Life(seed).Run(80);
    if (testing::Test::HasFailure()) return;
  }
}

}  // namespace
}  // namespace ottla
