// Tables for the pure parts of a log.
#include <gtest/gtest.h>

#include "broker/log/checkpoint.h"
#include "broker/log/leader_epochs.h"
#include "broker/log/producer_state.h"
#include "broker/log/retention.h"
#include "broker/log/sparse_index.h"
#include "broker/log/txn_index.h"

namespace ottla {
namespace {

LeaderEpochs Epochs(const std::string& text) { return LeaderEpochs::Parse(text).value(); }

TEST(LeaderEpochsTest, AssignKeepsBothColumnsAscending) {
  const struct {
    std::int32_t epoch;
    std::int64_t start;
    const char* after;
  } steps[] = {
      {0, 0, "0\n1\n0 0\n"},        {0, 5, "0\n1\n0 0\n"},        {2, 10, "0\n2\n0 0\n2 10\n"},
      {1, 20, "0\n2\n0 0\n1 20\n"}, {3, 15, "0\n2\n0 0\n3 15\n"}, {-1, 30, "0\n2\n0 0\n3 15\n"},
      {4, -1, "0\n2\n0 0\n3 15\n"}, {3, 12, "0\n2\n0 0\n3 12\n"},
  };
  LeaderEpochs epochs;
  for (const auto& step : steps) {
    const std::string before = epochs.ToText();
    EXPECT_EQ(epochs.Assign(LeaderEpoch(step.epoch), Offset(step.start)), before != step.after);
    EXPECT_EQ(epochs.ToText(), step.after) << step.epoch << " " << step.start;
  }
}

TEST(LeaderEpochsTest, Truncation) {
  auto epochs = Epochs("0\n3\n0 0\n2 10\n5 20\n");
  EXPECT_FALSE(epochs.TruncateFromEnd(Offset(21)));
  EXPECT_TRUE(epochs.TruncateFromEnd(Offset(20)));
  EXPECT_EQ(epochs.ToText(), "0\n2\n0 0\n2 10\n");
  EXPECT_FALSE(epochs.TruncateFromStart(Offset(0)));
  EXPECT_TRUE(epochs.TruncateFromStart(Offset(4)));
  EXPECT_EQ(epochs.ToText(), "0\n2\n0 4\n2 10\n");
  EXPECT_TRUE(epochs.TruncateFromStart(Offset(12)));
  EXPECT_EQ(epochs.ToText(), "0\n1\n2 12\n");
}

TEST(LeaderEpochsTest, EndOffsets) {
  const auto epochs = Epochs("0\n3\n1 5\n3 10\n6 20\n");
  const struct {
    std::int32_t asked, epoch;
    std::int64_t end;
  } cases[] = {{-1, -1, -1}, {0, 0, 5}, {1, 1, 10}, {2, 1, 10}, {3, 3, 20}, {5, 3, 20}, {6, 6, 42}, {7, -1, -1}};
  for (const auto& c : cases) {
    EXPECT_EQ(epochs.EndOffsetFor(LeaderEpoch(c.asked), Offset(42)), (EpochEnd{LeaderEpoch(c.epoch), Offset(c.end)}))
        << c.asked;
  }
  EXPECT_EQ(LeaderEpochs().EndOffsetFor(LeaderEpoch(0), Offset(42)), EpochEnd{});
  EXPECT_EQ(epochs.EpochAt(Offset(4)), std::nullopt);
  EXPECT_EQ(epochs.EpochAt(Offset(19)), LeaderEpoch(3));
}

TEST(CheckpointTest, ReadsWhatKafkaReads) {
  const struct {
    const char* text;
    int entries;  // -1: refused
  } cases[] = {{"", 0},
               {"0\n0\n", 0},
               {"0\n1\na 0 5\n", 1},
               {"0\n1\na  0\t5", 1},
               {"1\n0\n", -1},
               {"0\nx\n", -1},
               {"0\n2\na 0 5\n", -1},
               {"0\n0\na 0 5\n", -1},
               {"0\n1\na 0 x\n", -1},
               {"0\n1\na 0\n", -1},
               {"0\n1\na 0 5 6\n", -1},
               {"0\n-1\n", -1}};
  for (const auto& c : cases) {
    const auto parsed = ParseOffsetCheckpoint(c.text);
    EXPECT_EQ(parsed.ok() ? static_cast<int>(parsed->size()) : -1, c.entries) << c.text;
  }
  EXPECT_EQ(OffsetCheckpointText({{{"b", 1}, Offset(7)}, {{"a", 0}, Offset(5)}}), "0\n2\na 0 5\nb 1 7\n");
}

// Segments of 100 bytes at 0, 10, 20, 30 with largest timestamps 1000, 2000, 3000, 4000; the log ends at 40.
TEST(RetentionTest, WhatMayGo) {
  struct Case {
    std::int64_t log_start, high_watermark, bytes, ms, now;
    bool del;
    std::size_t removed;
  };
  const Case cases[] = {
      {0, 40, -1, -1, 9000, true, 0},    {0, 40, 250, -1, 9000, true, 1},   {0, 40, 200, -1, 9000, true, 2},
      {0, 40, 0, -1, 9000, true, 4},     {0, 25, 0, -1, 9000, true, 2},     {0, 40, -1, 1000, 3001, true, 2},
      {0, 40, -1, 1000, 3000, true, 1},  {0, 40, -1, 1000, 99999, true, 4}, {0, 40, -1, 1000, 99999, false, 0},
      {20, 40, -1, -1, 0, true, 2},      {19, 40, -1, -1, 0, false, 1},     {40, 40, -1, -1, 0, true, 3},
      {0, 40, 150, 1000, 5000, true, 3},
  };
  for (const auto& c : cases) {
    RetentionView view{
        .log_start = Offset(c.log_start), .log_end = Offset(40), .high_watermark = Offset(c.high_watermark)};
    for (int i = 0; i < 4; ++i)
      view.segments.push_back({.base = Offset(i * 10), .size = 100, .timestamp_ms = (i + 1) * 1000});
    LogConfig config;
    config.retention_bytes = c.bytes;
    config.retention_ms = c.ms;
    config.cleanup_delete = c.del;
    EXPECT_EQ(SegmentsToRemove(view, config, c.now), c.removed)
        << c.log_start << " " << c.high_watermark << " " << c.bytes << " " << c.ms << " " << c.now;
  }
}

TEST(SparseIndexTest, PaddingIsNoEntry) {
  for (std::uint64_t real = 0; real < 9; ++real) {
    for (std::uint64_t padding = 0; padding < 9; ++padding) {
      std::vector<OffsetEntry> entries;
      for (std::uint64_t i = 0; i < real; ++i)
        entries.push_back({static_cast<std::uint32_t>(3 * i + 1), static_cast<std::uint32_t>(100 * i)});
      std::string bytes =
          EncodeEntries<OffsetEntry>(entries) + std::string(padding * OffsetEntry::kSize + padding % 3, '\0');
      const auto read = [&](std::span<char> into, std::uint64_t at) -> Result<std::size_t> {
        return bytes.copy(into.data(), into.size(), at);
      };
      ASSERT_EQ(*CountEntries<OffsetEntry>(read, bytes.size(), [] { return Result<bool>(false); }), real);
      OffsetIndex index;
      index.written = real / 2;  // half in the file, half in memory
      for (std::uint64_t i = real / 2; i < real; ++i) index.Append(entries[i]);
      if (real > 0) index.last = entries.back();
      for (std::int64_t key = 0; key < 30; ++key) {
        const auto found = index.Floor(read, key);
        std::optional<OffsetEntry> want;
        for (const auto& entry : entries) {
          if (entry.relative <= key) want = entry;
        }
        ASSERT_TRUE(found.ok());
        EXPECT_EQ(*found, want) << real << " " << key;
      }
    }
  }
}

TEST(TxnIndexTest, CollectsUntilNothingLaterCanMatter) {
  const std::vector<AbortedTxn> rows{{1, Offset(0), Offset(10), Offset(11)},
                                     {2, Offset(5), Offset(20), Offset(15)},
                                     {3, Offset(15), Offset(30), Offset(31)}};
  EXPECT_EQ(*DecodeAbortedTxns(EncodeAbortedTxns(rows), Offset(0)), rows);
  EXPECT_FALSE(DecodeAbortedTxns(EncodeAbortedTxns(rows), Offset(11)).ok()) << "a row below the segment";
  EXPECT_EQ(DecodeAbortedTxns(EncodeAbortedTxns(rows).substr(0, 70), Offset(0))->size(), 2U) << "a torn row";
  std::vector<AbortedTxn> found;
  EXPECT_TRUE(CollectAborted(rows, Offset(0), Offset(8), found));
  EXPECT_EQ(found.size(), 1U);
  found.clear();
  EXPECT_FALSE(CollectAborted(rows, Offset(12), Offset(40), found));
  EXPECT_EQ(found.size(), 2U);
}

// --- Producers.

BatchHeader Batch(std::int64_t producer, std::int16_t epoch, std::int32_t sequence, std::int64_t offset, int count = 1,
                  bool transactional = false) {
  return {.base_offset = Offset(offset),
          .last_offset = Offset(offset + count - 1),
          .is_transactional = transactional,
          .max_timestamp = 1000 + offset,
          .producer_id = producer,
          .producer_epoch = epoch,
          .base_sequence = sequence,
          .last_sequence = AdvanceSequence(sequence, count - 1),
          .count = count};
}

TEST(ProducerStateTest, SequencesOfAClient) {
  ProducerState state;
  state.Apply(Batch(1, 3, 0, 0, 10));
  using enum ProducerCheck;
  const struct {
    BatchHeader batch;
    ProducerCheck want;
  } cases[] = {
      {Batch(1, 3, 10, 10), kOk},
      {Batch(1, 3, 11, 10), kOutOfOrder},
      {Batch(1, 3, 0, 10, 10), kDuplicate},
      {Batch(1, 3, 0, 10, 5), kOutOfOrder},
      {Batch(1, 2, 10, 10), kFenced},
      {Batch(1, 4, 0, 10), kOk},
      {Batch(1, 4, 1, 10), kOutOfOrder},
      {Batch(9, 0, 77, 10), kOk},
      {Batch(1, 3, 10, 10, 1, true), kInvalidTxnState},
  };
  for (const auto& c : cases) {
    EXPECT_EQ(ProducerStaging(state).Check(c.batch, AppendOrigin::kClient, false).check, c.want)
        << c.batch.producer_epoch << " " << c.batch.base_sequence;
  }
  EXPECT_EQ(ProducerStaging(state).Check(Batch(1, 3, 50, 10), AppendOrigin::kCoordinator, false).check, kOk);
  EXPECT_EQ(ProducerStaging(state).Check(Batch(1, 2, 50, 10), AppendOrigin::kReplication, false).check, kOk);
  EXPECT_EQ(ProducerStaging(state).Check(Batch(1, 3, 10, 10, 1, true), AppendOrigin::kClient, true).check, kOk)
      << "verified";
}

TEST(ProducerStateTest, ABurstSeesItsOwnBatches) {
  ProducerState state;
  ProducerStaging staging(state);
  EXPECT_EQ(staging.Check(Batch(1, 0, 5, 0, 5), AppendOrigin::kClient, false).check, ProducerCheck::kOk);
  EXPECT_EQ(staging.Check(Batch(1, 0, 10, 5), AppendOrigin::kClient, false).check, ProducerCheck::kOk);
  EXPECT_EQ(staging.Check(Batch(1, 0, 5, 6, 5), AppendOrigin::kClient, false).check, ProducerCheck::kDuplicate);
  EXPECT_EQ(staging.Check(Batch(1, 0, 12, 6), AppendOrigin::kClient, false).check, ProducerCheck::kOutOfOrder);
  EXPECT_TRUE(state.producers().empty()) << "nothing moves before the write";
}

TEST(ProducerStateTest, SequencesWrapAndFiveBatchesAreRemembered) {
  ProducerState state;
  state.Apply(Batch(1, 0, 2147483646, 0, 2));
  EXPECT_EQ(ProducerStaging(state).Check(Batch(1, 0, 0, 2), AppendOrigin::kClient, false).check, ProducerCheck::kOk);
  for (int i = 0; i < 5; ++i) state.Apply(Batch(1, 0, i, 2 + i));
  EXPECT_TRUE(state.FindDuplicate(Batch(1, 0, 0, 99)));
  EXPECT_FALSE(state.FindDuplicate(Batch(1, 0, 2147483646, 99, 2))) << "the sixth last is forgotten";
}

TEST(ProducerStateTest, MarkersFencingAndTheStableOffset) {
  ProducerState state;
  state.Apply(Batch(1, 0, 0, 0, 1, true));
  state.Apply(Batch(2, 0, 0, 1, 1, true));
  EXPECT_EQ(ProducerStaging(state).Check(Batch(1, 0, 1, 2), AppendOrigin::kClient, false).check,
            ProducerCheck::kInvalidTxnState)
      << "no plain batch inside an open transaction";
  const BatchHeader marker = Batch(1, 1, -1, 2, 1, true);
  const auto ended = state.ApplyMarker(marker, {.commit = false, .coordinator_epoch = 4});
  ASSERT_TRUE(ended);
  EXPECT_TRUE(ended->aborted);
  EXPECT_EQ(state.LastStableAfter(*ended), Offset(1));
  EXPECT_EQ(state.FirstUnstable(), Offset(0)) << "ended, but its marker is not replicated yet";
  state.OnHighWatermark(Offset(2));
  EXPECT_EQ(state.FirstUnstable(), Offset(0));
  state.OnHighWatermark(Offset(3));
  EXPECT_EQ(state.FirstUnstable(), Offset(1));
  EXPECT_TRUE(state.Find(1)->batches.empty()) << "a marker of a newer epoch forgets the batches";
  EXPECT_EQ(
      ProducerStaging(state).CheckMarker(marker, {.commit = true, .coordinator_epoch = 3}, AppendOrigin::kClient).check,
      ProducerCheck::kCoordinatorFenced);
  EXPECT_EQ(ProducerStaging(state).Check(Batch(1, 1, 0, 3), AppendOrigin::kClient, false).check, ProducerCheck::kOk);
  EXPECT_EQ(ProducerStaging(state).Check(Batch(1, 1, 1, 3), AppendOrigin::kClient, false).check,
            ProducerCheck::kOutOfOrder);
}

TEST(ProducerStateTest, SnapshotsKeepTheLastBatchOfEach) {
  ProducerState state;
  for (int i = 0; i < 3; ++i) state.Apply(Batch(1, 0, i, i));
  state.Apply(Batch(2, 5, 0, 3, 4, true));
  const std::string bytes = state.Snapshot();
  EXPECT_EQ(bytes.size(), 10U + 2 * 46);
  const auto read = ProducerState::FromSnapshot(bytes, Offset(7), 0, 1'000'000);
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(read->Find(1)->batches.size(), 1U);
  EXPECT_EQ(read->Find(1)->last_sequence(), 2);
  EXPECT_EQ(*read->Find(2), *state.Find(2));
  EXPECT_EQ(read->FirstOpen(), Offset(3));
  EXPECT_EQ(read->Snapshot(), bytes);
  const auto later = ProducerState::FromSnapshot(bytes, Offset(7), 2'000'000, 1'000'000);
  EXPECT_EQ(later->Find(1), nullptr) << "expired";
  EXPECT_NE(later->Find(2), nullptr) << "its transaction is open";
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    std::string bad = bytes;
    bad[i] = static_cast<char>(bad[i] ^ 0x10);
    EXPECT_FALSE(ProducerState::FromSnapshot(bad, Offset(7), 0, 1'000'000).ok()) << i;
  }
}

}  // namespace
}  // namespace ottla
