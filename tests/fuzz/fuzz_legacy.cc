// Spoiled message sets of magic 0 and 1 through reader and the leader's conversion: never a crash, and what a leader
// accepts is one v2 batch with the same keys and values.
#include <vector>

#include "broker/log/append_check.h"
#include "common/base/check.h"
#include "common/record/batch_builder.h"
#include "common/record/record_reader.h"
#include "fuzz_main.h"
#include "tests/support/golden.h"

namespace ottla {
namespace {

constexpr std::size_t kLimit = std::size_t{256} << 10;

struct Sample {
  int magic;
  std::string bytes;
};

std::vector<Sample> LoadSamples() {
  std::vector<Sample> samples;
  for (const char* name : {"records.jsonl", "bad.jsonl"}) {
    test::ForEachGolden(name, [&](const nlohmann::json& line) {
      std::string bytes = test::FromHex(line["hex"].get<std::string>());
      if (bytes.size() > kFramePrefix && (bytes[kMagicAt] == 0 || bytes[kMagicAt] == 1)) {
        samples.push_back({bytes[kMagicAt], std::move(bytes)});
      }
    });
  }
  return samples;
}

using KeyValue = std::pair<std::optional<std::string>, std::optional<std::string>>;

std::optional<std::string> Own(const NullableBytes& bytes) {
  return bytes ? std::optional<std::string>(*bytes) : std::nullopt;
}

// Everything up to the first fault.
std::vector<KeyValue> ReadEverything(std::string_view bytes, AppendScratch& scratch, bool& ok) {
  std::vector<KeyValue> out;
  RecordReader reader(scratch.codecs, kLimit);
  BatchScanner scanner(bytes);
  BatchFrame frame;
  ok = true;
  auto step = scanner.Next(frame);
  for (; step == BatchScanner::Step::kBatch; step = scanner.Next(frame)) {
    ok &= CrcMatches(frame) && reader.Open(frame) == RecordFault::kNone;
    if (!ok) return out;
    Record record;
    auto got = reader.Next(record);
    for (; got == RecordReader::Step::kRecord; got = reader.Next(record)) {
      out.emplace_back(Own(record.key), Own(record.value));
    }
    ok &= got == RecordReader::Step::kEnd;
  }
  ok &= step == BatchScanner::Step::kEnd;
  return out;
}

// A spoiled set, again with sound sizes and checksums: inner messages when wrapped, outer ones else.
std::string Spoil(const Sample& sample, std::string_view other, AppendScratch& scratch, Random& random) {
  if (random.Chance(0.2)) return test::Mutate(sample.bytes, other, random);
  std::string set;
  BatchScanner scanner(sample.bytes);
  BatchFrame frame;
  while (scanner.Next(frame) == BatchScanner::Step::kBatch && frame.header.magic < 2) {
    NullableBytes key;
    NullableBytes value;
    if (!ParseLegacyFields(frame, key, value)) break;
    const std::string spoiled = random.Chance(0.5) ? test::Mutate(std::string(value.value_or("")), other, random)
                                                   : std::string(value.value_or(""));
    const auto codec = static_cast<Codec>(random.Chance(0.9) ? static_cast<int>(frame.header.codec) : random.Below(8));
    AppendLegacyMessage(frame.header.magic, random.Chance(0.9) ? frame.header.base_offset : Offset(random.Next()),
                        frame.header.max_timestamp, frame.header.timestamp_type, codec, key,
                        value ? NullableBytes(spoiled) : value, set);
  }
  if (random.Chance(0.5)) return set;
  if (random.Chance(0.5)) set = test::Mutate(set, other, random);
  const Codec codec = static_cast<Codec>(1 + random.Below(3));
  std::string packed;
  scratch.codecs.Compress(codec, DefaultLevel(codec), sample.magic, set, packed);
  std::string out;
  AppendLegacyMessage(sample.magic, Offset(random.Below(100)), 1000, TimestampType::kCreateTime, codec, std::nullopt,
                      packed, out);
  return out;
}

void CheckLeader(std::string bytes, AppendScratch& scratch, Random& random) {
  AppendRules rules;
  if (random.Chance(0.5)) rules.codec = static_cast<Codec>(random.Below(5));
  rules.max_decompressed_bytes = kLimit;
  AppendSource source;
  source.topic = "t";
  source.produce_version = static_cast<std::int16_t>(random.Below(3));
  CheckedAppend append = CheckAppend(bytes, rules, source, scratch);
  if (!append.ok() || append.empty() || bytes[kMagicAt] == 2) return;
  AssignOffsets(append, Offset(1000), LeaderEpoch(3), 1);
  bool ok = false;
  const std::vector<KeyValue> produced = ReadEverything(bytes, scratch, ok);
  CHECK(ok);
  const std::vector<KeyValue> stored = ReadEverything(append.bytes(), scratch, ok);
  CHECK(ok);
  CHECK(produced == stored);
}

int Run(int argc, char** argv) {
  const std::vector<Sample> samples = LoadSamples();
  AppendScratch scratch;
  return test::FuzzMain(argc, argv, [&](Random& random) {
    const Sample& sample = samples[random.Below(samples.size())];
    const std::string& other = samples[random.Below(samples.size())].bytes;
    std::string bytes = Spoil(sample, other, scratch, random);
    bool ok = false;
    ReadEverything(bytes, scratch, ok);
    CheckLeader(std::move(bytes), scratch, random);
  });
}

}  // namespace
}  // namespace ottla

int main(int argc, char** argv) { return ottla::Run(argc, argv); }
