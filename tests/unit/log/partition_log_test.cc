// Stories of one log on a simulated disk.
#include "broker/log/partition_log.h"

#include <gtest/gtest.h>

#include "broker/log/log_dir.h"
#include "broker/log/segment_files.h"
#include "broker/log/sparse_index.h"
#include "log_batches.h"
#include "log_harness.h"
#include "tests/sim/env/sim_files.h"

namespace ottla {
namespace {

const TopicPartition kThirdOrders{"orders", 3};

class PartitionLogTest : public testing::Test {
 protected:
  PartitionLogTest() { Begin(); }
  void Begin() {
    harness_ = std::make_unique<LogHarness>(files_, std::vector<std::string>{"/d1"});
    harness_->config.segment_bytes = 1'000;
    harness_->config.index_interval_bytes = 100;
    harness_->config.retention_ms = -1;
    harness_->config.producer_expiration_ms = LogConfig::kForever;
    const Status started = harness_->Start();
    ASSERT_TRUE(started.ok()) << started;
  }
  void Restart() {
    ASSERT_TRUE(harness_->Stop().ok());
    log_ = nullptr;
    Begin();
    log_ = harness_->Get(kThirdOrders);
    ASSERT_NE(log_, nullptr);
  }
  void Kill() {
    log_ = nullptr;
    files_.Crash();
    harness_ = nullptr;
    Begin();
    log_ = harness_->Get(kThirdOrders);
    ASSERT_NE(log_, nullptr);
  }
  void Create() { log_ = harness_->Create(kThirdOrders, *Uuid::FromString("d-wWrUApTKyz_DlUkq6K0g")); }
  // Appends `count` batches of two records.
  void Fill(int count, LeaderEpoch epoch = LeaderEpoch(0)) {
    for (int i = 0; i < count; ++i) {
      const auto outcome = harness_->Append(log_, MakeBatch({.base = log_->log_end(),
                                                             .count = 2,
                                                             .epoch = epoch,
                                                             .timestamp = 1'700'000'000'000 + log_->log_end().value}));
      ASSERT_TRUE(outcome.ok()) << outcome.message;
    }
  }
  std::string All() { return harness_->ReadAll(log_, log_->log_start(), log_->log_end()); }
  std::vector<std::string> Names() { return files_.PeekNames("/d1/orders-3"); }

  sim::SimFiles files_{11};
  std::unique_ptr<LogHarness> harness_;
  std::shared_ptr<PartitionLog> log_;
};

// Else a scan finds more entries than segment.index.bytes has room for, and Apache Kafka refuses to start with that.
TEST_F(PartitionLogTest, RestartsLeaveNoFewerIndexEntriesThanAScan) {
  Create();
  for (int i = 0; i < 7; ++i) {
    Fill(1);
    Restart();
  }
  const std::string path = SegmentPath("/d1/orders-3", Offset(0), kOffsetIndexSuffix);
  const std::string index = files_.ReadFile(path).value();
  EXPECT_GE(index.size(), 3 * OffsetEntry::kSize);
  Kill();
  EXPECT_EQ(files_.ReadFile(path).value(), index);
}

TEST_F(PartitionLogTest, WhatIsAppendedIsReadBackFromEveryOffset) {
  Create();
  std::string all;
  for (int i = 0; i < 60; ++i) {
    const std::string batch = MakeBatch({.base = log_->log_end(), .count = 1 + i % 3});
    const auto outcome = harness_->Append(log_, batch);
    ASSERT_TRUE(outcome.ok()) << outcome.message;
    EXPECT_EQ(outcome.log_end, log_->log_end());
    all += batch;
  }
  EXPECT_GT(log_->segment_count(), 4U);
  EXPECT_EQ(All(), all);
  EXPECT_EQ(log_->size_bytes(), all.size());
  for (std::int64_t offset = 0; offset < log_->log_end().value; ++offset) {
    const auto result = harness_->Read(
        log_, {.offset = Offset(offset), .max_bytes = 1, .upper = log_->log_end(), .min_one_message = true});
    ASSERT_EQ(result.status, ReadStatus::kOk);
    EXPECT_LE(result.plan.first.base_offset.value, offset);
    EXPECT_GE(result.plan.first.last_offset.value, offset);
    EXPECT_EQ(result.plan.range.length, result.plan.first.size);
  }
}

TEST_F(PartitionLogTest, ReadsAreBounded) {
  Create();
  Fill(10);
  const auto read = [&](std::int64_t from, std::uint64_t max, std::int64_t upper, bool min_one) {
    return harness_->Read(
        log_, {.offset = Offset(from), .max_bytes = max, .upper = Offset(upper), .min_one_message = min_one});
  };
  EXPECT_EQ(read(21, 100, 20, true).status, ReadStatus::kOutOfRange);
  EXPECT_EQ(read(-1, 100, 20, true).status, ReadStatus::kOutOfRange);
  EXPECT_TRUE(read(20, 100, 20, true).plan.range.empty()) << "at the log end";
  EXPECT_TRUE(read(6, 100, 4, true).plan.range.empty()) << "between the bound and the log end";
  EXPECT_TRUE(read(0, 0, 20, false).plan.range.empty());
  EXPECT_EQ(read(0, 7, 20, false).plan.range.length, 7U) << "may end inside a batch";
  const auto first_two = read(0, 100'000, 4, true);
  EXPECT_EQ(first_two.plan.range.length, 2 * first_two.plan.first.size);
}

TEST_F(PartitionLogTest, SurvivesARestart) {
  Create();
  Fill(30);
  harness_->On(log_, [&] { log_->SetHighWatermark(Offset(50)); });
  const std::string before = All();
  const auto segments = log_->segment_count();
  Restart();
  EXPECT_EQ(All(), before);
  EXPECT_EQ(log_->segment_count(), segments);
  EXPECT_EQ(log_->high_watermark(), Offset(50));
  EXPECT_EQ(log_->recovery_point(), Offset(60));
  EXPECT_EQ(log_->topic_id().ToString(), "d-wWrUApTKyz_DlUkq6K0g");
  EXPECT_EQ(log_->epochs().entries(), (std::vector<EpochStart>{{LeaderEpoch(0), Offset(0)}}));
  EXPECT_EQ(*files_.ReadFile("/d1/orders-3/leader-epoch-checkpoint"), "0\n1\n0 0\n");
  EXPECT_EQ(*files_.ReadFile("/d1/orders-3/partition.metadata"), "version: 0\ntopic_id: d-wWrUApTKyz_DlUkq6K0g");
  Fill(5);
  EXPECT_EQ(All().substr(0, before.size()), before);
}

TEST_F(PartitionLogTest, IndexFilesAreNeverLongerThanTheirEntries) {
  Create();
  Fill(60);
  ASSERT_TRUE(harness_->Stop().ok());
  int indexes = 0;
  for (const auto& name : Names()) {
    if (!name.ends_with("index")) continue;
    ++indexes;
    const std::string bytes = *files_.ReadFile("/d1/orders-3/" + name);
    const std::size_t entry = name.ends_with(".timeindex") ? 12 : 8;
    ASSERT_EQ(bytes.size() % entry, 0U) << name;
    if (!bytes.empty()) {
      EXPECT_NE(bytes.substr(bytes.size() - entry), std::string(entry, '\0')) << name;
    }
  }
  EXPECT_GE(indexes, 8);
}

TEST_F(PartitionLogTest, AFollowerKeepsGapsAndRefusesTheRest) {
  Create();
  const auto append = [&](const std::string& bytes) { return harness_->Append(log_, bytes, /*follower=*/true); };
  ASSERT_TRUE(append(MakeBatch({.base = Offset(0), .count = 3, .epoch = LeaderEpoch(1)})).ok());
  ASSERT_TRUE(append(MakeBatch({.base = Offset(10), .count = 2, .epoch = LeaderEpoch(4)})).ok()) << "a gap is legal";
  EXPECT_EQ(log_->log_end(), Offset(12));
  EXPECT_EQ(log_->latest_epoch(), LeaderEpoch(4));
  EXPECT_EQ(log_->EndOffsetFor(LeaderEpoch(2)), (EpochEnd{LeaderEpoch(1), Offset(10)}));
  EXPECT_EQ(append(MakeBatch({.base = Offset(11)})).error, AppendError::kUnexpectedOffset);
  std::string bad = MakeBatch({.base = Offset(12)});
  bad.back() = static_cast<char>(bad.back() ^ 1);
  EXPECT_EQ(append(bad).error, AppendError::kCorrupt);
  EXPECT_EQ(append(MakeBatch({.base = Offset(14)}) + MakeBatch({.base = Offset(13)})).error, AppendError::kOutOfOrder);
  EXPECT_EQ(append(MakeBatch({.base = Offset(12), .value_size = 2'000})).error, AppendError::kTooLarge);
  const std::string cut = MakeBatch({.base = Offset(12)}) + MakeBatch({.base = Offset(13)}).substr(0, 40);
  ASSERT_TRUE(append(cut).ok()) << "a partial last batch is cut";
  EXPECT_EQ(log_->log_end(), Offset(13));
  const auto in_gap =
      harness_->Read(log_, {.offset = Offset(5), .max_bytes = 100, .upper = Offset(13), .min_one_message = true});
  EXPECT_EQ(in_gap.plan.first.base_offset, Offset(10));
}

TEST_F(PartitionLogTest, AnEmptyFollowerBeginsInsideTheLeadersFirstBatch) {
  Create();
  const Status truncated = harness_->Await<Status>(harness_->LoopOf(kThirdOrders), [&](auto done) {
    log_->TruncateFullyAndStartAt(Offset(105), std::nullopt, std::move(done));
  });
  ASSERT_TRUE(truncated.ok()) << truncated;
  EXPECT_EQ(log_->log_start(), Offset(105));
  ASSERT_TRUE(harness_->Append(log_, MakeBatch({.base = Offset(100), .count = 10}), /*follower=*/true).ok());
  EXPECT_EQ(log_->log_start(), Offset(100));
  EXPECT_EQ(log_->log_end(), Offset(110));
}

TEST_F(PartitionLogTest, TruncationCutsBatchesAndSpoilsRangesHandedOut) {
  Create();
  Fill(20, LeaderEpoch(0));
  Fill(20, LeaderEpoch(2));
  const std::string before = All();
  const auto early =
      harness_->Read(log_, {.offset = Offset(0), .max_bytes = 50, .upper = Offset(80), .min_one_message = true});
  const auto late =
      harness_->Read(log_, {.offset = Offset(78), .max_bytes = 50, .upper = Offset(80), .min_one_message = true});
  ASSERT_TRUE(harness_->Truncate(log_, Offset(51)).ok());
  EXPECT_TRUE(early.plan.range.Valid());
  EXPECT_FALSE(late.plan.range.Valid());
  EXPECT_EQ(log_->log_end(), Offset(51)) << "a batch across the end goes as a whole and leaves a hole";
  const std::string after = All();
  EXPECT_EQ(after, before.substr(0, before.size() / 40 * 25));
  EXPECT_EQ(log_->latest_epoch(), LeaderEpoch(2));
  ASSERT_TRUE(harness_->Truncate(log_, Offset(40)).ok());
  EXPECT_EQ(log_->latest_epoch(), LeaderEpoch(0));
  Fill(4, LeaderEpoch(3));
  EXPECT_EQ(log_->log_end(), Offset(48));
  Kill();
  EXPECT_EQ(log_->log_end(), Offset(48));
  EXPECT_EQ(log_->latest_epoch(), LeaderEpoch(3));
  ASSERT_TRUE(harness_->Truncate(log_, Offset(100)).ok());
  EXPECT_EQ(log_->log_end(), Offset(48)) << "nothing beyond";
}

TEST_F(PartitionLogTest, RetentionBySizeTimeAndStart) {
  Create();
  Fill(40);
  harness_->On(log_, [&] { log_->SetHighWatermark(Offset(80)); });
  const auto bases = log_->SegmentTimes();
  ASSERT_GE(bases.size(), 4U);
  harness_->On(log_, [&] { ASSERT_TRUE(log_->AdvanceLogStart(Advance(bases[1].first, 1)).ok()); });
  EXPECT_EQ(harness_->Retain(log_, 0), 1U) << "below the log start";
  EXPECT_EQ(log_->log_start(), Advance(bases[1].first, 1));
  LogConfig config = harness_->config;
  config.retention_ms = 100;
  harness_->On(log_, [&] { log_->UpdateConfig(config); });
  EXPECT_EQ(harness_->Retain(log_, 1'700'000'000'000 + bases[3].first.value + 100), 2U)
      << "two segments are old enough";
  EXPECT_EQ(log_->log_start(), bases[3].first);
  EXPECT_GT(harness_->Retain(log_, 1'800'000'000'000), 0U) << "all are: an empty one is rolled";
  EXPECT_EQ(log_->log_start(), Offset(80));
  EXPECT_EQ(log_->segment_count(), 1U);
  EXPECT_EQ(log_->size_bytes(), 0U);
  Restart();
  EXPECT_EQ(log_->log_start(), Offset(80));
  EXPECT_EQ(log_->log_end(), Offset(80));
}

TEST_F(PartitionLogTest, LogStartInsideASegmentSurvivesAnOrderlyStop) {
  Create();
  Fill(10);
  harness_->On(log_, [&] {
    log_->SetHighWatermark(Offset(20));
    EXPECT_EQ(log_->AdvanceLogStart(Offset(21)).code(), StatusCode::kOutOfRange);
    EXPECT_TRUE(log_->AdvanceLogStart(Offset(3)).ok());
  });
  Restart();
  EXPECT_EQ(log_->log_start(), Offset(3));
  EXPECT_EQ(*files_.ReadFile("/d1/log-start-offset-checkpoint"), "0\n1\norders 3 3\n");
}

TEST_F(PartitionLogTest, LookupsByTime) {
  Create();
  for (const std::int64_t time : {100, 300, 200, 300, 500}) {
    ASSERT_TRUE(
        harness_->Append(log_, MakeBatch({.base = log_->log_end(), .timestamp = time, .value_size = 300})).ok());
  }
  const struct {
    std::int64_t query, offset, timestamp;
  } cases[] = {{0, 0, 100}, {100, 0, 100}, {101, 1, 300}, {300, 1, 300}, {301, 4, 500}, {501, -1, -1}};
  for (const auto& c : cases) {
    const auto found = harness_->AtTime(log_, c.query);
    ASSERT_TRUE(found.ok());
    EXPECT_EQ(found->offset.value, c.offset) << c.query;
    EXPECT_EQ(found->timestamp, c.timestamp) << c.query;
  }
  EXPECT_EQ(harness_->MaxTime(log_)->offset, Offset(4));
}

TEST_F(PartitionLogTest, TransactionsMoveTheStableOffset) {
  Create();
  const auto data = [&](std::int64_t producer, std::int32_t sequence) {
    ASSERT_TRUE(harness_
                    ->Append(log_, MakeBatch({.base = log_->log_end(),
                                              .producer_id = producer,
                                              .producer_epoch = 0,
                                              .sequence = sequence,
                                              .transactional = true}))
                    .ok());
  };
  const auto marker = [&](std::int64_t producer, bool commit) {
    ASSERT_TRUE(harness_->Append(log_, MakeMarker(log_->log_end(), LeaderEpoch(0), producer, commit)).ok());
    harness_->On(log_, [&] { log_->SetHighWatermark(log_->log_end()); });
  };
  data(7, 0);        // 0
  data(8, 0);        // 1
  marker(7, false);  // 2
  EXPECT_EQ(log_->last_stable_offset(), Offset(1));
  data(7, 1);       // 3
  marker(8, true);  // 4
  EXPECT_EQ(log_->last_stable_offset(), Offset(3));
  const std::vector<AbortedTxn> aborted{{7, Offset(0), Offset(2), Offset(1)}};
  EXPECT_EQ(harness_->Aborted(log_, Offset(0), Offset(5)), aborted);
  EXPECT_TRUE(harness_->Aborted(log_, Offset(3), Offset(5)).empty());
  const auto check = [&] {
    EXPECT_EQ(log_->last_stable_offset(), Offset(3));
    EXPECT_EQ(harness_->Aborted(log_, Offset(0), Offset(5)), aborted);
    ASSERT_NE(log_->producers().Find(7), nullptr);
    EXPECT_EQ(log_->producers().Find(7)->last_sequence(), 1);
    EXPECT_EQ(log_->producers().Find(7)->txn_first_offset, Offset(3));
  };
  Restart();
  check();
  Kill();
  harness_->On(log_, [&] { log_->SetHighWatermark(log_->log_end()); });
  check();
  marker(7, false);  // 5
  EXPECT_EQ(log_->last_stable_offset(), Offset(6));
  EXPECT_EQ(harness_->Aborted(log_, Offset(0), Offset(6)).size(), 2U);
  ASSERT_TRUE(harness_->Truncate(log_, Offset(4)).ok());
  harness_->On(log_, [&] { log_->SetHighWatermark(log_->log_end()); });
  EXPECT_EQ(log_->last_stable_offset(), Offset(1)) << "both are open again";
  EXPECT_EQ(harness_->Aborted(log_, Offset(0), Offset(6)), aborted);
}

TEST_F(PartitionLogTest, AFailedWriteFailsThatAppendAlone) {
  Create();
  Fill(3);
  const std::string before = All();
  files_.faults().short_write = 1.0;
  EXPECT_EQ(harness_->Append(log_, MakeBatch({.base = Offset(6), .count = 2})).error, AppendError::kStorage);
  files_.faults().short_write = 0;
  EXPECT_EQ(log_->log_end(), Offset(6));
  EXPECT_FALSE(log_->dir().offline());
  EXPECT_EQ(files_.Peek("/d1/orders-3/00000000000000000000.log")->size(), before.size())
      << "what was written is cut back";
  Fill(1);
  EXPECT_EQ(log_->log_end(), Offset(8));
}

TEST_F(PartitionLogTest, WhenCuttingBackFailsTooTheDirectoryIsOffline) {
  std::vector<std::size_t> offline;
  harness_->manager->OnDirOffline([&](std::size_t dir, const Status&) { offline.push_back(dir); });
  Create();
  Fill(3);
  files_.set_hook([](sim::FileOp op, const std::string&) {
    const bool fails = op == sim::FileOp::kWrite || op == sim::FileOp::kTruncate;
    return fails ? Status(StatusCode::kIoError, "broken disk") : Status::Ok();
  });
  EXPECT_EQ(harness_->Append(log_, MakeBatch({.base = Offset(6)})).error, AppendError::kStorage);
  harness_->Settle();
  EXPECT_EQ(offline, (std::vector<std::size_t>{0}));
  EXPECT_TRUE(log_->dir().offline());
  EXPECT_EQ(harness_->Append(log_, MakeBatch({.base = Offset(6)})).error, AppendError::kStorage);
  EXPECT_EQ(harness_->Read(log_, {.offset = Offset(0), .max_bytes = 10, .upper = Offset(6)}).status,
            ReadStatus::kStorage);
  files_.set_hook(nullptr);
}

TEST_F(PartitionLogTest, FlushMessagesAnswersOnlyWhatIsDurable) {
  harness_->config.flush_messages = 1;
  Create();
  Fill(3);
  EXPECT_EQ(log_->recovery_point(), Offset(6));
  log_ = nullptr;
  files_.LosePower();
  harness_ = nullptr;
  Begin();
  log_ = harness_->Get(kThirdOrders);
  ASSERT_NE(log_, nullptr);
  EXPECT_EQ(log_->log_end(), Offset(6));
}

TEST_F(PartitionLogTest, DeletionFreesTheNameAtOnceAndTheFilesLater) {
  Create();
  Fill(30);
  harness_->On(log_, [&] { log_->SetHighWatermark(Offset(60)); });
  ASSERT_TRUE(harness_
                  ->Await<Status>(harness_->LoopOf(kThirdOrders),
                                  [&](auto done) { harness_->manager->Delete(kThirdOrders, std::move(done)); })
                  .ok());
  EXPECT_EQ(harness_->Append(log_, MakeBatch({.base = Offset(60)})).error, AppendError::kClosed);
  EXPECT_EQ(harness_->Get(kThirdOrders), nullptr);
  EXPECT_EQ(*files_.ReadFile("/d1/recovery-point-offset-checkpoint"), "0\n0\n");
  Create();
  EXPECT_EQ(log_->log_end(), Offset(0));
  const auto dirs = [&] {
    int count = 0;
    const auto entries = files_.List("/d1").value();
    for (const auto& entry : entries) count += entry.is_dir ? 1 : 0;
    return count;
  };
  EXPECT_EQ(dirs(), 2);
  harness_->Settle(Millis(61'000));
  EXPECT_EQ(dirs(), 1);
}

}  // namespace
}  // namespace ottla
