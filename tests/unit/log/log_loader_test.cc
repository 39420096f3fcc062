// Opening partition directories whose files contradict each other.
#include "broker/log/log_loader.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "broker/log/segment_files.h"
#include "log_batches.h"
#include "tests/sim/env/sim_files.h"

namespace ottla {
namespace {

constexpr const char* kDir = "/d/orders-0";

class LogLoaderTest : public testing::Test {
 protected:
  LogLoaderTest() { OTTLA_CHECK(files_.CreateDirs(kDir).ok()); }

  // A segment file that begins at `base` and holds batches of these base offsets, `count` records each.
  void WriteSegment(std::int64_t base, const std::vector<std::int64_t>& batches, int count = 2) {
    std::string bytes;
    for (const auto at : batches) bytes += MakeBatch({.base = Offset(at), .count = count});
    OTTLA_CHECK(files_.ReplaceFile(Path(base, kLogSuffix), bytes).ok());
  }
  static std::string Path(std::int64_t base, std::string_view suffix) {
    return SegmentPath(kDir, Offset(base), suffix);
  }
  LoadedLog Load(bool clean = false) {
    auto loaded = LoadLog(files_, kDir, {.config = config_, .clean = clean, .now_ms = 1'700'000'000'000});
    OTTLA_CHECK(loaded.ok()) << loaded.status();
    return std::move(loaded).value();
  }
  std::vector<std::int64_t> Bases(const LoadedLog& log) {
    std::vector<std::int64_t> bases;
    for (const auto& segment : log.segments) bases.push_back(segment.base.value);
    return bases;
  }

  static std::string NotesAbout(const LoadedLog& log, std::string_view what) {
    std::string found;
    for (const auto& note : log.notes) {
      if (note.find(what) != std::string::npos) found += note + "\n";
    }
    return found;
  }

  sim::SimFiles files_{1};
  LogConfig config_;
};

TEST_F(LogLoaderTest, WhatTwoSegmentsClaimEndsTheLogBeforeIt) {
  WriteSegment(0, {0, 2, 4});  // a segment that lost power brought back, or one whose cut it forgot
  WriteSegment(3, {3, 5});
  WriteSegment(7, {7});
  const auto log = Load();
  EXPECT_EQ(log.log_end, Offset(2));
  EXPECT_EQ(Bases(log), std::vector<std::int64_t>({0}));
  EXPECT_NE(NotesAbout(log, Path(0, kLogSuffix)).find("reaches to offset 3, but the next segment begins at 3"),
            std::string::npos);
  for (const auto base : {0, 3, 7}) EXPECT_TRUE(files_.Stat(Path(base, ".log.cut")).ok()) << base;
  EXPECT_EQ(Load().log_end, Offset(2));
}

// The transaction of an abort marker may have begun in an earlier segment than the one whose index is gone.
TEST_F(LogLoaderTest, ARebuiltTransactionIndexKnowsEarlierSegments) {
  OTTLA_CHECK(
      files_
          .ReplaceFile(
              Path(0, kLogSuffix),
              MakeBatch(
                  {.base = Offset(0), .producer_id = 7, .producer_epoch = 0, .sequence = 0, .transactional = true}))
          .ok());
  OTTLA_CHECK(files_.ReplaceFile(Path(1, kLogSuffix), MakeMarker(Offset(1), LeaderEpoch(0), 7, /*commit=*/false)).ok());
  WriteSegment(2, {2});
  config_.producer_expiration_ms = LogConfig::kForever;
  Load();
  const std::string rows = files_.ReadFile(Path(1, kTxnIndexSuffix)).value();
  ASSERT_EQ(rows.size(), kAbortedTxnSize);
  ASSERT_TRUE(files_.Remove(Path(1, kOffsetIndexSuffix)).ok());
  ASSERT_TRUE(files_.Remove(Path(1, kTxnIndexSuffix)).ok());
  Load(/*clean=*/true);
  EXPECT_EQ(files_.ReadFile(Path(1, kTxnIndexSuffix)).value(), rows);
  EXPECT_TRUE(files_.Stat(Path(2, kSnapshotSuffix)).ok()) << "a look into the past removed a later snapshot";
}

TEST_F(LogLoaderTest, AnUnreadableTransactionIndexOfAClosedSegmentIsBuiltAnew) {
  OTTLA_CHECK(
      files_
          .ReplaceFile(
              Path(0, kLogSuffix),
              MakeBatch(
                  {.base = Offset(0), .producer_id = 7, .producer_epoch = 0, .sequence = 0, .transactional = true}) +
                  MakeMarker(Offset(1), LeaderEpoch(0), 7, /*commit=*/false))
          .ok());
  WriteSegment(2, {2});
  config_.producer_expiration_ms = LogConfig::kForever;
  Load();
  const std::string rows = files_.ReadFile(Path(0, kTxnIndexSuffix)).value();
  ASSERT_EQ(rows.size(), kAbortedTxnSize);
  ASSERT_TRUE(files_.ReplaceFile(Path(0, kTxnIndexSuffix), std::string(rows.size(), 'x')).ok());
  const auto log = Load(/*clean=*/true);
  EXPECT_NE(NotesAbout(log, kTxnIndexSuffix), "");
  EXPECT_EQ(files_.ReadFile(Path(0, kTxnIndexSuffix)).value(), rows);
}

// Kafka's names have twenty digits; a file of another name must not take the directory offline.
TEST_F(LogLoaderTest, AStrangersFileIsLeftAlone) {
  WriteSegment(0, {0});
  for (const char* name : {"/5.log", "/5.index", "/notes.log", "/5.snapshot"}) {
    ASSERT_TRUE(files_.ReplaceFile(std::string(kDir) + name, "mine").ok());
  }
  EXPECT_EQ(Bases(Load()), std::vector<std::int64_t>({0}));
  EXPECT_EQ(files_.ReadFile(std::string(kDir) + "/5.log").value(), "mine");
}

TEST_F(LogLoaderTest, ABatchUpToTheNextSegmentIsNoOverlap) {
  WriteSegment(0, {0, 2});
  WriteSegment(4, {4});
  const auto log = Load();
  EXPECT_EQ(log.log_end, Offset(6));
  EXPECT_EQ(Bases(log), std::vector<std::int64_t>({0, 4}));
  EXPECT_EQ(NotesAbout(log, kLogSuffix), "");
}

}  // namespace
}  // namespace ottla
