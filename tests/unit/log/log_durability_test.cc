// What a log may believe of its own files after the disk has failed.
#include <gtest/gtest.h>

#include "broker/log/checkpoint.h"
#include "broker/log/segment_files.h"
#include "log_batches.h"
#include "log_harness.h"
#include "tests/sim/env/sim_files.h"

namespace ottla {
namespace {

constexpr const char* kFirstSegment = "/d1/orders-0/00000000000000000000.log";

class LogDurabilityTest : public testing::Test {
 protected:
  std::shared_ptr<PartitionLog> Begin() {
    harness_ = std::make_unique<LogHarness>(files_, std::vector<std::string>{"/d1"});
    harness_->config.retention_ms = -1;
    OTTLA_CHECK(harness_->Start().ok());
    auto log = harness_->Get(kOrders);
    return log != nullptr ? log : harness_->Create(kOrders);
  }
  void AppendBatches(const std::shared_ptr<PartitionLog>& log, int count) {
    for (int i = 0; i < count; ++i) {
      OTTLA_CHECK(harness_->Append(log, MakeBatch({.base = log->log_end(), .value_size = 1000})).ok());
    }
  }

  sim::SimFiles files_{3};
  std::unique_ptr<LogHarness> harness_;
};

// The kernel holds the bytes of a failed fsync for written; the next process finds them in memory and may not believe
// its own fsync.
TEST_F(LogDurabilityTest, WhatAFailedFsyncLeftInMemoryIsWrittenAgain) {
  auto log = Begin();
  AppendBatches(log, 20);
  files_.faults().sync_error = 1;
  EXPECT_FALSE(harness_->Flush(log).ok());
  files_.faults().sync_error = 0;
  EXPECT_TRUE(log->dir().offline());
  log = nullptr;
  files_.Crash();
  log = Begin();
  EXPECT_EQ(log->log_end(), Offset(20));
  ASSERT_TRUE(harness_->Flush(log).ok());
  log = nullptr;
  files_.LosePower();
  log = Begin();
  EXPECT_EQ(log->log_end(), Offset(20));
  EXPECT_EQ(harness_->ReadAll(log, Offset(0), Offset(20)).size(), files_.Peek(kFirstSegment)->size());
}

// The same, where the fsync that fails is the one of the whole file system that ends an orderly stop.
TEST_F(LogDurabilityTest, WhatAFailedSyncAtTheEndLeftInMemoryIsWrittenAgain) {
  auto log = Begin();
  AppendBatches(log, 20);
  log = nullptr;
  harness_->options.flushed_one_by_one = 0;
  harness_->manager = nullptr;
  files_.Crash();
  ASSERT_TRUE(harness_->Start().ok());
  log = harness_->Get(kOrders);
  ASSERT_NE(log, nullptr);
  AppendBatches(log, 20);
  files_.set_hook([this](sim::FileOp, const std::string& path) {  // from the log's last file on
    if (path.ends_with("00000000000000000040.snapshot")) files_.faults().sync_error = 1;
    return Status::Ok();
  });
  EXPECT_FALSE(harness_->Stop().ok());
  files_.set_hook(nullptr);
  files_.faults().sync_error = 0;
  EXPECT_FALSE(files_.Peek("/d1/.kafka_cleanshutdown").has_value());
  log = nullptr;
  files_.Crash();
  log = Begin();
  EXPECT_EQ(log->log_end(), Offset(40));
  ASSERT_TRUE(harness_->Flush(log).ok());
  log = nullptr;
  files_.LosePower();
  log = Begin();
  EXPECT_EQ(log->log_end(), Offset(40));
}

// A recovery point file that says more than the log has would let the next scan begin too high, once it has grown
// again.
TEST_F(LogDurabilityTest, ARecoveryPointBeyondTheEndIsCorrectedAtTheStart) {
  auto log = Begin();
  AppendBatches(log, 20);
  ASSERT_TRUE(harness_->Flush(log).ok());
  ASSERT_TRUE(harness_
                  ->Await<Status>(harness_->loops.Control(),
                                  [&](auto done) { harness_->manager->CheckpointRecoveryPoints(std::move(done)); })
                  .ok());
  log = nullptr;
  files_.Crash();
  const std::string bytes = *files_.Peek(kFirstSegment);
  ASSERT_TRUE(files_.ReplaceFile(kFirstSegment, bytes.substr(0, bytes.size() / 2)).ok());
  log = Begin();
  EXPECT_EQ(log->log_end(), Offset(10));
  const auto said = ParseOffsetCheckpoint(files_.ReadFile("/d1/" + std::string(kRecoveryPointFile)).value());
  ASSERT_TRUE(said.ok());
  EXPECT_EQ(said->at(kOrders), log->recovery_point());
  EXPECT_LE(log->recovery_point(), Offset(10));
}

// Retention of the whole log leaves one new segment, whose name must outlive those that went.
TEST_F(LogDurabilityTest, ALogThatRetentionEmptiedKeepsItsEnd) {
  auto log = Begin();
  AppendBatches(log, 5);
  ASSERT_TRUE(harness_->Flush(log).ok());
  harness_->On(log, [&] {
    log->SetHighWatermark(log->log_end());
    LogConfig config = log->config();
    config.retention_ms = 0;
    log->UpdateConfig(config);
  });
  EXPECT_EQ(harness_->Retain(log, 2'000'000'000'000), 1U);
  log = nullptr;
  for (int i = 0; i < 3; ++i) files_.LosePower();
  log = Begin();
  EXPECT_EQ(log->log_end(), Offset(5));
}

}  // namespace
}  // namespace ottla
