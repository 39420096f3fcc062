// Opening partition directories whose files contradict each other.
#include "broker/log/log_loader.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "broker/log/segment_files.h"
#include "broker/log/time_lookup.h"
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
  LoadedLog Load(bool clean = false, Offset compacted_to = Offset(0)) {
    auto loaded = LoadLog(
        files_, kDir, {.config = config_, .clean = clean, .compacted_to = compacted_to, .now_ms = 1'700'000'000'000});
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

// A topic that is no longer compacted keeps the holes between its segments, and segments without any batch.
TEST_F(LogLoaderTest, HolesThatCompactionLeftAreNoLostBatches) {
  WriteSegment(0, {});
  WriteSegment(10, {12});
  WriteSegment(20, {20});
  WriteSegment(30, {30});
  const auto log = Load(/*clean=*/false, Offset(30));
  EXPECT_EQ(log.log_end, Offset(32));
  EXPECT_EQ(Bases(log), std::vector<std::int64_t>({0, 10, 20, 30}));
  EXPECT_EQ(NotesAbout(log, kLogSuffix), "");
  const auto cut = Load(/*clean=*/false, Offset(29));
  EXPECT_EQ(cut.log_end, Offset(22)) << "the hole after what was compacted";
  EXPECT_EQ(Bases(cut), std::vector<std::int64_t>({0, 10, 20}));
}

// Compaction removes the first batches of an epoch, or all of them: where it began stays known after a scan.
TEST_F(LogLoaderTest, AScanKeepsEpochsWhoseFirstBatchesAreCompacted) {
  config_.cleanup_compact = true;
  const std::string file = std::string(kDir) + "/leader-epoch-checkpoint";
  ASSERT_TRUE(files_.ReplaceFile(Path(0, kLogSuffix), MakeBatch({.base = Offset(4), .epoch = LeaderEpoch(1)})).ok());
  ASSERT_TRUE(files_.ReplaceFile(Path(6, kLogSuffix), MakeBatch({.base = Offset(7), .epoch = LeaderEpoch(3)})).ok());
  ASSERT_TRUE(files_.ReplaceFile(file, "0\n4\n0 0\n1 2\n2 5\n3 6\n").ok());
  EXPECT_EQ(Load().epochs.ToText(), "0\n4\n0 0\n1 2\n2 5\n3 6\n");
  ASSERT_TRUE(files_.ReplaceFile(file, "0\n3\n0 0\n1 5\n3 8\n").ok());
  EXPECT_EQ(Load().epochs.ToText(), "0\n3\n0 0\n1 4\n3 7\n") << "what the batches contradict goes";
}

// The entry of a segment whose first record is of 1970 is twelve zeros, as padding is.
TEST_F(LogLoaderTest, ATimeIndexMayBeginAtTimeZero) {
  for (const std::size_t padding : {0, 1, 100}) {
    SCOPED_TRACE(padding);
    ASSERT_TRUE(files_.ReplaceFile(Path(0, kLogSuffix), MakeBatch({.base = Offset(0), .timestamp = 0})).ok());
    ASSERT_TRUE(files_.ReplaceFile(Path(1, kLogSuffix), MakeBatch({.base = Offset(1), .timestamp = 5})).ok());
    for (const auto base : {0, 1}) {
      ASSERT_TRUE(files_.ReplaceFile(Path(base, kOffsetIndexSuffix), std::string(padding * 8, '\0')).ok());
      const TimeEntry entry{.timestamp = base == 0 ? 0 : 5, .relative = 0};
      ASSERT_TRUE(files_
                      .ReplaceFile(Path(base, kTimeIndexSuffix),
                                   EncodeEntries<TimeEntry>(std::vector{entry}) + std::string(padding * 12, '\0'))
                      .ok());
    }
    TimeLookup lookup{.files = &files_, .dir = kDir, .segments = Load(/*clean=*/true).segments, .log_start = Offset(0)};
    EXPECT_EQ(FirstAtOrAfter(lookup, 0).value().offset, Offset(0));
    EXPECT_EQ(FirstAtOrAfter(lookup, 1).value().offset, Offset(1)) << "the first segment ends at time 0";
    EXPECT_EQ(files_.ReadFile(Path(0, kTimeIndexSuffix)).value().size(), TimeEntry::kSize);
  }
}

// The first batch that says it has the largest time decides, as in Kafka: one that compaction emptied still says it.
TEST_F(LogLoaderTest, TheLargestTimeOfWhatHasNoTime) {
  const auto largest = [&](const std::string& bytes) {
    OTTLA_CHECK(files_.ReplaceFile(Path(0, kLogSuffix), bytes).ok());
    TimeLookup lookup{.files = &files_, .dir = kDir, .segments = Load().segments, .log_start = Offset(0)};
    return FirstOfLargest(lookup).value();
  };
  std::string v0;
  AppendLegacyMessage(0, Offset(0), kNoTimestamp, TimestampType::kNone, Codec::kNone, std::nullopt, "a", v0);
  EXPECT_EQ(largest(v0).offset, kNoOffset);
  const TimestampedOffset untimed = largest(MakeBatch({.base = Offset(0), .timestamp = kNoTimestamp}));
  EXPECT_EQ(untimed.offset, Offset(0));
  EXPECT_EQ(untimed.timestamp, kNoTimestamp);
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
