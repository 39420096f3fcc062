#include "common/net/cache_probes.h"

#include <gtest/gtest.h>

#include <memory>
#include <vector>

namespace ottla {
namespace {

constexpr std::uint64_t kKiB = 1 << 10;
constexpr std::uint64_t kMebibyte = 1 << 20;

// Endless; the stretch from `cold_from` to `cold_to` is not in memory.
class ProbedFile final : public File {
 public:
  Status WriteAt(std::span<const iovec>, std::uint64_t) override { return Status::Ok(); }
  Result<std::size_t> ReadAt(std::span<char> into, std::uint64_t) const override { return into.size(); }
  Result<std::size_t> TryReadAt(std::span<char> into, std::uint64_t offset) const override {
    probed.push_back(offset);
    if (offset >= cold_from && offset < cold_to) return Status(StatusCode::kUnavailable, "cold");
    return into.size();
  }
  Status Truncate(std::uint64_t) override { return Status::Ok(); }
  Status Sync() override { return Status::Ok(); }
  Result<std::uint64_t> Size() const override { return UINT64_MAX; }

  std::uint64_t cold_from = UINT64_MAX;
  std::uint64_t cold_to = UINT64_MAX;
  mutable std::vector<std::uint64_t> probed;
};

class CacheProbesTest : public testing::Test {
 protected:
  // Sends a range of `length` bytes behind all that were sent before; false: its first byte was cold.
  bool SendRange(std::uint64_t length) {
    FileRange range;
    range.file = file_;
    range.position = sent_to_;
    range.length = length;
    while (range.length > 0) {
      const auto may = probes_.Look(range, range.length, now_);
      if (!may.ok()) return false;
      EXPECT_GE(*may, 1u);
      EXPECT_LE(*may, range.length);
      range.Consume(*may);
      sent_to_ += *may;
    }
    probes_.NextRange(range);
    return true;
  }
  std::size_t ProbesOf(std::uint64_t range, int count) {
    const std::size_t before = file_->probed.size();
    for (int i = 0; i < count; ++i) EXPECT_TRUE(SendRange(range));
    return file_->probed.size() - before;
  }

  const std::shared_ptr<ProbedFile> file_ = std::make_shared<ProbedFile>();
  CacheProbes probes_;
  MonoTime now_ = MonoTime{} + Millis(100'000);
  std::uint64_t sent_to_ = 0;
};

TEST_F(CacheProbesTest, AStreamThatIsInMemoryIsProbedEverLess) {
  EXPECT_EQ(ProbesOf(256 * kKiB, 1), 2u) << "its first page and its last";
  EXPECT_EQ(ProbesOf(4 * kMebibyte, 1), 3u) << "512 KiB, 1 MiB, 2 MiB; what is left counts for the next";
  EXPECT_EQ(ProbesOf(100 * kMebibyte, 1), 25u);
  EXPECT_EQ(ProbesOf(1 * kMebibyte, 40), 10u);
  EXPECT_EQ(ProbesOf(100 * kKiB, 410), 10u) << "small ranges too: bytes are counted, not ranges";
}

TEST_F(CacheProbesTest, WhatIsColdIsNeverSentOverByMoreThanTheWidestSpacing) {
  ProbesOf(64 * kMebibyte, 1);
  file_->cold_from = sent_to_ + kMebibyte;
  while (SendRange(300 * kKiB)) {
  }
  EXPECT_LT(sent_to_, file_->cold_from + 4 * kMebibyte);
}

TEST_F(CacheProbesTest, TheFirstColdByteOfAFreshStreamIsSeenBeforeItIsSent) {
  file_->cold_from = 3 * kMebibyte;
  for (const std::uint64_t length : {64 * kKiB, 100 * kKiB}) {
    SCOPED_TRACE(length);
    probes_ = CacheProbes();
    sent_to_ = file_->cold_from - length;
    EXPECT_TRUE(SendRange(length));
    EXPECT_FALSE(SendRange(length));
    EXPECT_EQ(sent_to_, file_->cold_from);
  }
}

TEST_F(CacheProbesTest, AfterAColdPageEachRangeIsProbedForTenSeconds) {
  ProbesOf(64 * kMebibyte, 1);
  file_->cold_from = sent_to_;
  while (SendRange(kMebibyte)) {
  }
  file_->cold_from = UINT64_MAX;  // it was brought in
  EXPECT_EQ(ProbesOf(kMebibyte, 8), 8u * 5);
  now_ += Millis(9'900);
  EXPECT_EQ(ProbesOf(kMebibyte, 8), 8u * 5);
  now_ += Millis(200);
  ProbesOf(64 * kMebibyte, 1);
  EXPECT_EQ(ProbesOf(kMebibyte, 40), 10u);
}

TEST_F(CacheProbesTest, ARangeElsewhereIsLookedAtWhereItBegins) {
  ProbesOf(64 * kMebibyte, 1);
  FileRange elsewhere;
  elsewhere.file = std::make_shared<ProbedFile>();
  elsewhere.length = 64 * kKiB;
  static_cast<ProbedFile&>(*elsewhere.file).cold_from = 0;
  EXPECT_EQ(probes_.Look(elsewhere, elsewhere.length, now_).status().code(), StatusCode::kUnavailable);

  ProbesOf(64 * kMebibyte, 1);
  sent_to_ += 1;  // the same file, further on
  file_->cold_from = sent_to_;
  EXPECT_FALSE(SendRange(64 * kKiB));
}

TEST_F(CacheProbesTest, FilesByTurnsGoOnEachWhereItEnded) {
  ProbesOf(64 * kMebibyte, 1);
  std::vector<FileRange> readers(6);
  for (FileRange& range : readers) range.file = std::make_shared<ProbedFile>();
  std::size_t probed = 0;
  for (int turn = 0; turn < 8; ++turn) {
    probed = 0;
    for (FileRange& range : readers) {
      range.length = kMebibyte;
      while (range.length > 0) range.Consume(probes_.Look(range, range.length, now_).value());
      probes_.NextRange(range);
      range.position -= 5'000;  // a batch that was not whole comes once more
      probed += static_cast<ProbedFile&>(*range.file).probed.size();
    }
  }
  EXPECT_EQ(probed, 6u + 8u * 6u / 4u) << "where each begins, and one in 4 MiB";
}

TEST_F(CacheProbesTest, FurtherBackThanABatchIsElsewhere) {
  for (const std::uint64_t back : {256 * kKiB, 256 * kKiB + 1}) {
    ProbesOf(64 * kMebibyte, 1);
    file_->probed.clear();
    FileRange range;
    range.file = file_;
    range.position = sent_to_ - back;
    range.length = 64 * kKiB;
    EXPECT_TRUE(probes_.Look(range, range.length, now_).ok());
    EXPECT_EQ(file_->probed.size(), back > 256 * kKiB ? 1U : 0U);
    probes_.NextRange(range);
  }
}

TEST_F(CacheProbesTest, WhatWasAppendedAMomentAgoIsNotProbedAndVouchesForNoOtherRange) {
  FileRange hot;
  hot.file = file_;
  hot.length = 64 * kMebibyte;
  hot.hot_from = 0;
  EXPECT_EQ(probes_.Look(hot, hot.length, now_).value(), hot.length);
  EXPECT_TRUE(file_->probed.empty());
  probes_.NextRange(hot);
  sent_to_ = hot.length + 1;
  file_->cold_from = sent_to_;
  EXPECT_FALSE(SendRange(64 * kKiB));
}

TEST_F(CacheProbesTest, AFreshLookAfterAPause) {
  ProbesOf(64 * kMebibyte, 1);
  now_ += Millis(600);
  file_->cold_from = sent_to_;
  EXPECT_FALSE(SendRange(kMebibyte)) << "the first page";
}

TEST_F(CacheProbesTest, OnlyWhatIsBelowTheColdPageIsSent) {
  file_->cold_from = 600 * kKiB;
  FileRange range;
  range.file = file_;
  range.length = 2 * kMebibyte;
  const auto may = probes_.Look(range, range.length, now_);
  ASSERT_TRUE(may.ok());
  EXPECT_EQ(*may, 256 * kKiB) << "the next probe was at 768 KiB";
  range.Consume(*may);
  const auto more = probes_.Look(range, range.length, now_);
  ASSERT_TRUE(more.ok());
  EXPECT_EQ(*more, 256 * kKiB) << "closer now";
  range.Consume(*more);
  EXPECT_EQ(probes_.Look(range, range.length, now_).status().code(), StatusCode::kUnavailable);
}

}  // namespace
}  // namespace ottla
