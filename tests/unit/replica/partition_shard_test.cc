// What producers hear from the partitions of a loop, also when leadership or the disk is lost. The test plays
// controller and followers.
#include <gtest/gtest.h>

#include "replica_harness.h"

namespace ottla {
namespace {

TEST(PartitionShard, ProduceIsAnsweredByAcks) {
  ReplicaHarness broker;
  ASSERT_EQ(broker.Lead({.epoch = 3}), ErrorCode::kNone);
  const auto one = broker.Produce(ReplicaHarness::Batch(2), 1);
  ASSERT_TRUE(one->has_value());
  EXPECT_EQ((*one)->error, ErrorCode::kNone);
  EXPECT_EQ((*one)->base_offset, Offset(0));
  EXPECT_EQ((*one)->log_start_offset, Offset(0));

  const auto all = broker.Produce(ReplicaHarness::Batch(3), -1);
  EXPECT_FALSE(all->has_value());
  EXPECT_EQ(broker.Info().log_end, Offset(5));
  broker.FollowerFetch(2, 5);
  EXPECT_FALSE(all->has_value());
  broker.FollowerFetch(3, 5);
  ASSERT_TRUE(all->has_value());
  EXPECT_EQ((*all)->error, ErrorCode::kNone);
  EXPECT_EQ((*all)->base_offset, Offset(2));
  EXPECT_EQ(broker.Info().high_watermark, Offset(5));
}

TEST(PartitionShard, AcksAllTimesOutAndTheRecordStays) {
  ReplicaHarness broker;
  broker.Lead({});
  const auto all = broker.Produce(ReplicaHarness::Batch(), -1, Millis(100));
  const auto later = broker.Produce(ReplicaHarness::Batch(), -1, Millis(300));
  broker.log.Settle(Millis(150));
  ASSERT_TRUE(all->has_value());
  EXPECT_EQ((*all)->error, ErrorCode::kRequestTimedOut);
  EXPECT_FALSE(later->has_value());
  broker.FollowerFetch(2, 2);
  broker.FollowerFetch(3, 2);
  ASSERT_TRUE(later->has_value());
  EXPECT_EQ((*later)->error, ErrorCode::kNone);
  EXPECT_EQ(broker.Info().high_watermark, Offset(2));
}

TEST(PartitionShard, MinIsrRefusesBeforeAndAfterTheAppend) {
  ReplicaHarness broker;
  broker.topic_config.min_insync_replicas = 2;
  broker.Lead({.isr = {1}});
  const auto refused = broker.Produce(ReplicaHarness::Batch(), -1);
  ASSERT_TRUE(refused->has_value());
  EXPECT_EQ((*refused)->error, ErrorCode::kNotEnoughReplicas);
  EXPECT_EQ((*refused)->log_start_offset, Offset(0));
  EXPECT_EQ(broker.Info().log_end, Offset(0));
  // acks=1 is taken, but stays invisible.
  EXPECT_EQ((*broker.Produce(ReplicaHarness::Batch(), 1))->error, ErrorCode::kNone);
  EXPECT_EQ(broker.Info().high_watermark, Offset(0));

  broker.Lead({.epoch = 1, .partition_epoch = 1, .isr = {1, 2}});
  const auto parked = broker.Produce(ReplicaHarness::Batch(), -1);
  EXPECT_FALSE(parked->has_value());
  // The ISR shrinks to one while it waits; the follower that left then catches up.
  broker.topic_config.min_insync_replicas = 1;
  broker.log.Await<bool>(broker.log.loops.Control(), [&](auto done) {
    broker.manager->OnTopicConfigChanged("t");
    done(true);
  });
  broker.log.Settle(Millis(31'000));  // past replica.lag.time.max.ms: the timer proposes to shrink
  EXPECT_TRUE(parked->has_value());   // 30 s: timed out
  EXPECT_EQ((*parked)->error, ErrorCode::kRequestTimedOut);
}

TEST(PartitionShard, UnderMinIsrAfterTheAppendIsTwenty) {
  ReplicaHarness broker;
  broker.topic_config.min_insync_replicas = 1;
  broker.Lead({.isr = {1, 2}});
  const auto parked = broker.Produce(ReplicaHarness::Batch(), -1, Millis(100'000));
  broker.log.Settle(Millis(50'000));
  ASSERT_FALSE(broker.isr.entries.empty());
  EXPECT_EQ(broker.isr.entries[0].proposal.isr, std::vector<BrokerId>{BrokerId(1)});
  broker.isr.entries[0].done(
      {.leader_epoch = LeaderEpoch(0), .partition_epoch = PartitionEpoch(1), .isr = {BrokerId(1)}});
  broker.log.Settle(Millis(1));
  ASSERT_TRUE(parked->has_value());
  EXPECT_EQ((*parked)->error, ErrorCode::kNone);  // min ISR is one

  ReplicaHarness strict;
  strict.topic_config.min_insync_replicas = 2;
  strict.Lead({.isr = {1, 2}});
  const auto stuck = strict.Produce(ReplicaHarness::Batch(), -1, Millis(100'000));
  strict.log.Settle(Millis(50'000));
  ASSERT_FALSE(strict.isr.entries.empty());
  strict.isr.entries[0].done(
      {.leader_epoch = LeaderEpoch(0), .partition_epoch = PartitionEpoch(1), .isr = {BrokerId(1)}});
  strict.log.Settle(Millis(1));
  EXPECT_FALSE(stuck->has_value());  // the mark does not move under min ISR
  strict.log.Settle(Millis(60'000));
  ASSERT_TRUE(stuck->has_value());
  EXPECT_EQ((*stuck)->error, ErrorCode::kRequestTimedOut);
}

TEST(PartitionShard, ErrorsOfProduceByWhatTheBrokerKnows) {
  ReplicaHarness broker;
  EXPECT_EQ((*broker.Produce(ReplicaHarness::Batch()))->error, ErrorCode::kUnknownTopicOrPartition);
  broker.Metadata({1, 2, 3}, {{.leader = 2, .epoch = 4}});
  const auto elsewhere = broker.Produce(ReplicaHarness::Batch());
  EXPECT_EQ((*elsewhere)->error, ErrorCode::kNotLeaderOrFollower);
  EXPECT_EQ((*elsewhere)->current_leader.leader, BrokerId(2));
  EXPECT_EQ((*elsewhere)->current_leader.epoch, LeaderEpoch(4));
  // Led, but not yet in the cluster view: clients are told that it does not exist.
  broker.LeaderAndIsr({{.topic = "t", .partition = 1}});
  EXPECT_EQ((*broker.Produce(ReplicaHarness::Batch(), -1, Millis(1'000), 1))->error,
            ErrorCode::kUnknownTopicOrPartition);
}

TEST(PartitionShard, LosingLeadershipFailsWhatWaits) {
  ReplicaHarness broker;
  broker.Lead({});
  const auto parked = broker.Produce(ReplicaHarness::Batch(), -1);
  const auto waiting = broker.Fetch({}, {.fetch_offset = Offset(0)}, 1);
  EXPECT_NE(waiting->result->watch, 0U);
  broker.LeaderAndIsr({{.leader = 2, .epoch = 1, .partition_epoch = 1}});
  ASSERT_TRUE(parked->has_value());
  EXPECT_EQ((*parked)->error, ErrorCode::kNotLeaderOrFollower);
  EXPECT_EQ((*parked)->current_leader.leader, BrokerId(2));
  EXPECT_EQ(waiting->fired, 1);
  ASSERT_EQ(broker.fetchers.started.size(), 1U);
  EXPECT_EQ(broker.fetchers.started[0].fetch_offset, Offset(1));
  EXPECT_EQ(broker.fetchers.started[0].leader_epoch, LeaderEpoch(1));
  EXPECT_EQ(broker.fetchers.started[0].last_fetched_epoch, LeaderEpoch(0));
}

TEST(PartitionShard, RemovedPartitionsFailWaitersWithThree) {
  ReplicaHarness broker;
  broker.Lead({});
  const auto parked = broker.Produce(ReplicaHarness::Batch(), -1);
  const ControlOutcome outcome = broker.Stop({}, true, -2);
  EXPECT_EQ(outcome.partitions.at(0).error, ErrorCode::kNone);
  ASSERT_TRUE(parked->has_value());
  EXPECT_EQ((*parked)->error, ErrorCode::kUnknownTopicOrPartition);
  // The name may come back at once, with another id.
  EXPECT_EQ(broker.Lead({.id = TopicId(2)}), ErrorCode::kNone);
  EXPECT_EQ(broker.Info().log_end, Offset(0));
}

TEST(PartitionShard, FencedBrokersTakeNothing) {
  ReplicaHarness broker;
  broker.Lead({.isr = {1}});
  EXPECT_EQ((*broker.Produce(ReplicaHarness::Batch()))->error, ErrorCode::kNone);
  broker.log.Await<bool>(broker.log.loops.Control(), [&](auto done) {
    broker.manager->OnSessionLost();
    done(true);
  });
  broker.log.Settle(Millis(1));
  EXPECT_EQ((*broker.Produce(ReplicaHarness::Batch()))->error, ErrorCode::kNotLeaderOrFollower);
  broker.Lead({.epoch = 1, .partition_epoch = 1, .isr = {1}});
  EXPECT_EQ((*broker.Produce(ReplicaHarness::Batch()))->error, ErrorCode::kNone);
}

TEST(PartitionShard, IdempotentProducers) {
  ReplicaHarness broker;
  broker.Lead({.isr = {1}});
  EXPECT_EQ((*broker.Produce(ReplicaHarness::Batch(2, 7, 0, 0)))->base_offset, Offset(0));
  EXPECT_EQ((*broker.Produce(ReplicaHarness::Batch(2, 7, 0, 2)))->base_offset, Offset(2));
  const auto repeat = broker.Produce(ReplicaHarness::Batch(2, 7, 0, 0));
  EXPECT_EQ((*repeat)->error, ErrorCode::kNone);
  EXPECT_EQ((*repeat)->base_offset, Offset(0));
  EXPECT_EQ((*repeat)->log_append_time_ms, 1'731'000'000'000);
  EXPECT_EQ((*broker.Produce(ReplicaHarness::Batch(2, 7, 0, 9)))->error, ErrorCode::kOutOfOrderSequenceNumber);
  EXPECT_EQ(broker.Info().log_end, Offset(4));
}

TEST(PartitionShard, AFailedLogDirFailsWhatWaitsAndStaysOffline) {
  ReplicaHarness broker(1, {"/d0", "/d1"});
  broker.Lead({.isr = {1, 2}});
  const auto parked = broker.Produce(ReplicaHarness::Batch(), -1);
  const std::size_t dir = broker.Info().log_dir == "/d0" ? 0 : 1;
  broker.log.Await<bool>(broker.log.loops.Control(), [&](auto done) {
    broker.manager->OnDirOffline(dir);
    done(true);
  });
  broker.log.Settle(Millis(1));
  ASSERT_TRUE(parked->has_value());
  EXPECT_EQ((*parked)->error, ErrorCode::kKafkaStorageError);
  EXPECT_EQ((*broker.Produce(ReplicaHarness::Batch()))->error, ErrorCode::kKafkaStorageError);
  EXPECT_EQ(broker.Fetch({}, {.fetch_offset = Offset(0)})->result->partitions[0].error, ErrorCode::kKafkaStorageError);
  EXPECT_EQ(broker.LeaderAndIsr({{.epoch = 1}}).partitions[0].error, ErrorCode::kKafkaStorageError);
}

// What waits together is written together, and each request is measured by itself.
TEST(PartitionShard, ManyWaitingRequestsFitASmallSegment) {
  ReplicaHarness broker;
  broker.log.config.segment_bytes = 1'000;
  broker.Lead({.isr = {1}});
  std::vector<ReplicaHarness::ProduceSlot> slots;
  broker.log.loops.disk(0).SetPaused(true);  // the first one makes the files; the others wait for it
  for (int i = 0; i < 12; ++i) slots.push_back(broker.Produce(ReplicaHarness::Batch(1, -1, -1, -1, 300), 1));
  EXPECT_FALSE(slots.back()->has_value());
  broker.log.loops.disk(0).SetPaused(false);
  broker.log.Settle();
  for (const auto& slot : slots) EXPECT_EQ((*slot)->error, ErrorCode::kNone);
  EXPECT_EQ(broker.Info().log_end, Offset(12));
}

// A frame may name anything, and a directory cannot be called everything.
TEST(PartitionShard, WhatCannotBeADirectoryIsRefused) {
  ReplicaHarness broker;
  const std::string longest(249, 'n');
  for (const std::string& name : {std::string(250, 'n'), std::string("../up"), std::string("a b"), std::string("..")}) {
    EXPECT_EQ(broker.Lead({.topic = name}), ErrorCode::kInvalidTopicException) << name;
  }
  EXPECT_EQ(broker.Lead({.topic = longest, .partition = 1'000'000}), ErrorCode::kInvalidTopicException);
  EXPECT_EQ(broker.Lead({.partition = -1}), ErrorCode::kInvalidTopicException);
  EXPECT_EQ(broker.Lead({.topic = longest, .partition = 19'999}), ErrorCode::kNone);
  EXPECT_EQ(broker.Lead({}), ErrorCode::kNone) << "the directory is still there";
}

TEST(PartitionShard, AFailedWriteFailsItsBurstAlone) {
  ReplicaHarness broker(1, {"/d0", "/d1"});
  broker.Lead({.isr = {1}});
  EXPECT_EQ((*broker.Produce(ReplicaHarness::Batch()))->error, ErrorCode::kNone);
  broker.files.set_hook([](sim::FileOp op, const std::string& path) {
    const bool data = path.ends_with(".log");
    return op == sim::FileOp::kWrite && data ? Status(StatusCode::kIoError, "injected") : Status::Ok();
  });
  const auto failed = broker.Produce(ReplicaHarness::Batch());
  broker.log.Settle(Millis(10));
  broker.files.set_hook(nullptr);
  ASSERT_TRUE(failed->has_value());
  EXPECT_EQ((*failed)->error, ErrorCode::kKafkaStorageError);
  EXPECT_EQ((*failed)->base_offset, kNoOffset);
  EXPECT_EQ(broker.Info().log_end, Offset(1));
}

// A disk that is full for a while: the follower asks again when it has room, and is not given up.
TEST(PartitionShard, AFollowerTriesAFailedWriteAgain) {
  ReplicaHarness broker;
  broker.Lead({.leader = 2});
  EXPECT_EQ(broker.SentBatch(ReplicaHarness::Batch(), 0, 0, 0).kind, FollowerStep::Kind::kFetch);
  broker.files.faults().full = true;
  const FollowerStep failed = broker.SentBatch(ReplicaHarness::Batch(), 1, 0, 1);
  EXPECT_EQ(failed.kind, FollowerStep::Kind::kBackoff);
  EXPECT_EQ(failed.fetch_offset, Offset(1));
  broker.files.faults().full = false;
  EXPECT_EQ(broker.SentBatch(ReplicaHarness::Batch(), 1, 0, 1).kind, FollowerStep::Kind::kFetch);
  EXPECT_EQ(broker.Info().log_end, Offset(2));
}

}  // namespace
}  // namespace ottla
