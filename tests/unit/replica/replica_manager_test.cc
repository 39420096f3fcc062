// What a controller hears from a broker, right and wrong orders included.
#include "broker/replica/replica_manager.h"

#include <gtest/gtest.h>

#include <chrono>

#include "replica_harness.h"

namespace ottla {
namespace {

using Part = ReplicaHarness::Part;

ErrorCode First(const ControlOutcome& outcome) {
  return outcome.partitions.empty() ? outcome.error : outcome.partitions[0].error;
}

// A process that has just started is reached by words meant for the one before, which may have lost the end of its log
// with its power: it must not lead by them.
TEST(ReplicaManager, NothingIsDoneBeforeTheBrokerIsRegistered) {
  ReplicaHarness broker;
  broker.manager = std::make_unique<ReplicaManager>(broker.log.loops.Control(), *broker.shards, *broker.log.manager,
                                                    ReplicaManager::Options{});
  std::vector<ErrorCode> answers;
  LeaderAndIsrRequest request;
  LeaderAndIsrRequest::LeaderAndIsrPartitionState state;
  state.leader = ReplicaHarness::kSelf;
  state.replicas = state.isr = {ReplicaHarness::kSelf};
  request.topic_states.push_back({.topic_name = "t", .topic_id = TopicId(1), .partition_states = {state}});
  broker.log.Await<bool>(broker.log.loops.Control(), [&](auto done) {
    for (const std::int64_t epoch : {70, 80}) {  // of the process before, and of this one
      request.broker_epoch = epoch;
      broker.manager->LeaderAndIsr(request, 7, [&](const ControlOutcome& out) { answers.push_back(out.error); });
    }
    done(true);
  });
  broker.log.Settle(Millis(100));
  EXPECT_TRUE(answers.empty());
  broker.Register(80);
  broker.log.Settle(Millis(100));
  EXPECT_EQ(answers, (std::vector<ErrorCode>{ErrorCode::kStaleBrokerEpoch, ErrorCode::kNone}));
  EXPECT_TRUE(broker.Info().leader);
}

TEST(ReplicaManager, LeaderEpochsDecide) {
  ReplicaHarness broker;
  EXPECT_EQ(broker.Lead({.epoch = 5}), ErrorCode::kNone);
  EXPECT_EQ(First(broker.LeaderAndIsr({{.epoch = 5}})),
            ErrorCode::kStaleControllerEpoch);  // an error, not a silent success
  EXPECT_EQ(First(broker.LeaderAndIsr({{.epoch = 4}})), ErrorCode::kStaleControllerEpoch);
  EXPECT_EQ(First(broker.LeaderAndIsr({{.epoch = 6, .replicas = {2, 3}}})), ErrorCode::kUnknownTopicOrPartition);
  EXPECT_EQ(broker.Info().leader_epoch, LeaderEpoch(5));
  EXPECT_EQ(First(broker.LeaderAndIsr({{.epoch = 6, .partition_epoch = 1}})), ErrorCode::kNone);
  // An older partition epoch: nothing happens, and that is no error.
  EXPECT_EQ(First(broker.LeaderAndIsr({{.epoch = 7, .partition_epoch = 0}})), ErrorCode::kNone);
  EXPECT_EQ(broker.Info().leader_epoch, LeaderEpoch(6));
  EXPECT_EQ(First(broker.LeaderAndIsr({{.epoch = 8, .partition_epoch = 2, .id = TopicId(9)}})),
            ErrorCode::kInconsistentTopicId);
  EXPECT_EQ(First(broker.LeaderAndIsr({{.epoch = 8, .partition_epoch = 2, .isr = {2, 3}}})),
            ErrorCode::kInvalidRequest);
}

TEST(ReplicaManager, EpochsOfControllerAndBroker) {
  ReplicaHarness broker;
  broker.Register(100);
  EXPECT_EQ(broker.LeaderAndIsr({{}}, 4, 99).error, ErrorCode::kStaleBrokerEpoch);
  EXPECT_EQ(First(broker.LeaderAndIsr({{}}, 4, 99)), ErrorCode::kStaleBrokerEpoch);
  EXPECT_EQ(broker.LeaderAndIsr({{}}, 4, 101).error, ErrorCode::kNone);  // the controller may know of us before we do
  EXPECT_EQ(broker.LeaderAndIsr({{.epoch = 1}}, 4, -1).error, ErrorCode::kNone);
  const ControlOutcome stale = broker.LeaderAndIsr({{.epoch = 2}}, 3, 100);
  EXPECT_EQ(stale.error, ErrorCode::kStaleControllerEpoch);
  EXPECT_EQ(First(stale), ErrorCode::kStaleControllerEpoch);
  // One memory for all three requests.
  EXPECT_EQ(broker.Metadata({1}, {}, 3).error, ErrorCode::kStaleControllerEpoch);
  EXPECT_EQ(broker.Metadata({1}, {}, 6).error, ErrorCode::kNone);
  EXPECT_EQ(broker.LeaderAndIsr({{.epoch = 2}}, 5, 100).error, ErrorCode::kStaleControllerEpoch);
  EXPECT_EQ(broker.Stop({}, false, 1).error, ErrorCode::kStaleControllerEpoch);
  EXPECT_TRUE(broker.Stop({}, false, 1).partitions.empty());
}

TEST(ReplicaManager, AnUnknownLeaderIsNotFollowedAndItsEpochNotTaken) {
  ReplicaHarness broker;
  broker.Metadata({1}, {});
  const Part part{.leader = 2, .epoch = 3};
  EXPECT_EQ(First(broker.LeaderAndIsr({part})), ErrorCode::kNone);
  EXPECT_TRUE(broker.fetchers.started.empty());
  EXPECT_EQ(broker.Info().leader_epoch, kNoLeaderEpoch);
  EXPECT_TRUE(broker.listener.events.empty());
  broker.Metadata({1, 2}, {part});
  EXPECT_EQ(First(broker.LeaderAndIsr({part})), ErrorCode::kNone);  // the same request, now it works
  ASSERT_EQ(broker.fetchers.started.size(), 1U);
  EXPECT_EQ(broker.fetchers.started[0].leader, BrokerId(2));
  EXPECT_EQ(broker.Info().leader_epoch, LeaderEpoch(3));
  // No leader at all.
  EXPECT_EQ(First(broker.LeaderAndIsr({{.leader = -1, .epoch = 4, .partition_epoch = 1}})), ErrorCode::kNone);
  EXPECT_EQ(broker.Info().leader_epoch, LeaderEpoch(3));
}

TEST(ReplicaManager, TopicIdsAreAdoptedOnce) {
  ReplicaHarness broker;
  EXPECT_EQ(broker.Lead({.epoch = 1, .id = Uuid{}}), ErrorCode::kNone);
  EXPECT_TRUE(broker.Info().topic_id.IsZero());
  EXPECT_EQ(First(broker.LeaderAndIsr({{.epoch = 1, .id = TopicId(4)}})), ErrorCode::kNone);
  EXPECT_EQ(broker.Info().topic_id, TopicId(4));
  EXPECT_EQ(First(broker.LeaderAndIsr({{.epoch = 1, .id = TopicId(4)}})), ErrorCode::kStaleControllerEpoch);
  EXPECT_EQ(First(broker.LeaderAndIsr({{.epoch = 1, .id = Uuid{}}})), ErrorCode::kStaleControllerEpoch);
}

TEST(ReplicaManager, StopReplica) {
  ReplicaHarness broker;
  broker.Lead({.leader = 2, .epoch = 4});
  EXPECT_EQ(First(broker.Stop({}, false, 3)), ErrorCode::kFencedLeaderEpoch);
  EXPECT_TRUE(broker.fetchers.stopped.empty());
  EXPECT_EQ(First(broker.Stop({}, false, 4)), ErrorCode::kNone);
  EXPECT_EQ(broker.fetchers.stopped.size(), 1U);
  EXPECT_EQ(broker.Info().leader_epoch, LeaderEpoch(4)) << "the partition stays";
  EXPECT_EQ(First(broker.Stop({}, true, -2)), ErrorCode::kNone);
  EXPECT_EQ(First(broker.Stop({}, true, -2)), ErrorCode::kNone) << "nothing left to delete";
  EXPECT_EQ(First(broker.Stop({.partition = 7}, false, -1)), ErrorCode::kNone);
  bool gone = false;
  broker.On([&](PartitionShard& shard) { gone = !shard.Info("t", 0).has_value(); });
  EXPECT_TRUE(gone);
  EXPECT_EQ(broker.listener.events.back(), "resigned t-7 -1");
}

TEST(ReplicaManager, ListenersHearOfEveryChange) {
  ReplicaHarness broker;
  broker.Lead({.epoch = 1});
  broker.LeaderAndIsr({{.leader = 2, .epoch = 2, .partition_epoch = 1}});
  broker.LeaderAndIsr({{.leader = 2, .epoch = 2, .partition_epoch = 1}});
  broker.LeaderAndIsr({{.leader = 1, .epoch = 3, .partition_epoch = 2}});
  broker.Metadata({1, 2, 3}, {{.leader = -2}});
  EXPECT_EQ(broker.listener.events,
            (std::vector<std::string>{"elected t-0 1", "resigned t-0 2", "elected t-0 3", "deleted t-0"}));
  EXPECT_EQ(broker.listener.brokers, 3U);
}

TEST(ReplicaManager, PartitionsOfAFailedDirAreNotMadeAnew) {
  ReplicaHarness broker(1, {"/d0", "/d1"});
  broker.Lead({});
  broker.log.Settle();
  const std::size_t dir = broker.Info().log_dir == "/d0" ? 0 : 1;
  const std::string prefix = dir == 0 ? "/d0" : "/d1";
  broker.files.set_hook([prefix](sim::FileOp op, const std::string& path) {
    const bool changes = op == sim::FileOp::kWrite || op == sim::FileOp::kTruncate;
    return path.starts_with(prefix) && changes ? Status(StatusCode::kIoError, "injected") : Status::Ok();
  });
  broker.Produce(ReplicaHarness::Batch(), 1);
  broker.log.Settle();
  broker.files.set_hook(nullptr);
  const bool offline = broker.log.Await<bool>(broker.log.loops.Control(),
                                              [&](auto done) { done(broker.log.manager->Dirs()[dir].offline); });
  ASSERT_TRUE(offline) << "what was written could not be cut back";
  // Its data may be in the directory that failed; a new one goes into the other.
  EXPECT_EQ(First(broker.LeaderAndIsr({{.partition = 1, .is_new = false}})), ErrorCode::kKafkaStorageError);
  EXPECT_EQ(First(broker.LeaderAndIsr({{.partition = 2, .is_new = true}})), ErrorCode::kNone);
}

TEST(ReplicaManager, HighWatermarksSurviveARestart) {
  ReplicaHarness broker;
  broker.Lead({.isr = {1, 2}});
  broker.Produce(ReplicaHarness::Batch(5), 1);
  broker.FollowerFetch(2, 3);
  broker.log.Settle(Millis(6'000));  // the checkpoint timer is 5 s
  broker.manager = nullptr;
  broker.shards = nullptr;
  ASSERT_TRUE(broker.log.Stop().ok());
  broker.Boot();
  broker.Lead({.epoch = 1, .partition_epoch = 1, .isr = {1, 2}});
  EXPECT_EQ(broker.Info().high_watermark, Offset(3));
  EXPECT_EQ(broker.Info().log_end, Offset(5));
}

TEST(ReplicaManager, IsrGrowsAndShrinksThroughTheController) {
  ReplicaHarness broker;
  broker.Lead({.isr = {1}});
  broker.Produce(ReplicaHarness::Batch(), 1);
  broker.FollowerFetch(2, 1);
  ASSERT_EQ(broker.isr.entries.size(), 1U);
  EXPECT_EQ(broker.isr.entries[0].proposal.topic_id, TopicId(1));
  EXPECT_EQ(broker.isr.entries[0].proposal.isr, (std::vector<BrokerId>{BrokerId(1), BrokerId(2)}));
  broker.isr.entries[0].done(
      {.leader_epoch = LeaderEpoch(0), .partition_epoch = PartitionEpoch(1), .isr = {BrokerId(1), BrokerId(2)}});
  broker.log.Settle(Millis(1));
  EXPECT_EQ(broker.Info().isr.size(), 2U);
  EXPECT_EQ(broker.Info().partition_epoch, PartitionEpoch(1));
  broker.log.Settle(Millis(120'000));
  EXPECT_EQ(broker.isr.entries.size(), 1U) << "an idle follower at the log end does not lag";
  broker.Produce(ReplicaHarness::Batch(), 1);
  broker.log.Settle(Millis(46'000));
  ASSERT_EQ(broker.isr.entries.size(), 2U);
  EXPECT_EQ(broker.isr.entries[1].proposal.isr, std::vector<BrokerId>{BrokerId(1)});
}

// A start may take minutes; what is changed meanwhile counts for the logs that were loaded before.
TEST(ReplicaManager, SettingsChangedDuringTheStartReachTheLog) {
  for (const bool told : {false, true}) {
    ReplicaHarness broker;
    broker.Lead({.isr = {1}});
    broker.manager = nullptr;
    broker.shards = nullptr;
    ASSERT_TRUE(broker.log.Stop().ok());
    broker.Boot();
    broker.log.config.retention_ms = 77;
    if (told) {
      broker.log.Await<bool>(broker.log.loops.Control(), [&](auto done) {
        broker.manager->OnTopicConfigChanged("t");
        done(true);
      });
      broker.log.Settle(Millis(1));
    } else {
      broker.Lead({.epoch = 1, .partition_epoch = 1, .isr = {1}});
    }
    EXPECT_EQ(broker.log.Get({"t", 0})->config().retention_ms, 77) << (told ? "told" : "read");
  }
}

// A follower asks to join, more is appended before the controller has answered, and then it is heard of no more.
TEST(ReplicaManager, WhoJoinsBehindTheEndIsWatched) {
  ReplicaHarness broker;
  broker.Lead({.isr = {1}});
  broker.Produce(ReplicaHarness::Batch(), 1);
  broker.FollowerFetch(2, 1);
  ASSERT_EQ(broker.isr.entries.size(), 1U);
  broker.Produce(ReplicaHarness::Batch(), 1);
  broker.log.Settle(Millis(1'000));
  broker.isr.entries[0].done(
      {.leader_epoch = LeaderEpoch(0), .partition_epoch = PartitionEpoch(1), .isr = {BrokerId(1), BrokerId(2)}});
  broker.log.Settle(Millis(46'000));
  ASSERT_EQ(broker.isr.entries.size(), 2U);
  EXPECT_EQ(broker.isr.entries[1].proposal.isr, std::vector<BrokerId>{BrokerId(1)});
}

TEST(ReplicaManager, AThousandPartitionsInOneRequestOverSeveralLoops) {
  for (const std::size_t loops : {1U, 3U}) {
    ReplicaHarness broker(loops);
    std::vector<Part> parts;
    for (int i = 0; i < 1'000; ++i) parts.push_back({.partition = i, .leader = i % 2 == 0 ? 1 : 2});
    const auto begin = std::chrono::steady_clock::now();
    broker.Metadata({1, 2, 3}, parts);
    const auto metadata = std::chrono::steady_clock::now();
    const ControlOutcome outcome = broker.LeaderAndIsr(parts);
    const auto end = std::chrono::steady_clock::now();
    const auto ms = [](auto from, auto to) {
      return std::chrono::duration_cast<std::chrono::milliseconds>(to - from).count();
    };
    RecordProperty("metadata_ms", static_cast<int>(ms(begin, metadata)));
    RecordProperty("leader_and_isr_ms", static_cast<int>(ms(metadata, end)));
    ASSERT_EQ(outcome.partitions.size(), 1'000U);
    for (std::size_t i = 0; i < parts.size(); ++i) {
      ASSERT_EQ(outcome.partitions[i].partition, static_cast<int>(i));
      ASSERT_EQ(outcome.partitions[i].error, ErrorCode::kNone) << i;
    }
    EXPECT_EQ(broker.fetchers.started.size(), 500U);
    EXPECT_LT(ms(begin, end), 5'000) << "far beyond what even a sanitizer needs";
  }
}

// --- Following.

TEST(Following, AppendsWhatTheLeaderSends) {
  ReplicaHarness broker;
  broker.Lead({.leader = 2, .epoch = 3});
  auto step = broker.SentBatch(ReplicaHarness::Batch(4), 0, 3, 2);
  EXPECT_EQ(step.kind, FollowerStep::Kind::kFetch);
  EXPECT_EQ(step.fetch_offset, Offset(4));
  EXPECT_EQ(step.last_fetched_epoch, LeaderEpoch(3));
  EXPECT_EQ(broker.Info().high_watermark, Offset(2));
  // A waiting consumer of this rack hears of the mark.
  const auto consumer = broker.Fetch({}, {.fetch_offset = Offset(2)}, 1);
  FollowerSlice mark;
  mark.leader_epoch = LeaderEpoch(3);
  mark.answer.asked_offset = Offset(4);
  mark.high_watermark = Offset(4);
  mark.leader_log_start = Offset(1);
  step = broker.Sent(std::move(mark));
  EXPECT_EQ(step.fetch_offset, Offset(4));
  EXPECT_EQ(step.log_start, Offset(1));
  EXPECT_EQ(broker.Info().high_watermark, Offset(4));
  EXPECT_EQ(consumer->fired, 1);
}

TEST(Following, StaleAnswersChangeNothing) {
  ReplicaHarness broker;
  broker.Lead({.leader = 2, .epoch = 3});
  broker.SentBatch(ReplicaHarness::Batch(4), 0, 3, 2);
  EXPECT_EQ(broker.SentBatch(ReplicaHarness::Batch(4), 4, 2, 9).kind, FollowerStep::Kind::kDropped);
  const auto step = broker.SentBatch(ReplicaHarness::Batch(4), 0, 3, 9);
  EXPECT_EQ(step.kind, FollowerStep::Kind::kFetch);
  EXPECT_EQ(step.fetch_offset, Offset(4));
  EXPECT_EQ(broker.Info().high_watermark, Offset(2));
  broker.LeaderAndIsr({{.leader = 1, .epoch = 4, .partition_epoch = 1}});
  EXPECT_EQ(broker.SentBatch(ReplicaHarness::Batch(4), 4, 3, 9).kind, FollowerStep::Kind::kDropped);
  EXPECT_EQ(broker.Info().log_end, Offset(4));
}

TEST(Following, DamagedBytesAreFetchedAgain) {
  ReplicaHarness broker;
  broker.Lead({.leader = 2, .epoch = 3});
  std::string bytes = ReplicaHarness::Batch(4);
  bytes.back() ^= 1;
  const auto step = broker.SentBatch(std::move(bytes), 0, 3, 2);
  EXPECT_EQ(step.kind, FollowerStep::Kind::kBackoff);
  EXPECT_EQ(step.fetch_offset, Offset(0));
  EXPECT_EQ(broker.Info().log_end, Offset(0));
}

TEST(Following, DivergenceIsCutAway) {
  ReplicaHarness broker;
  broker.Lead({.epoch = 1, .isr = {1}});
  broker.Produce(ReplicaHarness::Batch(4), 1);
  broker.Lead({.epoch = 2, .partition_epoch = 1, .isr = {1}});
  broker.Produce(ReplicaHarness::Batch(4), 1);
  broker.LeaderAndIsr({{.leader = 2, .epoch = 3, .partition_epoch = 2}});
  ASSERT_EQ(broker.fetchers.started.back().fetch_offset, Offset(8));
  FollowerSlice slice;
  slice.leader_epoch = LeaderEpoch(3);
  slice.answer.asked_offset = Offset(8);
  slice.answer.diverging = EpochEnd{LeaderEpoch(1), Offset(6)};
  const auto step = broker.Sent(std::move(slice));
  EXPECT_EQ(step.kind, FollowerStep::Kind::kFetch);
  EXPECT_EQ(step.fetch_offset, Offset(4));
  EXPECT_EQ(step.last_fetched_epoch, LeaderEpoch(1));
  EXPECT_EQ(broker.Info().log_end, Offset(4));
  EXPECT_EQ(broker.Info().high_watermark, Offset(4));
}

TEST(Following, OutOfRangeEndsAtTheLeadersStart) {
  ReplicaHarness broker;
  broker.Lead({.leader = 2, .epoch = 3});
  broker.SentBatch(ReplicaHarness::Batch(4), 0, 3, 2);
  FollowerSlice out;
  out.leader_epoch = LeaderEpoch(3);
  out.answer.asked_offset = Offset(4);
  out.answer.error = ErrorCode::kOffsetOutOfRange;
  EXPECT_EQ(broker.Sent(std::move(out)).kind, FollowerStep::Kind::kAskLatest);
  FollowerSlice latest;
  latest.kind = FollowerSlice::Kind::kLatest;
  latest.leader_epoch = LeaderEpoch(3);
  latest.listed = Offset(90);
  EXPECT_EQ(broker.Sent(std::move(latest)).kind, FollowerStep::Kind::kAskEarliest);
  FollowerSlice earliest;
  earliest.kind = FollowerSlice::Kind::kEarliest;
  earliest.leader_epoch = LeaderEpoch(3);
  earliest.listed = Offset(50);
  const auto step = broker.Sent(std::move(earliest));
  EXPECT_EQ(step.kind, FollowerStep::Kind::kFetch);
  EXPECT_EQ(step.fetch_offset, Offset(50));
  EXPECT_EQ(broker.Info().log_start, Offset(50));
  EXPECT_EQ(broker.Info().high_watermark, Offset(50));
}

TEST(Following, WithoutEpochsTheLogIsCutToTheHighWatermarkFirst) {
  ReplicaHarness broker;
  broker.env->options.truncate_on_fetch = false;
  broker.Lead({.isr = {1, 2}});
  broker.Produce(ReplicaHarness::Batch(2), 1);
  broker.FollowerFetch(2, 2);
  broker.Produce(ReplicaHarness::Batch(2), 1);
  broker.LeaderAndIsr({{.leader = 2, .epoch = 1, .partition_epoch = 1}});
  broker.log.Settle(Millis(10));
  ASSERT_EQ(broker.fetchers.started.size(), 1U);
  EXPECT_EQ(broker.fetchers.started[0].fetch_offset, Offset(2));
  EXPECT_EQ(broker.fetchers.started[0].last_fetched_epoch, kNoLeaderEpoch);
  EXPECT_EQ(broker.Info().log_end, Offset(2));
}

}  // namespace
}  // namespace ottla
