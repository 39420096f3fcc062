// Spoiled v2 batches through framing, reader and the leader's checks: never a crash; nothing decompresses beyond its
// limit; and whatever a leader accepts can be read back whole, with the offsets, times and codec it was promised.
#include <vector>

#include "broker/log/append_check.h"
#include "common/base/check.h"
#include "common/record/batch_builder.h"
#include "common/record/down_convert.h"
#include "common/record/record_reader.h"
#include "fuzz_main.h"
#include "tests/support/golden.h"

namespace ottla {
namespace {

constexpr std::size_t kLimit = std::size_t{256} << 10;
constexpr Codec kCodecs[] = {Codec::kNone, Codec::kGzip, Codec::kSnappy, Codec::kLz4, Codec::kZstd};

std::vector<std::string> LoadSamples() {
  std::vector<std::string> samples;
  for (const char* name : {"records.jsonl", "bad.jsonl"}) {
    test::ForEachGolden(name, [&](const nlohmann::json& line) {
      std::string bytes = test::FromHex(line["hex"].get<std::string>());
      if (bytes.size() >= kBatchHeaderSize && bytes[kMagicAt] == 2) samples.push_back(std::move(bytes));
    });
  }
  return samples;
}

// Makes the outermost layers right again, so that the spoiled bytes reach those behind them.
void Repair(std::string& bytes) {
  if (bytes.size() < kBatchHeaderSize) return;
  bytes[kMagicAt] = 2;
  StoreI32(bytes.data() + kBatchLengthAt, static_cast<std::int32_t>(bytes.size() - kLogOverhead));
  SetBaseOffset(bytes.data(), Offset(0));
  UpdateCrc(bytes.data(), bytes.size());
}

// Spoils the records before they are compressed.
std::string SpoilInside(const std::string& sample, std::string_view other, AppendScratch& scratch, Random& random) {
  BatchScanner scanner(sample);
  BatchFrame frame;
  if (scanner.Next(frame) != BatchScanner::Step::kBatch || frame.header.magic != 2) return sample;
  std::string plain(frame.v2().records());
  if (frame.header.codec != Codec::kNone) {
    const RecordFault fault = scratch.codecs.Decompress(frame.header.codec, 2, plain, kLimit, scratch.plain);
    if (fault != RecordFault::kNone) return sample;
    plain = scratch.plain.view();
  }
  plain = test::Mutate(plain, other, random);
  const Codec codec = kCodecs[random.Below(std::size(kCodecs))];
  std::string out(frame.bytes.substr(0, kBatchHeaderSize));
  StoreI16(out.data() + kAttributesAt,
           static_cast<std::int16_t>((LoadI16(out.data() + kAttributesAt) & ~kCodecMask) | static_cast<int>(codec)));
  if (codec == Codec::kNone) {
    out += plain;
  } else {
    scratch.codecs.Compress(codec, DefaultLevel(codec), 2, plain, out);
  }
  return out;
}

void ReadEverything(std::string_view bytes, AppendScratch& scratch) {
  RecordReader reader(scratch.codecs, kLimit);
  BatchScanner scanner(bytes);
  BatchFrame frame;
  while (scanner.Next(frame) == BatchScanner::Step::kBatch) {
    CHECK_LE(scanner.consumed(), bytes.size());
    (void)CrcMatches(frame);
    if (reader.Open(frame) != RecordFault::kNone) continue;
    std::size_t seen = 0;
    for (Record record; reader.Next(record) == RecordReader::Step::kRecord;) {
      seen += record.key.value_or("").size() + record.value.value_or("").size();
      RecordHeaders headers = record.headers;
      for (RecordHeader header; headers.Next(header);) seen += header.key.size() + header.value.value_or("").size();
      CHECK_EQ(headers.count(), 0);
      (void)ParseControlRecord(record);
    }
    CHECK_LE(seen, std::max(kLimit, bytes.size()));
  }
}

// What is made for an old consumer is sound, whatever it was made from.
void CheckDownConversion(std::string_view bytes, AppendScratch& scratch, Random& random) {
  RecordReader reader(scratch.codecs, kLimit);
  std::string out;
  const int magic = static_cast<int>(random.Below(2));
  const DownConverted result = DownConvert(bytes, magic, Offset(0), SIZE_MAX, reader, scratch.codecs, out);
  CHECK_LE(result.consumed, bytes.size());
  RecordReader again(scratch.codecs, kNoDecompressLimit);
  BatchScanner scanner(out);
  BatchFrame frame;
  std::int64_t records = 0;
  while (scanner.Next(frame) == BatchScanner::Step::kBatch) {
    CHECK(frame.header.magic <= magic);
    if (frame.header.magic < magic) return;                                     // copied as it was
    if (!CrcMatches(frame) || again.Open(frame) != RecordFault::kNone) return;  // so was this
    for (Record record; again.Next(record) == RecordReader::Step::kRecord;) ++records;
  }
  CHECK_EQ(scanner.consumed(), out.size());
  CHECK_GE(records, result.records_converted);
}

AppendRules RandomRules(Random& random) {
  AppendRules rules;
  if (random.Chance(0.5)) rules.codec = kCodecs[random.Below(std::size(kCodecs))];
  if (random.Chance(0.3)) rules.timestamp_type = TimestampType::kLogAppendTime;
  if (random.Chance(0.2)) rules.timestamp_before_max_ms = static_cast<std::int64_t>(random.Next() >> random.Below(64));
  if (random.Chance(0.2)) rules.timestamp_after_max_ms = static_cast<std::int64_t>(random.Next() >> random.Below(64));
  if (random.Chance(0.2)) rules.max_message_bytes = static_cast<std::int64_t>(random.Below(500));
  rules.compacted = random.Chance(0.2);
  rules.max_decompressed_bytes = kLimit;
  return rules;
}

void CheckStored(std::string_view stored, const CheckedAppend& append, const AssignedAppend& assigned,
                 AppendScratch& scratch) {
  BatchScanner scanner(stored);
  BatchFrame frame;
  CHECK(scanner.Next(frame) == BatchScanner::Step::kBatch);
  CHECK_EQ(scanner.consumed(), stored.size());
  CHECK(CrcMatches(frame));
  CHECK(frame.header.base_offset == Offset(1000) && frame.header.last_offset == assigned.last_offset);
  CHECK_EQ(Distance(assigned.first_offset, assigned.last_offset) + 1, frame.header.count);
  CHECK(frame.header.timestamp_type == append.timestamp_type);
  RecordReader reader(scratch.codecs, kLimit);
  CHECK(reader.Open(frame) == RecordFault::kNone);
  std::int64_t max_timestamp = kNoTimestamp;
  std::int32_t count = 0;
  Record record;
  auto step = reader.Next(record);
  for (; step == RecordReader::Step::kRecord; step = reader.Next(record), ++count) {
    max_timestamp = std::max(max_timestamp, record.timestamp);
    if (frame.header.codec != Codec::kNone) CHECK_EQ(record.offset, Advance(Offset(1000), count));
  }
  CHECK(step == RecordReader::Step::kEnd) << ToString(reader.fault());
  CHECK_EQ(count, frame.header.count);
  (void)max_timestamp;  // a client's append-time bit makes it differ from the field; see append_check_test
}

void CheckLeader(std::string bytes, AppendScratch& scratch, Random& random) {
  const AppendRules rules = RandomRules(random);
  AppendSource source;
  source.topic = "t";
  source.now_ms = 1'700'000'000'000;
  source.produce_version = static_cast<std::int16_t>(random.Below(12));
  if (random.Chance(0.1)) source.origin = AppendOrigin::kCoordinator;
  const std::string before = bytes;
  CheckedAppend append = CheckAppend(bytes, rules, source, scratch);
  if (!append.ok()) {
    CHECK(bytes == before) << "a refused request was edited";
    CHECK_LE(append.refusal.record_errors.size(), kMaxRecordErrors);
    return;
  }
  if (append.empty() || source.origin == AppendOrigin::kCoordinator) return;
  CHECK_LE(append.bytes().size(), static_cast<std::size_t>(rules.max_message_bytes));
  const AssignedAppend assigned = AssignOffsets(append, Offset(1000), LeaderEpoch(3), 1'700'000'000'001);
  CheckStored(append.bytes(), append, assigned, scratch);
}

int Run(int argc, char** argv) {
  const std::vector<std::string> samples = LoadSamples();
  AppendScratch scratch;
  return test::FuzzMain(argc, argv, [&](Random& random) {
    const std::string& sample = samples[random.Below(samples.size())];
    const std::string& other = samples[random.Below(samples.size())];
    std::string bytes =
        random.Chance(0.5) ? SpoilInside(sample, other, scratch, random) : test::Mutate(sample, other, random);
    if (random.Chance(0.8)) Repair(bytes);
    ReadEverything(bytes, scratch);
    CheckDownConversion(bytes, scratch, random);
    CheckLeader(std::move(bytes), scratch, random);
  });
}

}  // namespace
}  // namespace ottla

int main(int argc, char** argv) { return ottla::Run(argc, argv); }
