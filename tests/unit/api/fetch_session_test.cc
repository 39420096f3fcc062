#include "broker/api/fetch_session.h"

#include <gtest/gtest.h>

namespace ottla {
namespace {

using Kind = FetchContext::Kind;

MonoTime At(int seconds) { return MonoTime(std::chrono::seconds(seconds)); }

FetchWish Wish(const std::string& topic, int partition, std::int64_t offset = 0) {
  FetchWish wish;
  wish.tp = {topic, partition};
  wish.fetch_offset = offset;
  return wish;
}

FetchSessionCache::Request Full(std::span<const FetchWish> wishes, int id = 0) {
  return {.session_id = id, .session_epoch = 0, .wishes = wishes};
}

TEST(FetchSession, SessionlessRequestsLeaveNothingBehind) {
  FetchSessionCache cache(10, Random(1));
  const FetchWish wish[] = {Wish("t", 0)};
  const FetchContext context = cache.Begin({.session_id = 0, .session_epoch = -1, .wishes = wish}, At(0));
  EXPECT_EQ(context.kind, Kind::kSessionless);
  EXPECT_EQ(context.session_id, 0);
  EXPECT_EQ(cache.size(), 0u);
}

TEST(FetchSession, EpochsCountAndWrapToOne) {
  FetchSessionCache cache(10, Random(1));
  const FetchWish wish[] = {Wish("t", 0)};
  const FetchContext full = cache.Begin(Full(wish), At(0));
  ASSERT_EQ(full.kind, Kind::kFull);
  const int id = full.session_id;
  EXPECT_GT(id, 0);
  EXPECT_EQ(cache.Begin({.session_id = id, .session_epoch = 1}, At(1)).kind, Kind::kIncremental);
  EXPECT_EQ(cache.Begin({.session_id = id, .session_epoch = 1}, At(1)).error, ErrorCode::kInvalidFetchSessionEpoch);
  EXPECT_EQ(cache.Begin({.session_id = id, .session_epoch = 2}, At(1)).kind, Kind::kIncremental);
  EXPECT_EQ(cache.Begin({.session_id = id + 1, .session_epoch = 1}, At(1)).error, ErrorCode::kFetchSessionIdNotFound);
  EXPECT_EQ(cache.Begin({.session_id = id, .session_epoch = 3, .uses_topic_ids = true}, At(1)).error,
            ErrorCode::kFetchSessionTopicIdError);
}

TEST(FetchSession, ADuplicateRequestOvertakesTheFirst) {
  FetchSessionCache cache(10, Random(1));
  const FetchWish wish[] = {Wish("t", 0)};
  const FetchContext full = cache.Begin(Full(wish), At(0));
  EXPECT_FALSE(FetchSessionCache::Overtaken(full));
  (void)cache.Begin({.session_id = full.session_id, .session_epoch = 1}, At(1));
  EXPECT_TRUE(FetchSessionCache::Overtaken(full));
}

TEST(FetchSession, WishesAreAddedReplacedAndForgottenAndTheEmptySessionEnds) {
  FetchSessionCache cache(10, Random(1));
  const FetchWish first[] = {Wish("t", 0), Wish("t", 1)};
  const FetchContext full = cache.Begin(Full(first), At(0));
  const FetchWish more[] = {Wish("t", 1, 77), Wish("u", 0)};
  const FetchWish gone[] = {Wish("t", 0)};
  const FetchContext next =
      cache.Begin({.session_id = full.session_id, .session_epoch = 1, .wishes = more, .forgotten = gone}, At(1));
  ASSERT_EQ(next.session->size(), 2u);
  EXPECT_EQ(next.session->partitions().front().wish.fetch_offset, 77);
  const FetchWish rest[] = {Wish("t", 1), Wish("u", 0)};
  const FetchContext last = cache.Begin({.session_id = full.session_id, .session_epoch = 2, .forgotten = rest}, At(1));
  EXPECT_EQ(last.kind, Kind::kSessionless);
  EXPECT_EQ(last.session_id, 0);
  EXPECT_EQ(cache.size(), 0u);
  EXPECT_TRUE(FetchSessionCache::Overtaken(next)) << "what it watched is gone; it must not look at it any more";
}

TEST(FetchSession, AServedPartitionGoesToTheEnd) {
  FetchSessionCache cache(10, Random(1));
  const FetchWish first[] = {Wish("t", 0), Wish("t", 1)};
  const FetchContext full = cache.Begin(Full(first), At(0));
  full.session->MoveToEnd(&full.session->partitions().front());
  EXPECT_EQ(full.session->partitions().front().wish.tp.partition, 1);
}

TEST(FetchSession, WhenFullTheUnusedGoesThenConsumersYieldToFollowers) {
  FetchSessionCache cache(1, Random(1));
  const FetchWish wish[] = {Wish("t", 0)};
  const int old_id = cache.Begin(Full(wish), At(0)).session_id;
  EXPECT_EQ(cache.Begin(Full(wish), At(60)).kind, Kind::kSessionless) << "the cache is full of one in use";
  FetchSessionCache::Request follower = Full(wish);
  follower.follower = true;
  EXPECT_EQ(cache.Begin(follower, At(60)).kind, Kind::kFull);
  EXPECT_EQ(cache.Begin({.session_id = old_id, .session_epoch = 1}, At(60)).error, ErrorCode::kFetchSessionIdNotFound);
  EXPECT_EQ(cache.Begin(Full(wish), At(181)).kind, Kind::kFull) << "unused for more than two minutes";
}

TEST(FetchSession, OnlyWhatChangedIsMentioned) {
  FetchSessionPartition partition{Wish("t", 0)};
  EXPECT_TRUE(MustMention(partition, 5, 0, false, false, false));
  EXPECT_FALSE(MustMention(partition, 5, 0, false, false, false));
  EXPECT_TRUE(MustMention(partition, 5, 0, true, false, false)) << "records";
  EXPECT_TRUE(MustMention(partition, 6, 0, false, false, false)) << "high watermark";
  EXPECT_TRUE(MustMention(partition, 6, 1, false, false, false)) << "log start";
  EXPECT_TRUE(MustMention(partition, 6, 1, false, false, true)) << "diverging";
  EXPECT_TRUE(MustMention(partition, -1, -1, false, true, false)) << "error";
  EXPECT_TRUE(MustMention(partition, 6, 1, false, false, false)) << "recovered";
}

}  // namespace
}  // namespace ottla
