// Damaged and hostile batches (bad.jsonl) through the reader: it takes what Kafka's consumer takes, refuses what that
// refuses, and gives out the same number of batches and records before it stops. Every cut and a flip of every byte
// must be survived too, with memory bound by the bytes that are there.
#include <gtest/gtest.h>

#include "common/record/record_reader.h"
#include "tests/support/golden.h"

namespace ottla {
namespace {

using nlohmann::json;

constexpr std::size_t kLimit = std::size_t{1} << 20;

struct Read {
  bool ok = true;
  int batches = 0;
  int records = 0;
  RecordFault fault = RecordFault::kNone;
};

Read ReadAllRecords(std::string_view bytes, bool check_crc, CodecContext& codecs) {
  Read out;
  RecordReader reader(codecs, kLimit);
  BatchScanner scanner(bytes);
  BatchFrame frame;
  auto step = scanner.Next(frame);
  for (; step == BatchScanner::Step::kBatch; step = scanner.Next(frame)) {
    ++out.batches;
    Record record;
    const bool opened = (!check_crc || CrcMatches(frame)) && reader.Open(frame) == RecordFault::kNone;
    auto got = opened ? reader.Next(record) : RecordReader::Step::kFault;
    for (; got == RecordReader::Step::kRecord; got = reader.Next(record)) {
      ++out.records;
      RecordHeaders headers = record.headers;
      for (RecordHeader header; headers.Next(header);) {
      }
      EXPECT_EQ(headers.count(), 0);
    }
    if (got == RecordReader::Step::kFault) {
      out.ok = false;
      out.fault = reader.fault();
      return out;
    }
  }
  out.ok = step == BatchScanner::Step::kEnd;
  return out;
}

TEST(BadBatches, ReadAsKafka) {
  CodecContext codecs;
  test::ForEachGolden("bad.jsonl", [&](const json& line) {
    SCOPED_TRACE(line["name"].get<std::string>());
    const Read read = ReadAllRecords(test::FromHex(line["hex"].get<std::string>()), true, codecs);
    EXPECT_EQ(read.ok, line["read_error"].is_null()) << ToString(read.fault);
    // Kafka frames lazily and counts a batch too small for its header as read.
    if (read.batches > 0) {
      EXPECT_EQ(read.batches, line["batches_read"]);
    }
    if (read.ok) {
      EXPECT_EQ(read.records, line["records_read"]);
    } else if (line["read_message"] != "Incorrect declared batch size, premature EOF reached") {
      // (There Kafka stops a record earlier inside a compressed batch than inside a plain one.)
      EXPECT_LE(read.records, line["records_read"].get<int>());
    }
  });
}

TEST(BadBatches, SurviveEveryCutAndFlip) {
  CodecContext codecs;
  test::ForEachGolden("bad.jsonl", [&](const json& line) {
    const std::string bytes = test::FromHex(line["hex"].get<std::string>());
    if (bytes.size() > 400) return;
    for (std::size_t size = 0; size < bytes.size(); size += 3) {
      const std::string cut(bytes.data(), size);
      const Read read = ReadAllRecords(cut, false, codecs);
      EXPECT_LE(read.batches, 3);
    }
    for (std::size_t at = 0; at < bytes.size(); ++at) {
      std::string flipped = bytes;
      flipped[at] = static_cast<char>(flipped[at] ^ (1 << (at % 8)));
      const Read read = ReadAllRecords(flipped, false, codecs);
      EXPECT_LE(read.batches, 3);
    }
  });
}

}  // namespace
}  // namespace ottla
