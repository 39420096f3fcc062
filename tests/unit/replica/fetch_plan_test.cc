#include "broker/replica/fetch_plan.h"

#include <gtest/gtest.h>

#include "topic_ids.h"

namespace ottla {
namespace {

FetchControl::Start Start(const std::string& topic, int partition, std::int64_t offset, Uuid id) {
  return {.tp = {topic, partition},
          .topic_id = id,
          .leader = BrokerId(2),
          .leader_epoch = LeaderEpoch(1),
          .fetch_offset = Offset(offset),
          .log_start = Offset(0),
          .last_fetched_epoch = LeaderEpoch(1)};
}
FollowerStep StepTo(FollowerStep::Kind kind, std::int64_t offset) {
  return {.kind = kind, .fetch_offset = Offset(offset), .log_start = Offset(0), .last_fetched_epoch = LeaderEpoch(1)};
}
std::size_t Count(const FetchRequest& request) {
  std::size_t count = 0;
  for (const auto& topic : request.topics) count += topic.partitions.size();
  return count;
}
constexpr Micros kPause{std::chrono::seconds(1)};
const MonoTime kNow{Millis(5'000)};

TEST(FetchPlan, ASessionMentionsOnlyWhatChanged) {
  FetchPlan plan({.self = BrokerId(1)});
  for (int i = 0; i < 100; ++i) plan.Start(Start("t", i, 0, TopicId(1)));
  auto first = plan.Ask(BrokerEpoch(7));
  EXPECT_EQ(first.version, 17);
  EXPECT_EQ(first.request.session_id, 0);
  EXPECT_EQ(first.request.session_epoch, 0);
  EXPECT_EQ(first.request.replica_state.replica_id, 1);
  EXPECT_EQ(first.request.replica_state.replica_epoch, 7);
  EXPECT_EQ(first.request.replica_id, -1);
  ASSERT_EQ(first.request.topics.size(), 1U);
  EXPECT_EQ(first.request.topics[0].topic_id, TopicId(1));
  EXPECT_TRUE(first.request.topics[0].topic.empty());
  EXPECT_EQ(Count(first.request), 100U);
  plan.OnSession(ErrorCode::kNone, 55);

  // Nothing came: nothing is said, but the session is asked.
  EXPECT_TRUE(plan.Wanted());
  auto idle = plan.Ask(BrokerEpoch(7));
  EXPECT_EQ(idle.request.session_id, 55);
  EXPECT_EQ(idle.request.session_epoch, 1);
  EXPECT_TRUE(idle.request.topics.empty());
  plan.OnSession(ErrorCode::kNone, 55);

  plan.Step(*plan.Find("t", 3), StepTo(FollowerStep::Kind::kFetch, 10), kPause, kNow);
  plan.Step(*plan.Find(TopicId(1), 4), StepTo(FollowerStep::Kind::kFetch, 0), kPause, kNow);  // only the mark moved
  auto next = plan.Ask(BrokerEpoch(7));
  EXPECT_EQ(next.request.session_epoch, 2);
  ASSERT_EQ(Count(next.request), 1U);
  EXPECT_EQ(next.request.topics[0].partitions[0].partition, 3);
  EXPECT_EQ(next.request.topics[0].partitions[0].fetch_offset, 10);
  EXPECT_TRUE(next.request.forgotten_topics_data.empty());
}

TEST(FetchPlan, DelayedPartitionsLeaveTheSessionAndComeBack) {
  FetchPlan plan({.self = BrokerId(1)});
  plan.Start(Start("t", 0, 0, TopicId(1)));
  plan.Start(Start("t", 1, 0, TopicId(1)));
  plan.Ask(BrokerEpoch(7));
  plan.OnSession(ErrorCode::kNone, 55);
  plan.Step(*plan.Find("t", 0), StepTo(FollowerStep::Kind::kBackoff, 0), kPause, kNow);
  EXPECT_EQ(plan.Wake(kNow), kNow + Millis(50));
  auto request = plan.Ask(BrokerEpoch(7)).request;
  ASSERT_EQ(request.forgotten_topics_data.size(), 1U);
  EXPECT_EQ(request.forgotten_topics_data[0].partitions, std::vector<std::int32_t>{0});
  plan.OnSession(ErrorCode::kNone, 55);
  EXPECT_EQ(plan.Wake(kNow + Millis(50)), std::nullopt);
  request = plan.Ask(BrokerEpoch(7)).request;
  EXPECT_EQ(Count(request), 1U);
  // Failing again it pauses longer, up to the setting.
  MonoTime now = kNow;
  for (const int pause : {100, 200, 400, 800, 1000, 1000}) {
    plan.Step(*plan.Find("t", 0), StepTo(FollowerStep::Kind::kBackoff, 0), kPause, now);
    EXPECT_EQ(plan.Wake(now), now + Millis(pause));
    now += Millis(pause);
    EXPECT_EQ(plan.Wake(now), std::nullopt);
  }
  plan.Step(*plan.Find("t", 0), StepTo(FollowerStep::Kind::kFetch, 0), kPause, now);
  plan.Step(*plan.Find("t", 0), StepTo(FollowerStep::Kind::kBackoff, 0), kPause, now);
  EXPECT_EQ(plan.Wake(now), now + Millis(50));
}

TEST(FetchPlan, ARestartedPartitionIsNotWithdrawnByItsPast) {
  FetchPlan plan({.self = BrokerId(1)});
  plan.Start(Start("t", 0, 0, TopicId(1)));
  plan.Ask(BrokerEpoch(7));
  plan.OnSession(ErrorCode::kNone, 55);
  plan.Start(Start("t", 0, 5, TopicId(1)));  // a new leader epoch
  auto request = plan.Ask(BrokerEpoch(7)).request;
  EXPECT_EQ(Count(request), 1U);
  EXPECT_TRUE(request.forgotten_topics_data.empty());
  plan.OnSession(ErrorCode::kNone, 55);
  plan.Start(Start("t", 0, 0, TopicId(2)));  // the topic was deleted and made anew
  request = plan.Ask(BrokerEpoch(7)).request;
  EXPECT_EQ(Count(request), 1U);
  ASSERT_EQ(request.forgotten_topics_data.size(), 1U);
  EXPECT_EQ(request.forgotten_topics_data[0].topic_id, TopicId(1));
}

TEST(FetchPlan, WithoutIdsTheSessionGoesByNames) {
  FetchPlan plan({.self = BrokerId(1)});
  plan.Start(Start("a", 0, 0, TopicId(1)));
  plan.Ask(BrokerEpoch(7));
  plan.OnSession(ErrorCode::kNone, 55);
  plan.Start(Start("b", 0, 0, Uuid{}));
  auto question = plan.Ask(BrokerEpoch(7));
  EXPECT_EQ(question.version, 12);
  EXPECT_EQ(question.request.replica_id, 1);
  EXPECT_EQ(question.request.session_id, 55);  // closes the one by ids
  EXPECT_EQ(question.request.session_epoch, 0);
  EXPECT_EQ(Count(question.request), 2U);
  EXPECT_FALSE(question.request.topics[0].topic.empty());
  plan.OnSession(ErrorCode::kNone, 56);
  plan.Stop({"b", 0});
  question = plan.Ask(BrokerEpoch(7));
  EXPECT_EQ(question.version, 17);
  EXPECT_EQ(question.request.session_epoch, 0);
  EXPECT_EQ(Count(question.request), 1U);
}

TEST(FetchPlan, ARefusedOrLostSessionBeginsAnew) {
  FetchPlan plan({.self = BrokerId(1)});
  plan.Start(Start("t", 0, 0, TopicId(1)));
  plan.Ask(BrokerEpoch(7));
  plan.OnSession(ErrorCode::kNone, 55);
  plan.Ask(BrokerEpoch(7));
  plan.OnSession(ErrorCode::kInvalidFetchSessionEpoch, 0);
  auto request = plan.Ask(BrokerEpoch(7)).request;
  EXPECT_EQ(request.session_id, 0);
  EXPECT_EQ(request.session_epoch, 0);
  EXPECT_EQ(Count(request), 1U);
  plan.OnSession(ErrorCode::kNone, 60);
  plan.OnLost();  // whether the leader saw it is unknown: the old session is closed by the next full request
  request = plan.Ask(BrokerEpoch(7)).request;
  EXPECT_EQ(request.session_id, 60);
  EXPECT_EQ(request.session_epoch, 0);
  EXPECT_EQ(Count(request), 1U);
  plan.OnSession(ErrorCode::kNone, 0);  // the leader's cache is full: every request is a full one
  request = plan.Ask(BrokerEpoch(7)).request;
  EXPECT_EQ(request.session_epoch, 0);
  EXPECT_EQ(Count(request), 1U);
}

TEST(FetchPlan, NothingToPullIsNothingToAsk) {
  FetchPlan plan({.self = BrokerId(1)});
  EXPECT_FALSE(plan.Wanted());
  plan.Start(Start("t", 0, 0, TopicId(1)));
  EXPECT_TRUE(plan.Wanted());
  plan.Ask(BrokerEpoch(7));
  plan.OnSession(ErrorCode::kNone, 55);
  plan.Step(*plan.Find("t", 0), StepTo(FollowerStep::Kind::kFailed, 0), kPause, kNow);
  EXPECT_TRUE(plan.empty());
  EXPECT_FALSE(plan.Wanted());
  plan.Start(Start("t", 0, 0, TopicId(1)));
  plan.Step(*plan.Find("t", 0), StepTo(FollowerStep::Kind::kAskLatest, 0), kPause, kNow);
  EXPECT_EQ(plan.Asking(PulledPartition::State::kAskLatest).size(), 1U);
  EXPECT_EQ(Count(plan.Ask(BrokerEpoch(7)).request), 0U);
}

}  // namespace
}  // namespace ottla
