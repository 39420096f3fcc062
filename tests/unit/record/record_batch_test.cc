// Framing and edits in place, by table.
#include "common/record/record_batch.h"

#include <gtest/gtest.h>

#include "common/record/batch_builder.h"
#include "common/record/record_reader.h"

namespace ottla {
namespace {

std::string OneBatch(const BatchFields& fields = {}, int records = 3) {
  BatchBuilder builder(fields);
  for (int i = 0; i < records; ++i) builder.Append(1000 + i, "key", "value");
  std::string out;
  builder.Build(nullptr, out);
  return out;
}

std::string WithLength(std::string batch, std::int32_t length) {
  StoreI32(batch.data() + kBatchLengthAt, length);
  return batch;
}
std::string WithMagic(std::string batch, char magic) {
  batch[kMagicAt] = magic;
  return batch;
}

TEST(BatchScanner, Table) {
  using enum BatchScanner::Step;
  const std::string good = OneBatch();
  const struct {
    const char* what;
    std::string bytes;
    int batches;
    BatchScanner::Step end;
  } cases[] = {
      {"nothing", "", 0, kEnd},
      {"11 bytes", good.substr(0, 11), 0, kEnd},
      {"16 bytes", good.substr(0, 16), 0, kEnd},
      {"header only", good.substr(0, 61), 0, kEnd},
      {"one byte short", good.substr(0, good.size() - 1), 0, kEnd},
      {"one", good, 1, kEnd},
      {"one and a bit", good + good.substr(0, 30), 1, kEnd},
      {"two", good + good, 2, kEnd},
      {"zeros behind", good + std::string(40, '\0'), 1, kCorrupt},
      {"eleven zeros behind", good + std::string(11, '\0'), 1, kEnd},
      {"length 13", WithLength(good, 13), 0, kCorrupt},
      {"length 48", WithLength(good, 48), 0, kCorrupt},
      {"length -1", WithLength(good, -1), 0, kCorrupt},
      {"length 2 GiB", WithLength(good, 0x7fffffff), 0, kCorrupt},
      {"length beyond the end", WithLength(good, 0x7fffff00), 0, kEnd},
      {"magic 3", WithMagic(good, 3), 0, kCorrupt},
      {"magic -1", WithMagic(good, -1), 0, kCorrupt},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.what);
    BatchScanner scanner(c.bytes);
    BatchFrame frame;
    int batches = 0;
    auto step = scanner.Next(frame);
    for (; step == kBatch; step = scanner.Next(frame)) ++batches;
    EXPECT_EQ(batches, c.batches);
    EXPECT_EQ(step, c.end);
    EXPECT_EQ(scanner.consumed(), static_cast<std::size_t>(c.batches) * good.size());
  }
}

TEST(BatchHeader, AsksForNoMoreThanItNeeds) {
  const std::string v2 = OneBatch();
  std::string v1;
  AppendLegacyMessage(1, Offset(7), 5, TimestampType::kCreateTime, Codec::kNone, "k", "v", v1);
  std::string v0;
  AppendLegacyMessage(0, Offset(7), 5, TimestampType::kCreateTime, Codec::kNone, "k", "v", v0);
  const std::pair<std::string, std::size_t> cases[] = {{v2, 61}, {v1, 26}, {v0, 18}};
  for (const auto& [bytes, needed] : cases) {
    BatchHeader header;
    for (std::size_t size = 0; size < needed; ++size) {
      EXPECT_EQ(ParseBatchHeader(std::string_view(bytes).substr(0, size), header), HeaderParse::kShort) << size;
    }
    EXPECT_EQ(ParseBatchHeader(std::string_view(bytes).substr(0, needed), header), HeaderParse::kOk);
    EXPECT_EQ(header.size, bytes.size());
  }
}

TEST(InPlace, OffsetAndEpochLieOutsideTheCrc) {
  std::string batch = OneBatch();
  SetBaseOffset(batch.data(), Offset(12345));
  SetLeaderEpoch(batch.data(), LeaderEpoch(9));
  const RecordBatchView view(batch);
  EXPECT_TRUE(view.CrcMatches());
  EXPECT_EQ(view.last_offset(), Offset(12347));
  EXPECT_EQ(view.leader_epoch(), LeaderEpoch(9));
}

TEST(InPlace, TimestampsCostACrcOnlyWhenTheyChange) {
  std::string batch = OneBatch();
  StoreI16(batch.data() + kAttributesAt, 0x0100);  // an unused bit survives as long as nothing is rewritten
  UpdateCrc(batch.data(), batch.size());
  const std::string before = batch;
  EXPECT_FALSE(SetTimestamps(batch.data(), batch.size(), TimestampType::kCreateTime, 1002));
  EXPECT_EQ(batch, before);
  EXPECT_TRUE(SetTimestamps(batch.data(), batch.size(), TimestampType::kLogAppendTime, 77));
  const RecordBatchView view(batch);
  EXPECT_TRUE(view.CrcMatches());
  EXPECT_EQ(LoadI16(batch.data() + kAttributesAt), kAppendTimeBit);
  EXPECT_EQ(view.max_timestamp(), 77);
  RecordIterator records(view, view.records());
  for (Record record; records.Next(record) == RecordIterator::Step::kRecord;) EXPECT_EQ(record.timestamp, 77);
}

TEST(Sequence, WrapsToZero) {
  EXPECT_EQ(AdvanceSequence(0, 5), 5);
  EXPECT_EQ(AdvanceSequence(0x7fffffff, 1), 0);
  EXPECT_EQ(AdvanceSequence(0x7ffffffe, 4), 2);
  EXPECT_EQ(AdvanceSequence(0, -1), 0x7fffffff);
}

TEST(Varint, LongestAndTooLong) {
  const auto read = [](std::string_view bytes, std::int32_t& out) {
    const char* p = bytes.data();
    return ReadVarint(p, p + bytes.size(), out) && p == bytes.data() + bytes.size();
  };
  std::int32_t value = 0;
  EXPECT_TRUE(read(std::string_view("\xff\xff\xff\xff\x0f", 5), value));
  EXPECT_EQ(value, std::numeric_limits<std::int32_t>::min());
  EXPECT_TRUE(read(std::string_view("\xff\xff\xff\xff\x7f", 5), value));  // surplus bits are dropped
  EXPECT_EQ(value, std::numeric_limits<std::int32_t>::min());
  EXPECT_FALSE(read(std::string_view("\xff\xff\xff\xff\xff\x0f", 6), value));
  EXPECT_FALSE(read(std::string_view("\xff\xff", 2), value));
  EXPECT_FALSE(read("", value));
  for (const std::int64_t each :
       {0LL, -1LL, 63LL, 64LL, -65LL, 8191LL, 8192LL, 1LL << 40, INT64_MAX + 0LL, INT64_MIN + 0LL}) {
    std::string bytes;
    WriteVarint(bytes, each);
    EXPECT_EQ(bytes.size(), VarintSize(each));
    for (const bool padded : {false, true}) {
      const std::string buffer = bytes + (padded ? "\x81" : "");
      const char* p = buffer.data();
      std::int64_t back = 0;
      ASSERT_TRUE(ReadVarlong(p, p + buffer.size(), back));
      EXPECT_EQ(back, each);
      EXPECT_EQ(p, buffer.data() + bytes.size());
    }
  }
}

TEST(ControlRecord, TolerantOfWhatComesLater) {
  const auto parse = [](std::string_view key, std::string_view value) {
    Record record;
    record.key = key;
    record.value = value;
    return ParseControlRecord(record);
  };
  using namespace std::string_view_literals;
  EXPECT_EQ(parse("\0\0\0\1"sv, "\0\0\0\0\0\7"sv)->coordinator_epoch, 7);
  EXPECT_EQ(parse("\0\1\0\0more"sv, "\0\2\0\0\0\7more"sv)->coordinator_epoch, 7);
  EXPECT_EQ(parse("\0\0\0\2"sv, ""sv)->type, 2);
  EXPECT_FALSE(parse("\0\0\0"sv, "\0\0\0\0\0\7"sv).has_value());
  EXPECT_FALSE(parse("\xff\xff\0\0"sv, "\0\0\0\0\0\7"sv).has_value());
  EXPECT_FALSE(parse("\0\0\0\1"sv, "\0\0\0\0\0"sv).has_value());
  EXPECT_EQ(MakeEndTransactionMarker(1, 2, true, 3, 4).size(), 78U);
}

}  // namespace
}  // namespace ottla
