// Of a large batch that no longer fits a read nothing should be sent.
#include "broker/log/whole_batches.h"

#include <gtest/gtest.h>

#include <functional>

#include "log_batches.h"
#include "log_harness.h"
#include "tests/sim/env/sim_files.h"

namespace ottla {
namespace {

const TopicPartition kLarge{"large", 0};
constexpr std::uint64_t kBatch = 100'000;  // a little more

class WholeBatchesTest : public testing::Test {
 protected:
  WholeBatchesTest() { Begin(); }
  void Begin() {
    harness_ = std::make_unique<LogHarness>(files_, std::vector<std::string>{"/d1"});
    harness_->config.segment_bytes = 20 * kBatch;
    harness_->config.index_interval_bytes = 4096;
    ASSERT_TRUE(harness_->Start().ok());
    log_ = harness_->Create(kLarge);
  }
  std::string Append(std::size_t value_size, std::int64_t records = 1) {
    std::string batch =
        MakeBatch({.base = log_->log_end(), .count = static_cast<int>(records), .value_size = value_size});
    EXPECT_TRUE(harness_->Append(log_, batch).ok());
    return batch;
  }
  ReadPlan Read(std::int64_t from, std::uint64_t max_bytes, std::optional<Offset> upper = {}) {
    const auto result = harness_->Read(log_, {.offset = Offset(from),
                                              .max_bytes = max_bytes,
                                              .upper = upper.value_or(log_->log_end()),
                                              .min_one_message = true});
    EXPECT_EQ(result.status, ReadStatus::kOk);
    return result.plan;
  }

  sim::SimFiles files_{11};
  std::unique_ptr<LogHarness> harness_;
  std::shared_ptr<PartitionLog> log_;
};

TEST_F(WholeBatchesTest, TheBeginningOfALargeBatchIsTold) {
  for (int i = 0; i < 8; ++i) Append(kBatch);
  const std::uint64_t one = Read(0, 1).range.length;
  for (const bool restarted : {false, true}) {  // the index in memory, then in its file
    SCOPED_TRACE(restarted);
    for (std::int64_t from = 0; from < 6; ++from) {
      EXPECT_EQ(Read(from, 2 * one + one / 2).whole_bytes, 2 * one) << from;
      EXPECT_EQ(Read(from, 2 * one + one / 2).range.length, 2 * one + one / 2) << "what is there counts";
    }
    EXPECT_EQ(Read(0, 2 * one).whole_bytes, 2 * one);
    EXPECT_EQ(Read(0, one + 30).whole_bytes, one) << "half a header";
    EXPECT_EQ(Read(0, one / 2).whole_bytes, one) << "the first is given whole";
    EXPECT_EQ(Read(0, 100 * one).whole_bytes, 8 * one);
    EXPECT_EQ(Read(0, 3 * one, Offset(2)).whole_bytes, 2 * one) << "cut by what the reader may see";
    EXPECT_EQ(Read(5, 3 * one - 1).whole_bytes, 2 * one);
    ASSERT_TRUE(harness_->Stop().ok());
    Begin();
  }
}

TEST_F(WholeBatchesTest, ReadersGoOnWhereTheyAreTold) {
  std::string all;
  for (int i = 0; i < 30; ++i) all += Append(20'000 + 7'000 * static_cast<std::size_t>(i), 1 + i % 3);
  ASSERT_GT(log_->segment_count(), 1U);
  for (const std::uint64_t max_bytes : {1ULL, 150'000ULL, 333'333ULL, 1ULL << 20}) {
    std::string got;
    for (Offset at(0); at < log_->log_end();) {
      const ReadPlan plan = Read(at.value, max_bytes);
      ASSERT_LE(plan.whole_bytes, plan.range.length);
      const std::string bytes = LogHarness::Bytes(plan.range).substr(0, plan.whole_bytes);
      BatchScanner scanner(bytes);
      BatchFrame frame;
      while (scanner.Next(frame) == BatchScanner::Step::kBatch) at = frame.header.next_offset();
      ASSERT_GT(scanner.consumed(), 0U);
      const bool large = plan.first.size >= 32 << 10;
      EXPECT_TRUE(!large || scanner.consumed() == bytes.size()) << "no large batch is torn";
      got.append(bytes, 0, scanner.consumed());
    }
    EXPECT_EQ(got, all) << max_bytes;
  }
}

TEST_F(WholeBatchesTest, SmallBatchesAreCutWhereTheLimitIs) {
  for (int i = 0; i < 8; ++i) Append(1'000);
  EXPECT_EQ(Read(0, 2'500).whole_bytes, 2'500U);
}

// The place of a cut far behind the first batch comes from the index.
TEST_F(WholeBatchesTest, ALongReadOfManyBatches) {
  for (int i = 0; i < 40; ++i) Append(40'000);
  const std::uint64_t one = Read(0, 1).range.length;
  for (const bool restarted : {false, true}) {
    SCOPED_TRACE(restarted);
    EXPECT_EQ(Read(0, 30 * one + one / 2).whole_bytes, 30 * one);
    EXPECT_EQ(Read(2, 20 * one - 1).whole_bytes, 19 * one);
    ASSERT_TRUE(harness_->Stop().ok());
    Begin();
  }
}

// By whatever hand: reads are slower then, not wrong.
TEST_F(WholeBatchesTest, AnIndexFileThatShrankIsScannedPast) {
  for (int i = 0; i < 40; ++i) Append(40'000);
  ASSERT_TRUE(harness_->Stop().ok());
  Begin();
  EXPECT_EQ(Read(0, 1).first.base_offset, Offset(0));
  const std::string index = SegmentPath("/d1/large-0", Offset(0), kOffsetIndexSuffix);
  ASSERT_GT(files_.ReadFile(index).value().size(), 20 * OffsetEntry::kSize);
  ASSERT_TRUE(files_.Open(index, OpenMode::kWrite).value()->Truncate(OffsetEntry::kSize).ok());
  EXPECT_EQ(Read(30, 1).first.base_offset, Offset(30));
}

TEST_F(WholeBatchesTest, WhatWasCutIsForgotten) {
  for (int i = 0; i < 20; ++i) Append(kBatch);  // the last appends are remembered by themselves
  const std::uint64_t one = Read(0, 1).range.length;
  EXPECT_EQ(Read(0, 2 * one + one / 2).whole_bytes, 2 * one);  // the next read would begin at offset 2
  ASSERT_TRUE(harness_->Truncate(log_, Offset(0)).ok());
  const std::string other = Append(kBatch / 2, 5);
  EXPECT_EQ(LogHarness::Bytes(Read(2, 10 * one).range), other);
}

// An index is bytes from a disk: what it says is tried, not believed.
TEST(FindWholeBatches, AnIndexThatPointsNowhere) {
  sim::SimFiles files(3);
  ASSERT_TRUE(files.CreateDirs("/d").ok());
  auto file = files.Open("/d/log", OpenMode::kCreate).value();
  const std::string batch = MakeBatch({.value_size = kBatch});
  const std::string bytes = batch + batch + batch;
  iovec part{const_cast<char*>(bytes.data()), bytes.size()};
  ASSERT_TRUE(file->WriteAt({&part, 1}, 0).ok());
  const std::uint64_t one = batch.size();
  const std::function<Result<std::size_t>(std::span<char>, std::uint64_t)> no_file = [](auto, auto) {
    return Status(StatusCode::kUnavailable, "cold");
  };
  const CutRange cut{.position = 0, .length = 2 * one + 10, .first_size = one, .limit = 3 * one};
  OffsetIndex index;
  EXPECT_EQ(FindWholeBatches(*file, index, no_file, cut).bytes, 2 * one) << "none";
  index.Append({1, static_cast<std::uint32_t>(one + 77)});
  EXPECT_EQ(FindWholeBatches(*file, index, no_file, cut).bytes, cut.length) << "into a batch";
  index = {};
  index.written = 1'000'000;
  EXPECT_EQ(FindWholeBatches(*file, index, no_file, cut).bytes, 2 * one) << "not at hand";
}

}  // namespace
}  // namespace ottla
