// Stories of one partition: broker 1 is this replica; min ISR 2 of three assigned unless said otherwise.
#include "broker/replica/partition_core.h"

#include <gtest/gtest.h>

#include "common/base/random.h"

namespace ottla {
namespace {

std::vector<BrokerId> Ids(std::initializer_list<int> ids) {
  std::vector<BrokerId> out;
  for (const int id : ids) out.emplace_back(id);
  return out;
}
LiveBrokers Live(std::initializer_list<int> ids) { return std::make_shared<const std::vector<BrokerId>>(Ids(ids)); }
MonoTime At(int ms) { return MonoTime(Millis(ms)); }

constexpr int kLag = 30'000;

class Story {
 public:
  explicit Story(int min_isr = 2, std::int64_t log_end = 0, std::int64_t high_watermark = 0)
      : core({.self = BrokerId(1), .lag_max = Millis(kLag), .min_isr = min_isr, .live = Live({1, 2, 3})},
             {.log_start = Offset(0), .log_end = Offset(log_end), .high_watermark = Offset(high_watermark)}) {}

  Story& Lead(int epoch, std::initializer_list<int> isr, int partition_epoch = 0,
              std::initializer_list<int> replicas = {1, 2, 3}) {
    return Do(BecomeLeader{LeaderEpoch(epoch), PartitionEpoch(partition_epoch), Ids(replicas), Ids(isr), At(now)});
  }
  Story& Follow(int leader, int epoch, int partition_epoch = 0) {
    return Do(BecomeFollower{BrokerId(leader), LeaderEpoch(epoch), PartitionEpoch(partition_epoch), Ids({1, 2, 3})});
  }
  Story& Append(std::int64_t to) { return Do(LogMoved{core.log_start(), Offset(to), At(now)}); }
  Story& Fetch(int broker, std::int64_t offset) {
    return Do(FollowerFetched{BrokerId(broker), Offset(offset), Offset(0), BrokerEpoch(1), At(now)});
  }
  Story& Answer(ErrorCode error, std::initializer_list<int> isr = {}, int partition_epoch = 1, int leader_epoch = -2) {
    const LeaderEpoch epoch = leader_epoch == -2 ? core.leader_epoch() : LeaderEpoch(leader_epoch);
    return Do(IsrAnswered{error, epoch, PartitionEpoch(partition_epoch), Ids(isr), core.leader_epoch(), At(now)});
  }
  Story& TickAt(int ms) {
    now = ms;
    return Do(LagTick{At(now)});
  }
  template <class Event>
  Story& Do(const Event& event) {
    effects.clear();
    core.On(event, effects);
    return *this;
  }

  template <class Effect>
  const Effect* Find() const {
    for (const auto& effect : effects) {
      if (const auto* found = std::get_if<Effect>(&effect)) return found;
    }
    return nullptr;
  }
  std::int64_t hw() const { return core.high_watermark().value; }
  std::vector<BrokerId> proposed() const {
    const auto* found = Find<ProposeIsr>();
    return found == nullptr ? std::vector<BrokerId>{} : found->isr;
  }

  PartitionCore core;
  PartitionEffects effects;
  int now = 1000;
};

TEST(PartitionCore, NewEpochIsNotedAtTheLogEndBeforeAnyAppend) {
  Story story(2, 10, 4);
  story.Lead(5, {1, 2, 3});
  const auto* note = story.Find<NoteEpochStart>();
  ASSERT_NE(note, nullptr);
  EXPECT_EQ(note->epoch, LeaderEpoch(5));
  EXPECT_EQ(note->start, Offset(10));
  EXPECT_EQ(story.hw(), 4);  // the followers of the ISR have not fetched yet: they hold the mark back
}

TEST(PartitionCore, OldOrEqualEpochsChangeNothing) {
  Story story;
  story.Lead(5, {1, 2, 3}, 7);
  for (const int epoch : {-1, 4, 5}) {
    story.Lead(epoch, {1}, 9);
    EXPECT_TRUE(story.effects.empty());
    story.Follow(2, epoch, 9);
    EXPECT_TRUE(story.effects.empty());
  }
  EXPECT_EQ(story.core.isr(), Ids({1, 2, 3}));
  story.Lead(6, {1}, 6);  // an older partition epoch makes the transition a no-op as well
  EXPECT_TRUE(story.effects.empty());
  EXPECT_EQ(story.core.leader_epoch(), LeaderEpoch(5));
}

TEST(PartitionCore, HighWatermarkIsTheLeastOfTheIsr) {
  Story story;
  story.Lead(1, {1, 2, 3}).Append(10);
  EXPECT_EQ(story.hw(), 0);
  story.Fetch(2, 10);
  EXPECT_EQ(story.hw(), 0);
  story.Fetch(3, 6);
  EXPECT_EQ(story.hw(), 6);
  ASSERT_NE(story.Find<SetHighWatermark>(), nullptr);
  story.Fetch(3, 6);
  EXPECT_EQ(story.Find<SetHighWatermark>(), nullptr);  // nothing moved
  story.Fetch(3, 10);
  EXPECT_EQ(story.hw(), 10);
}

TEST(PartitionCore, UnderMinIsrTheMarkNeverMoves) {
  Story story(2);
  story.Lead(1, {1}).Append(10);
  EXPECT_EQ(story.hw(), 0);
  EXPECT_FALSE(story.core.enough_in_sync());
  story.now = 100;
  story.Fetch(2, 10);  // joins the maximal ISR, but the committed one counts here
  EXPECT_EQ(story.proposed(), Ids({1, 2}));
  EXPECT_EQ(story.hw(), 0);
  EXPECT_EQ(story.core.AckVerdict(), ErrorCode::kNone);  // the maximal ISR decides acknowledgements
  story.Answer(ErrorCode::kNone, {1, 2});
  // Follower 3 was never caught up, so it does not hold the mark back.
  EXPECT_EQ(story.hw(), 10);
  EXPECT_NE(story.Find<CheckProduceWaiters>(), nullptr);
}

TEST(PartitionCore, MinIsrIsBoundedByTheAssignment) {
  Story story(3);
  story.Lead(1, {1}, 0, {1});
  EXPECT_EQ(story.core.effective_min_isr(), 1U);
  story.Append(4);
  EXPECT_EQ(story.hw(), 4);
}

TEST(PartitionCore, ACaughtUpFollowerOutsideTheIsrHoldsTheMark) {
  Story story(1);
  story.Lead(1, {1}).Append(5);
  EXPECT_EQ(story.hw(), 5);
  story.Fetch(2, 5);
  EXPECT_EQ(story.proposed(), Ids({1, 2}));
  story.Answer(ErrorCode::kIneligibleReplica);
  EXPECT_EQ(story.core.maximal_isr(), Ids({1}));
  story.Append(9);
  EXPECT_EQ(story.hw(), 5);  // caught up a moment ago and alive
  story.Do(LiveBrokersChanged{Live({1, 3}), At(story.now)});
  EXPECT_EQ(story.hw(), 9);  // dead: no longer eligible
}

TEST(PartitionCore, AFollowerThatWasCaughtUpLongAgoDoesNot) {
  Story story(1);
  story.Lead(1, {1}).Append(5).Fetch(2, 5).Answer(ErrorCode::kOperationNotAttempted);
  story.now += kLag + 1;
  story.Append(9);
  EXPECT_EQ(story.hw(), 9);
}

TEST(PartitionCore, JoiningNeedsTheMarkAndTheStartOfTheEpoch) {
  Story story(1, 20, 10);
  story.Lead(3, {1});
  EXPECT_EQ(story.hw(), 20);
  Story behind(2, 20, 10);
  behind.Lead(3, {1, 3});
  EXPECT_EQ(behind.hw(), 10);
  behind.Fetch(2, 12);  // beyond the mark, below the start of the epoch
  EXPECT_TRUE(behind.proposed().empty());
  behind.Fetch(2, 20);
  EXPECT_EQ(behind.proposed(), Ids({1, 3, 2}));
  behind.Fetch(2, 20);
  EXPECT_TRUE(behind.proposed().empty());  // one change in flight
}

TEST(PartitionCore, DeadFollowersDoNotJoin) {
  Story story(1);
  story.Lead(1, {1}).Do(LiveBrokersChanged{Live({1}), At(1000)}).Fetch(2, 0);
  EXPECT_TRUE(story.proposed().empty());
}

TEST(PartitionCore, AnExpandCountsAtOnceAShrinkOnlyWhenCommitted) {
  Story story(1);
  story.Lead(1, {1, 2}).Append(5).Fetch(2, 5);
  EXPECT_EQ(story.hw(), 5);
  story.Fetch(3, 5);
  EXPECT_EQ(story.core.maximal_isr(), Ids({1, 2, 3}));
  story.Append(8).Fetch(2, 8);
  EXPECT_EQ(story.hw(), 5);  // 3 counts although not committed
  story.Answer(ErrorCode::kNone, {1, 2, 3}, 1).Fetch(3, 8);
  EXPECT_EQ(story.hw(), 8);

  story.Append(12).Fetch(2, 12).TickAt(story.now + kLag + 1);
  EXPECT_EQ(story.proposed(), Ids({1, 2}));
  EXPECT_EQ(story.core.maximal_isr(), Ids({1, 2, 3}));
  EXPECT_EQ(story.hw(), 8);  // not before the controller agrees
  story.Answer(ErrorCode::kNone, {1, 2}, 2);
  EXPECT_EQ(story.hw(), 12);
  EXPECT_EQ(story.core.partition_epoch(), PartitionEpoch(2));
}

TEST(PartitionCore, ShrinkNeedsAFollowerBehindTheLogEnd) {
  Story story(1);
  story.Lead(1, {1, 2}).Append(5).Fetch(2, 5);
  EXPECT_FALSE(story.core.has_lagging_follower());
  story.TickAt(10 * kLag);
  EXPECT_TRUE(story.proposed().empty());  // idle, but at the log end
  story.Append(6);
  EXPECT_TRUE(story.core.has_lagging_follower());
  story.TickAt(story.now);
  EXPECT_EQ(story.proposed(), Ids({1}));
}

TEST(PartitionCore, CatchingUpWithWhereTheLeaderWasCounts) {
  Story story(1);
  story.Lead(1, {1, 2}).Append(5);
  story.now = 20'000;
  story.Fetch(2, 0);  // at 20 s the leader's end was 5
  story.Append(9);
  story.now = 40'000;
  story.Fetch(2, 5);  // had at 40 s what the leader had at 20 s
  story.TickAt(49'000);
  EXPECT_TRUE(story.proposed().empty());
  story.TickAt(50'001);
  EXPECT_EQ(story.proposed(), Ids({1}));
}

struct IsrAnswerCase {
  ErrorCode error;
  bool pending;  // the change stays in flight
  bool resent;
  bool fenced;
};
const IsrAnswerCase kIsrAnswers[] = {
    {ErrorCode::kIneligibleReplica, false, false, false},
    {ErrorCode::kOperationNotAttempted, false, false, false},
    {ErrorCode::kUnknownTopicOrPartition, true, false, false},
    {ErrorCode::kUnknownTopicId, true, false, false},
    {ErrorCode::kInvalidUpdateVersion, true, false, false},
    {ErrorCode::kInvalidRequest, true, false, false},
    {ErrorCode::kNewLeaderElected, true, false, false},
    {ErrorCode::kFencedLeaderEpoch, true, false, true},  // another leader exists: no more appends
    {ErrorCode::kStaleBrokerEpoch, true, false, true},
    {ErrorCode::kNotController, true, true, false},
    {ErrorCode::kUnknownServerError, true, true, false},
};

TEST(PartitionCore, ReactionToEachAnswer) {
  for (const IsrAnswerCase& c : kIsrAnswers) {
    Story story(1);
    story.Lead(1, {1}).Fetch(2, 0).Answer(c.error);
    EXPECT_EQ(story.core.isr_change_in_flight(), c.pending) << c.error;
    EXPECT_EQ(story.proposed().empty(), !c.resent) << c.error;
    EXPECT_EQ(story.core.fenced(), c.fenced) << c.error;
    EXPECT_EQ(story.core.may_append(), !c.fenced) << c.error;
    // Whatever it was, the next leadership starts clean.
    story.Lead(2, {1}, 1);
    EXPECT_FALSE(story.core.isr_change_in_flight());
    EXPECT_TRUE(story.core.may_append());
  }
}

TEST(PartitionCore, SuccessOfAnotherLeadershipIsIgnored) {
  Story story(1);
  story.Lead(3, {1}, 4).Fetch(2, 0);
  story.Answer(ErrorCode::kNone, {1, 2}, 5, /*leader_epoch=*/4);
  EXPECT_TRUE(story.core.isr_change_in_flight());
  story.Answer(ErrorCode::kNone, {1, 2}, 3);  // older partition epoch
  EXPECT_TRUE(story.core.isr_change_in_flight());
  EXPECT_EQ(story.core.isr(), Ids({1}));
  // An answer to a proposal of the leadership before is not taken for this one's.
  story.Lead(4, {1}, 5).Fetch(3, 0);
  story.Do(IsrAnswered{ErrorCode::kNone, LeaderEpoch(4), PartitionEpoch(9), Ids({1, 2}), LeaderEpoch(3), At(0)});
  EXPECT_TRUE(story.core.isr_change_in_flight());
  EXPECT_EQ(story.core.isr(), Ids({1}));
}

TEST(PartitionCore, ReelectionKeepsWhatFollowersHave) {
  Story story(1);
  story.Lead(1, {1, 2}).Append(5).Fetch(2, 5);
  story.Lead(2, {1, 2}, 1);
  EXPECT_EQ(story.core.FindFollower(BrokerId(2))->log_end, Offset(5));
  EXPECT_EQ(story.hw(), 5);
  // After having followed, nothing is known of them.
  story.Follow(2, 3, 2).Lead(4, {1, 2}, 3);
  EXPECT_EQ(story.core.FindFollower(BrokerId(2))->log_end, kNoOffset);
  EXPECT_TRUE(story.core.FindFollower(BrokerId(2))->last_caught_up.has_value());
  EXPECT_FALSE(story.core.FindFollower(BrokerId(3))->last_caught_up.has_value());
}

TEST(PartitionCore, FollowersTakeTheLeadersMarkEvenDownwards) {
  Story story(1, 10, 8);
  story.Follow(2, 1);
  EXPECT_NE(story.Find<StartFetching>(), nullptr);
  EXPECT_NE(story.Find<FailWaiters>(), nullptr);
  story.Do(LeaderHighWatermark{Offset(5)});
  EXPECT_EQ(story.hw(), 5);
  story.Do(LeaderHighWatermark{Offset(50)});
  EXPECT_EQ(story.hw(), 10);  // never beyond what is here
  story.Do(LogMoved{Offset(0), Offset(7), At(0)});
  EXPECT_EQ(story.hw(), 7);
  EXPECT_NE(story.Find<SetHighWatermark>(), nullptr);
}

TEST(PartitionCore, FollowersHaveNoIsr) {
  Story story(1);
  story.Lead(1, {1, 2}).Fetch(3, 0).Follow(2, 2, 1);
  EXPECT_TRUE(story.core.isr().empty());
  EXPECT_TRUE(story.core.followers().empty());
  EXPECT_FALSE(story.core.isr_change_in_flight());
  story.Answer(ErrorCode::kNone, {1, 2, 3}, 9);
  EXPECT_TRUE(story.core.isr().empty());
}

TEST(PartitionCore, EpochsOfRequests) {
  Story story;
  story.Lead(5, {1, 2, 3});
  EXPECT_EQ(story.core.CheckEpoch(LeaderEpoch(-1)), ErrorCode::kNone);
  EXPECT_EQ(story.core.CheckEpoch(LeaderEpoch(5)), ErrorCode::kNone);
  EXPECT_EQ(story.core.CheckEpoch(LeaderEpoch(4)), ErrorCode::kFencedLeaderEpoch);
  EXPECT_EQ(story.core.CheckEpoch(LeaderEpoch(6)), ErrorCode::kUnknownLeaderEpoch);
}

TEST(PartitionCore, FencedUntilTheNextLeadership) {
  Story story(1);
  story.Lead(1, {1}).Do(Fenced{});
  EXPECT_FALSE(story.core.may_append());
  story.Fetch(2, 0);
  EXPECT_TRUE(story.proposed().empty());
  story.Lead(2, {1}, 1);
  EXPECT_TRUE(story.core.may_append());
}

TEST(PartitionCore, StoppedForgetsItsRoleButNotItsEpoch) {
  Story story(1);
  story.Lead(3, {1, 2}).Do(StopReplicating{ErrorCode::kNotLeaderOrFollower});
  EXPECT_EQ(story.core.role(), PartitionRole::kNone);
  EXPECT_EQ(story.core.leader_epoch(), LeaderEpoch(3));
  story.Lead(3, {1, 2});
  EXPECT_EQ(story.core.role(), PartitionRole::kNone);
}

// Any sequence of events keeps the invariants (checked inside), and the mark of a leader never falls.
TEST(PartitionCore, RandomEventsKeepTheInvariants) {
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    SCOPED_TRACE(seed);
    Random random(seed);
    Story story(1 + static_cast<int>(random.Below(3)));
    std::int64_t led = -1;
    for (int step = 0; step < 200; ++step) {
      story.now += static_cast<int>(random.Below(20'000));
      const int epoch = story.core.leader_epoch().value + static_cast<int>(random.Below(3)) - 1;
      const int pepoch = story.core.partition_epoch().value + static_cast<int>(random.Below(3)) - 1;
      const std::int64_t end = story.core.log_end().value;
      const bool was_leader = story.core.is_leader();
      switch (random.Below(9)) {
        case 0: random.Chance(0.5) ? story.Lead(epoch, {1, 2}, pepoch) : story.Lead(epoch, {1, 3, 2}, pepoch); break;
        case 1: story.Follow(2, epoch, pepoch); break;
        case 2: story.Append(end + static_cast<std::int64_t>(random.Below(5))); break;
        case 3:
          if (!was_leader) story.Append(static_cast<std::int64_t>(random.Below(static_cast<std::uint64_t>(end) + 1)));
          break;
        case 4:
        case 5:
          story.Fetch(2 + static_cast<int>(random.Below(2)), static_cast<std::int64_t>(random.Below(end + 1)));
          break;
        case 6: story.TickAt(story.now); break;
        case 7:
          story.Answer(random.Chance(0.7) ? ErrorCode::kNone : ErrorCode::kIneligibleReplica, {1, 2}, pepoch);
          break;
        default: story.Do(LeaderHighWatermark{Offset(static_cast<std::int64_t>(random.Below(end + 3)))}); break;
      }
      if (was_leader && story.core.is_leader()) {
        EXPECT_GE(story.hw(), led);
      }
      led = story.hw();
    }
  }
}

}  // namespace
}  // namespace ottla
