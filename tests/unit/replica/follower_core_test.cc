#include "broker/replica/follower_core.h"

#include <gtest/gtest.h>

namespace ottla {
namespace {

using Act = FollowerDecision::Act;
using Next = FollowerStep::Kind;

LeaderEpochs Epochs(std::initializer_list<std::pair<int, int>> entries) {
  LeaderEpochs out;
  for (const auto& [epoch, start] : entries) out.Assign(LeaderEpoch(epoch), Offset(start));
  return out;
}
EpochEnd End(int epoch, int end) { return {LeaderEpoch(epoch), Offset(end)}; }

struct CutCase {
  const char* what;
  EpochEnd leader;
  int asked;
  std::initializer_list<std::pair<int, int>> local;
  int log_end;
  int at;
  bool final;
};
const CutCase kCuts[] = {
    {"the leader knows nothing: back to where we asked from", End(-1, -1), 7, {{1, 0}}, 10, 7, true},
    {"an epoch is not given (old protocol)", End(-1, 5), 10, {{1, 0}}, 10, 5, true},
    {"an epoch is not given, beyond our end", End(-1, 15), 10, {{1, 0}}, 10, 10, true},
    {"our cache knows no such epoch", End(5, 6), 10, {{3, 4}}, 10, 6, true},
    {"same epoch, the leader's ends earlier", End(2, 6), 10, {{1, 0}, {2, 4}}, 10, 6, true},
    {"same epoch, ours ends earlier", End(2, 9), 10, {{2, 0}, {3, 7}}, 10, 7, true},
    {"same epoch, both beyond our end", End(2, 19), 10, {{2, 0}}, 10, 10, true},
    {"an epoch we do not have: cut to the end of the one below and ask again",
     End(3, 9),
     10,
     {{1, 0}, {2, 3}, {5, 6}},
     10,
     6,
     false},
    {"the same at the very start", End(2, 9), 10, {{1, 0}, {5, 2}}, 10, 2, false},
};

TEST(FollowerCore, CutRule) {
  for (const CutCase& c : kCuts) {
    const LeaderEpochs epochs = Epochs(c.local);
    const FollowerLog log{Offset(0), Offset(c.log_end), Offset(0), &epochs};
    const auto cut = FollowerCore::CutFor(c.leader, Offset(c.asked), log);
    EXPECT_EQ(cut.at, Offset(c.at)) << c.what;
    EXPECT_EQ(cut.final, c.final) << c.what;
  }
}

TEST(FollowerCore, StartsAtTheLogEndWithEpochsElseAtTheHighWatermark) {
  const LeaderEpochs none;
  const LeaderEpochs some = Epochs({{1, 0}});
  const FollowerLog with{Offset(0), Offset(10), Offset(4), &some};
  const FollowerLog without{Offset(0), Offset(10), Offset(4), &none};
  EXPECT_EQ(FollowerCore::Start(with, true).act, Act::kNone);
  EXPECT_EQ(FollowerCore::Start(without, true).act, Act::kTruncate);
  EXPECT_EQ(FollowerCore::Start(without, true).offset, Offset(4));
  EXPECT_EQ(FollowerCore::Start(with, false).act, Act::kTruncate);
  const FollowerLog empty{Offset(0), Offset(0), Offset(0), &none};
  EXPECT_EQ(FollowerCore::Start(empty, true).act, Act::kNone);
}

struct FetchAnswerCase {
  ErrorCode error;
  Act act;
  Next next;
};
const FetchAnswerCase kFetchAnswers[] = {
    {ErrorCode::kNone, Act::kAppend, Next::kFetch},
    {ErrorCode::kOffsetOutOfRange, Act::kNone, Next::kAskLatest},
    {ErrorCode::kFencedLeaderEpoch, Act::kNone, Next::kFailed},
    {ErrorCode::kUnknownLeaderEpoch, Act::kNone, Next::kBackoff},
    {ErrorCode::kNotLeaderOrFollower, Act::kNone, Next::kBackoff},
    {ErrorCode::kUnknownTopicOrPartition, Act::kNone, Next::kBackoff},
    {ErrorCode::kUnknownTopicId, Act::kNone, Next::kBackoff},
    {ErrorCode::kInconsistentTopicId, Act::kNone, Next::kBackoff},
    {ErrorCode::kKafkaStorageError, Act::kNone, Next::kBackoff},
};

TEST(FollowerCore, ReactionToEachError) {
  const LeaderEpochs epochs = Epochs({{1, 0}});
  const FollowerLog log{Offset(0), Offset(10), Offset(4), &epochs};
  for (const FetchAnswerCase& c : kFetchAnswers) {
    const auto decision = FollowerCore::OnAnswer({.error = c.error, .asked_offset = Offset(10)}, log);
    EXPECT_EQ(decision.act, c.act) << c.error;
    EXPECT_EQ(decision.next, c.next) << c.error;
    // The log has moved since the request: whatever the answer says is about another position.
    const auto stale = FollowerCore::OnAnswer({.error = c.error, .asked_offset = Offset(9)}, log);
    EXPECT_EQ(stale.act, Act::kNone) << c.error;
    EXPECT_EQ(stale.next, Next::kFetch) << c.error;
  }
}

TEST(FollowerCore, DivergenceCutsAndFetchesAgain) {
  const LeaderEpochs epochs = Epochs({{1, 0}, {2, 6}});
  const FollowerLog log{Offset(0), Offset(10), Offset(4), &epochs};
  const auto decision = FollowerCore::OnAnswer({.asked_offset = Offset(10), .diverging = End(1, 8)}, log);
  EXPECT_EQ(decision.act, Act::kTruncate);
  EXPECT_EQ(decision.offset, Offset(6));  // what we hold above is of an epoch the leader never had
  EXPECT_EQ(decision.next, Next::kFetch);
}

TEST(FollowerCore, AnEpochWithoutRecordsIsDroppedByACutAtTheEnd) {
  const LeaderEpochs epochs = Epochs({{1, 0}, {2, 10}});  // led under epoch 2 and never wrote
  const FollowerLog log{Offset(0), Offset(10), Offset(4), &epochs};
  const auto decision = FollowerCore::OnAnswer({.asked_offset = Offset(10), .diverging = End(1, 12)}, log);
  EXPECT_EQ(decision.act, Act::kTruncate);
  EXPECT_EQ(decision.offset, Offset(10));
  // A divergence that leads nowhere is not asked again at once.
  const LeaderEpochs plain = Epochs({{1, 0}});
  const FollowerLog other{Offset(0), Offset(10), Offset(4), &plain};
  const auto odd = FollowerCore::OnAnswer({.asked_offset = Offset(10), .diverging = End(1, 12)}, other);
  EXPECT_EQ(odd.act, Act::kNone);
  EXPECT_EQ(odd.next, Next::kBackoff);
}

TEST(FollowerCore, OutOfRange) {
  const LeaderEpochs epochs = Epochs({{1, 0}});
  const FollowerLog log{Offset(0), Offset(10), Offset(4), &epochs};
  // The leader ends before us: an unclean election.
  auto decision = FollowerCore::OnLatest(ErrorCode::kNone, Offset(7), log);
  EXPECT_EQ(decision.act, Act::kTruncate);
  EXPECT_EQ(decision.offset, Offset(7));
  // It does not: perhaps its old segments went.
  decision = FollowerCore::OnLatest(ErrorCode::kNone, Offset(100), log);
  EXPECT_EQ(decision.next, Next::kAskEarliest);
  decision = FollowerCore::OnEarliest(ErrorCode::kNone, Offset(50), log);
  EXPECT_EQ(decision.act, Act::kRestartAt);
  EXPECT_EQ(decision.offset, Offset(50));
  decision = FollowerCore::OnEarliest(ErrorCode::kNone, Offset(10), log);
  EXPECT_EQ(decision.act, Act::kNone);
  EXPECT_EQ(FollowerCore::OnLatest(ErrorCode::kFencedLeaderEpoch, kNoOffset, log).next, Next::kFailed);
  EXPECT_EQ(FollowerCore::OnLatest(ErrorCode::kNotLeaderOrFollower, kNoOffset, log).next, Next::kBackoff);
  EXPECT_EQ(FollowerCore::OnEarliest(ErrorCode::kUnknownLeaderEpoch, kNoOffset, log).next, Next::kBackoff);
}

}  // namespace
}  // namespace ottla
