// What readers hear from the partitions of a loop: fetch, waiting fetches, lookups of offsets, DeleteRecords. The test
// plays controller and followers.
#include <gtest/gtest.h>

#include "replica_harness.h"

namespace ottla {
namespace {

TEST(PartitionShardRead, ConsumersSeeUpToTheHighWatermarkFollowersUpToTheEnd) {
  ReplicaHarness broker;
  broker.Lead({.epoch = 2, .isr = {1, 2}});
  broker.Produce(ReplicaHarness::Batch(4), 1);
  const auto consumer = broker.Fetch({}, {.fetch_offset = Offset(0)});
  EXPECT_EQ(consumer->result->partitions[0].error, ErrorCode::kNone);
  EXPECT_EQ(consumer->result->bytes, 0U);
  EXPECT_EQ(consumer->result->partitions[0].high_watermark, Offset(0));
  const auto follower = broker.FollowerFetch(2, 0);
  EXPECT_GT(follower->result->bytes, 0U);
  EXPECT_EQ(RecordBatchView(follower->bytes()).leader_epoch(), LeaderEpoch(2));
  // The answer to the fetch that moves the mark carries it.
  const auto next = broker.FollowerFetch(2, 4);
  EXPECT_EQ(next->result->partitions[0].high_watermark, Offset(4));
  EXPECT_GT(broker.Fetch({}, {.fetch_offset = Offset(0)})->result->bytes, 0U);
}

TEST(PartitionShardRead, WatchesFireOnceWhenBytesCome) {
  ReplicaHarness broker;
  broker.Lead({.isr = {1, 2}});
  const auto consumer = broker.Fetch({}, {.fetch_offset = Offset(0)}, 1);
  const auto follower = broker.FollowerFetch(2, 0, 1);
  EXPECT_NE(consumer->result->watch, 0U);
  EXPECT_NE(follower->result->watch, 0U);
  broker.Produce(ReplicaHarness::Batch(), 1);
  EXPECT_EQ(follower->fired, 1);
  EXPECT_EQ(consumer->fired, 0);  // not before the mark moves
  broker.FollowerFetch(2, 1);
  EXPECT_EQ(consumer->fired, 1);
  broker.Produce(ReplicaHarness::Batch(), 1);
  EXPECT_EQ(follower->fired, 1);
}

TEST(PartitionShardRead, WatchesWaitForEnoughBytes) {
  ReplicaHarness broker;
  broker.Lead({.isr = {1}});
  const std::uint64_t size = ReplicaHarness::Batch().size();
  const auto consumer = broker.Fetch({}, {.fetch_offset = Offset(0)}, 3 * size);
  broker.Produce(ReplicaHarness::Batch(), 1);
  broker.Produce(ReplicaHarness::Batch(), 1);
  EXPECT_EQ(consumer->fired, 0);
  broker.Produce(ReplicaHarness::Batch(), 1);
  EXPECT_EQ(consumer->fired, 1);
  // Cancelled watches stay silent.
  const auto other = broker.Fetch({}, {.fetch_offset = Offset(3)}, 1);
  broker.On([&](PartitionShard& shard) { shard.CancelWatch(other->result->watch); });
  broker.Produce(ReplicaHarness::Batch(), 1);
  EXPECT_EQ(other->fired, 0);
}

TEST(PartitionShardRead, SizeRules) {
  ReplicaHarness broker;
  broker.Lead({.isr = {1}});
  const std::uint64_t size = ReplicaHarness::Batch(1, -1, -1, -1, 100).size();
  for (int i = 0; i < 3; ++i) broker.Produce(ReplicaHarness::Batch(1, -1, -1, -1, 100), 1);
  // The first batch comes whole even beyond every limit.
  EXPECT_EQ(broker.Fetch({}, {.fetch_offset = Offset(0), .max_bytes = 10}, 0, 10)->result->bytes, size);
  // Two fit into the limit of the partition.
  EXPECT_EQ(
      broker.Fetch({}, {.fetch_offset = Offset(0), .max_bytes = static_cast<std::int32_t>(2 * size)})->result->bytes,
      2 * size);
  // Old clients get what fits, cut as it may be.
  EXPECT_EQ(
      broker.Fetch({.version = 2, .hard_max_bytes = true}, {.fetch_offset = Offset(0), .max_bytes = 10})->result->bytes,
      10U);
}

struct FetchCase {
  const char* what;
  FetchParams params;
  FetchPartition ask;
  ErrorCode error;
};

TEST(PartitionShardRead, FetchErrorsInTheirOrder) {
  ReplicaHarness broker;
  broker.Lead({.epoch = 5, .replicas = {1, 2}, .isr = {1, 2}});
  broker.Produce(ReplicaHarness::Batch(4), 1);
  const FetchCase cases[] = {
      {"older epoch",
       {},
       {.fetch_offset = Offset(0), .current_leader_epoch = LeaderEpoch(4)},
       ErrorCode::kFencedLeaderEpoch},
      {"newer epoch",
       {},
       {.fetch_offset = Offset(0), .current_leader_epoch = LeaderEpoch(6)},
       ErrorCode::kUnknownLeaderEpoch},
      {"other topic id", {}, {.topic_id = TopicId(9), .fetch_offset = Offset(0)}, ErrorCode::kInconsistentTopicId},
      {"beyond the end", {}, {.fetch_offset = Offset(5)}, ErrorCode::kOffsetOutOfRange},
      {"beyond the mark is just empty", {}, {.fetch_offset = Offset(3)}, ErrorCode::kNone},
      {"not a replica, epoch given",
       {.replica_id = BrokerId(3)},
       {.fetch_offset = Offset(0), .current_leader_epoch = LeaderEpoch(5)},
       ErrorCode::kUnknownLeaderEpoch},
      {"not a replica", {.replica_id = BrokerId(3)}, {.fetch_offset = Offset(0)}, ErrorCode::kNotLeaderOrFollower},
      {"unknown partition", {}, {.topic = "u", .fetch_offset = Offset(0)}, ErrorCode::kUnknownTopicOrPartition},
  };
  for (const FetchCase& c : cases) {
    EXPECT_EQ(broker.Fetch(c.params, c.ask)->result->partitions[0].error, c.error) << c.what;
  }
  // As a follower it serves consumers that know how to ask one, and nobody else.
  broker.LeaderAndIsr({{.leader = 2, .epoch = 6, .partition_epoch = 1, .replicas = {1, 2}}});
  EXPECT_EQ(broker.Fetch({.version = 11}, {.fetch_offset = Offset(0)})->result->partitions[0].error, ErrorCode::kNone);
  const auto old = broker.Fetch({.version = 10}, {.fetch_offset = Offset(0)});
  EXPECT_EQ(old->result->partitions[0].error, ErrorCode::kNotLeaderOrFollower);
  EXPECT_EQ(old->result->partitions[0].current_leader.leader, BrokerId(2));
  EXPECT_TRUE(old->result->answer_now);
  EXPECT_EQ(broker.FollowerFetch(2, 0)->result->partitions[0].error, ErrorCode::kNotLeaderOrFollower);
}

TEST(PartitionShardRead, DivergenceIsToldAndNotRecorded) {
  ReplicaHarness broker;
  broker.Lead({.epoch = 1, .isr = {1, 2}});
  broker.Produce(ReplicaHarness::Batch(4), 1);
  broker.Lead({.epoch = 3, .partition_epoch = 1, .isr = {1, 2}});
  broker.Produce(ReplicaHarness::Batch(4), 1);
  // The follower has records of epoch 2, which never existed here.
  const auto diverging = broker.FollowerFetch(2, 6, 0, 2);
  ASSERT_TRUE(diverging->result->partitions[0].diverging.has_value());
  EXPECT_EQ(diverging->result->partitions[0].diverging->epoch, LeaderEpoch(1));
  EXPECT_EQ(diverging->result->partitions[0].diverging->end, Offset(4));
  EXPECT_TRUE(diverging->result->answer_now);
  EXPECT_EQ(diverging->result->bytes, 0U);
  EXPECT_EQ(broker.Info().high_watermark, Offset(0));
  // An epoch beyond all: the leader knows nothing of it.
  EXPECT_EQ(broker.FollowerFetch(2, 8, 0, 9)->result->partitions[0].error, ErrorCode::kOffsetOutOfRange);
  EXPECT_EQ(broker.FollowerFetch(2, 4, 0, 1)->result->partitions[0].error, ErrorCode::kNone);
  EXPECT_EQ(broker.Info().high_watermark, Offset(4));
}

TEST(PartitionShardRead, RackAwareConsumersAreSentToTheirRack) {
  ReplicaHarness broker;
  broker.env->options.rack_aware_selector = true;
  broker.env->options.rack = "a";
  broker.rack_of = {{1, "a"}, {2, "b"}, {3, "b"}};
  broker.Lead({.isr = {1, 2, 3}});
  broker.Produce(ReplicaHarness::Batch(4), 1);
  broker.FollowerFetch(2, 2);
  broker.FollowerFetch(3, 4);
  std::string_view listener = "PLAINTEXT";
  Uuid id;
  const auto from = [&](std::string_view rack, std::int64_t offset) {
    return broker
        .Fetch({.client_rack = rack, .client_listener = listener}, {.topic_id = id, .fetch_offset = Offset(offset)})
        ->result->partitions[0]
        .preferred_read_replica;
  };
  EXPECT_EQ(from("b", 0), BrokerId(3));
  EXPECT_EQ(from("a", 0), kNoBroker);
  EXPECT_EQ(from("c", 0), kNoBroker);
  EXPECT_EQ(from("", 0), kNoBroker);
  broker.FollowerFetch(2, 4);
  EXPECT_EQ(from("b", 0), BrokerId(2)) << "as far as the other, and caught up later";
  id = TopicId(9);
  EXPECT_EQ(from("b", 0), kNoBroker) << "another topic of that name: an error, no preference";
  id = {};
  listener = "INTERNAL";
  EXPECT_EQ(from("b", 0), kNoBroker) << "out of the client's reach";
}

ListOffsetAnswer List(ReplicaHarness& broker, std::int64_t timestamp, int replica = -1, int version = 9,
                      int epoch = -1) {
  return broker.log.Await<ListOffsetAnswer>(broker.Shard().loop(), [&](auto done) {
    broker.Shard().ListOffset({.topic = "t",
                               .partition = 0,
                               .replica_id = BrokerId(replica),
                               .current_leader_epoch = LeaderEpoch(epoch),
                               .timestamp = timestamp,
                               .version = static_cast<std::int16_t>(version)},
                              std::move(done));
  });
}

TEST(PartitionShardRead, ALookupIsAnsweredAlthoughTheTopicIsDeletedMeanwhile) {
  ReplicaHarness broker;
  broker.Lead({.isr = {1}});
  broker.Produce(ReplicaHarness::Batch(4), 1);
  broker.log.loops.disk(0).SetPaused(true);
  auto found = std::make_shared<std::optional<ListOffsetAnswer>>();
  broker.On([&](PartitionShard& shard) {
    shard.ListOffset({.topic = "t", .partition = 0, .replica_id = BrokerId(-1), .timestamp = 0, .version = 9},
                     [found](ListOffsetAnswer answer) { *found = answer; });
  });
  EXPECT_FALSE(found->has_value());
  broker.BeginStop({}, true, -2, [](const ControlOutcome&) {});
  broker.log.Settle();
  broker.log.loops.disk(0).SetPaused(false);
  broker.log.Settle();
  ASSERT_TRUE(found->has_value());
}

TEST(PartitionShardRead, ListOffsets) {
  ReplicaHarness broker;
  broker.Lead({.epoch = 2, .isr = {1, 2}});
  broker.Produce(ReplicaHarness::Batch(4), 1);
  broker.FollowerFetch(2, 4);
  broker.Produce(ReplicaHarness::Batch(4), 1);
  EXPECT_EQ(List(broker, -1).offset, Offset(4));
  EXPECT_EQ(List(broker, -1).leader_epoch, LeaderEpoch(2));
  EXPECT_EQ(List(broker, -1, 2).offset, Offset(8));
  EXPECT_EQ(List(broker, -2).offset, Offset(0));
  EXPECT_EQ(List(broker, -2).leader_epoch, LeaderEpoch(2));
  EXPECT_EQ(List(broker, -5).offset, kNoOffset);
  EXPECT_EQ(List(broker, 0).offset, Offset(0));
  EXPECT_EQ(List(broker, 0).timestamp, 1'731'000'000'000);
  EXPECT_EQ(List(broker, 1'999'000'000'000).offset, kNoOffset);
  EXPECT_EQ(List(broker, -1, -1, 9, 1).error, ErrorCode::kFencedLeaderEpoch);
  EXPECT_EQ(List(broker, -1, -1, 9, 3).error, ErrorCode::kUnknownLeaderEpoch);

  // Elected anew with a mark below its own epoch: what was committed before is not known yet.
  broker.LeaderAndIsr({{.leader = 2, .epoch = 3, .partition_epoch = 1}});
  EXPECT_EQ(List(broker, -1).error, ErrorCode::kNotLeaderOrFollower);
  EXPECT_EQ(List(broker, -1, -2).error, ErrorCode::kNone);  // debugging consumers may ask anybody
  broker.LeaderAndIsr({{.epoch = 4, .partition_epoch = 2, .isr = {1, 2}}});
  EXPECT_EQ(List(broker, -1).error, ErrorCode::kOffsetNotAvailable);
  EXPECT_EQ(List(broker, -1, -1, 4).error, ErrorCode::kLeaderNotAvailable);
  EXPECT_EQ(List(broker, -1, 2).offset, Offset(8));
  EXPECT_EQ(List(broker, -2).error, ErrorCode::kNone);
  EXPECT_EQ(List(broker, 0).offset, Offset(0));
  EXPECT_EQ(List(broker, 1'999'000'000'000).error, ErrorCode::kOffsetNotAvailable);
  broker.FollowerFetch(2, 8);
  EXPECT_EQ(List(broker, -1).offset, Offset(8));
}

TEST(PartitionShardRead, OffsetsForLeaderEpochs) {
  ReplicaHarness broker;
  broker.Lead({.epoch = 1, .isr = {1}});
  broker.Produce(ReplicaHarness::Batch(4), 1);
  broker.Lead({.epoch = 4, .partition_epoch = 1, .isr = {1}});
  broker.Produce(ReplicaHarness::Batch(2), 1);
  const auto ask = [&](int current, int wanted) {
    EpochEndAnswer answer;
    broker.On([&](PartitionShard& shard) {
      answer = shard.OffsetForLeaderEpoch("t", 0, LeaderEpoch(current), LeaderEpoch(wanted));
    });
    return answer;
  };
  EXPECT_EQ(ask(4, 1).end, (EpochEnd{LeaderEpoch(1), Offset(4)}));
  EXPECT_EQ(ask(-1, 3).end, (EpochEnd{LeaderEpoch(1), Offset(4)}));
  EXPECT_EQ(ask(4, 4).end, (EpochEnd{LeaderEpoch(4), Offset(6)}));
  EXPECT_EQ(ask(4, 5).end, EpochEnd{});
  EXPECT_EQ(ask(3, 1).error, ErrorCode::kFencedLeaderEpoch);
  EXPECT_EQ(ask(5, 1).error, ErrorCode::kUnknownLeaderEpoch);
}

TEST(PartitionShardRead, DeleteRecordsWaitsForLiveFollowers) {
  ReplicaHarness broker;
  broker.Lead({.isr = {1, 2}});
  broker.Produce(ReplicaHarness::Batch(), 1);
  broker.Produce(ReplicaHarness::Batch(), 1);
  broker.FollowerFetch(2, 2);
  broker.Metadata({1, 2}, {{.isr = {1, 2}}});  // broker 3 is dead and holds nothing up
  const auto remove = [&](std::int64_t offset) {
    auto slot = std::make_shared<std::optional<DeleteRecordsAnswer>>();
    broker.On([&](PartitionShard& shard) {
      shard.DeleteRecords("t", 0, Offset(offset), Millis(1'000),
                          [slot](DeleteRecordsAnswer answer) { *slot = answer; });
    });
    return slot;
  };
  EXPECT_EQ((*remove(3))->error, ErrorCode::kOffsetOutOfRange);
  EXPECT_EQ((*remove(-2))->error, ErrorCode::kOffsetOutOfRange);
  const auto waiting_follower = broker.FollowerFetch(2, 2, 1);
  const auto parked = remove(1);
  EXPECT_FALSE(parked->has_value());
  EXPECT_EQ(waiting_follower->fired, 1) << "a follower hears of the new start at once";
  broker.Fetch({.replica_id = BrokerId(2)}, {.fetch_offset = Offset(2), .log_start_offset = Offset(1)});
  ASSERT_TRUE(parked->has_value());
  EXPECT_EQ((*parked)->low_watermark, Offset(1));
  const auto late = remove(-1);
  broker.log.Settle(Millis(1'100));
  ASSERT_TRUE(late->has_value());
  EXPECT_EQ((*late)->error, ErrorCode::kRequestTimedOut);
  EXPECT_EQ(broker.Info().log_start, Offset(2));
}

TEST(PartitionShardRead, ColdReadsAreWarmedFirst) {
  ReplicaHarness broker;
  broker.log.config.segment_bytes = 300;  // several segments: the older ones are not remembered as freshly written
  broker.Lead({.isr = {1}});
  for (int i = 0; i < 12; ++i) broker.Produce(ReplicaHarness::Batch(1, -1, -1, -1, 60), 1);
  broker.files.faults().try_read_unavailable = 0.5;
  for (int offset = 0; offset < 12; ++offset) {
    const auto read = broker.Fetch({}, {.fetch_offset = Offset(offset)});
    ASSERT_TRUE(read->result.has_value());
    EXPECT_EQ(read->result->partitions[0].error, ErrorCode::kNone);
  }
  broker.files.faults().try_read_unavailable = 0;
  EXPECT_GT(broker.Fetch({}, {.fetch_offset = Offset(0)})->result->bytes, 0U);
}

}  // namespace
}  // namespace ottla
