// A directory whose appends go through the disk thread: writes end later, and everything else has to wait for its turn.
#include <gtest/gtest.h>

#include "replica_harness.h"

namespace ottla {
namespace {

class SlowDisk : public testing::Test {
 protected:
  SlowDisk() {
    broker_.Lead({.isr = {1}});
    broker_.Produce(ReplicaHarness::Batch(), 1);
    // A large append goes to the disk thread, which takes its time for each.
    broker_.log.loops.disk(0).SetDelay(Millis(5), Millis(5));
  }
  // Larger than what a loop writes by itself; not waited for.
  ReplicaHarness::ProduceSlot Large(std::int16_t acks) {
    auto slot = std::make_shared<std::optional<ProduceResult>>();
    broker_.On([&](PartitionShard& shard) {
      auto owner = std::make_shared<std::string>(ReplicaHarness::Batch(1, -1, -1, -1, 300'000));
      AppendScratch scratch;
      AppendRequest request;
      request.topic = "t";
      request.batch = CheckAppend(*owner, {}, {.now_ms = broker_.log.clock.WallMillis()}, scratch);
      request.keep_alive = owner;
      request.acks = acks;
      shard.Append(std::move(request), [slot](ProduceResult result) { *slot = std::move(result); });
    });
    return slot;
  }
  ReplicaHarness broker_;
};

TEST_F(SlowDisk, NothingMovesBeforeTheBytesAreWritten) {
  const auto first = Large(1);
  const auto second = Large(-1);
  EXPECT_FALSE(first->has_value());
  EXPECT_EQ(broker_.Info().log_end, Offset(1));
  EXPECT_EQ(broker_.Fetch({}, {.fetch_offset = Offset(1)})->result->bytes, 0U);
  broker_.log.Settle(Millis(100));
  ASSERT_TRUE(first->has_value() && second->has_value());
  EXPECT_EQ((*first)->base_offset, Offset(1));
  EXPECT_EQ((*second)->base_offset, Offset(2));
  EXPECT_EQ(broker_.Info().high_watermark, Offset(3));
}

TEST_F(SlowDisk, ARoleChangeGoesBetweenAppends) {
  std::vector<ReplicaHarness::ProduceSlot> slots;
  for (int i = 0; i < 20; ++i) slots.push_back(Large(1));
  broker_.Metadata({1, 2, 3}, {{.leader = 2, .epoch = 1}});
  const ControlOutcome outcome = broker_.LeaderAndIsr({{.leader = 2, .epoch = 1, .partition_epoch = 1}});
  EXPECT_EQ(outcome.partitions[0].error, ErrorCode::kNone);
  broker_.log.Settle(Millis(200));
  int written = 0;
  for (const auto& slot : slots) {
    ASSERT_TRUE(slot->has_value());
    if ((*slot)->error == ErrorCode::kNone) {
      ++written;
    } else {
      EXPECT_EQ((*slot)->error, ErrorCode::kNotLeaderOrFollower);
    }
  }
  EXPECT_LT(written, 5) << "the new role did not wait for what was queued";
  EXPECT_EQ(broker_.Info().log_end, Offset(1 + written));
  ASSERT_EQ(broker_.fetchers.started.size(), 1U);
  EXPECT_EQ(broker_.fetchers.started[0].fetch_offset, Offset(1 + written));
}

TEST_F(SlowDisk, AnEpochBeginsBehindTheWriteInFlight) {
  const auto slot = Large(1);
  broker_.LeaderAndIsr({{.epoch = 1, .partition_epoch = 1, .isr = {1}}});
  EpochEndAnswer end;
  broker_.On([&](PartitionShard& shard) { end = shard.OffsetForLeaderEpoch("t", 0, LeaderEpoch(1), LeaderEpoch(0)); });
  EXPECT_EQ(end.end.end, Offset(2));
  ASSERT_TRUE(slot->has_value());
  EXPECT_EQ((*slot)->error, ErrorCode::kNone);
}

TEST_F(SlowDisk, RemovedWhileWriting) {
  const auto slot = Large(-1);
  broker_.Stop({}, true, -2);
  broker_.log.Settle(Millis(100));
  ASSERT_TRUE(slot->has_value());
  EXPECT_EQ((*slot)->error, ErrorCode::kUnknownTopicOrPartition);
}

TEST_F(SlowDisk, FetchedBytesAndTruncationTakeTurns) {
  broker_.LeaderAndIsr({{.leader = 2, .epoch = 1, .partition_epoch = 1}});
  const auto step = broker_.SentBatch(ReplicaHarness::Batch(1, -1, -1, -1, 300'000), 1, 1, 1);
  EXPECT_EQ(step.kind, FollowerStep::Kind::kFetch);
  EXPECT_EQ(step.fetch_offset, Offset(2));
  // Elected while the truncation of an older answer runs: the epoch begins where the log ends then.
  FollowerSlice slice;
  slice.tp = std::make_shared<const TopicPartition>(TopicPartition{"t", 0});
  slice.leader_epoch = LeaderEpoch(1);
  slice.answer.asked_offset = Offset(2);
  slice.answer.diverging = EpochEnd{LeaderEpoch(0), Offset(1)};
  std::optional<FollowerStep> cut;
  broker_.On([&](PartitionShard& shard) {
    std::vector<FollowerSlice> slices;
    slices.push_back(std::move(slice));
    shard.ApplyFetched(std::move(slices), [&cut](const std::vector<FollowerStep>& steps) { cut = steps.at(0); });
  });
  EXPECT_FALSE(cut.has_value());
  broker_.LeaderAndIsr({{.epoch = 2, .partition_epoch = 2, .isr = {1}}});
  ASSERT_TRUE(cut.has_value());
  EXPECT_EQ(broker_.Info().log_end, Offset(1));
  EXPECT_TRUE(broker_.Info().leader);
  const auto next = broker_.Produce(ReplicaHarness::Batch(), 1);
  broker_.log.Settle(Millis(50));
  ASSERT_TRUE(next->has_value());
  EXPECT_EQ((*next)->base_offset, Offset(1));
}

}  // namespace
}  // namespace ottla
