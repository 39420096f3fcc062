// Segments that Apache Kafka wrote (fixtures): every batch as kafka-dump-log describes it, and every record that a
// consumer got from them.
#include <gtest/gtest.h>

#include <filesystem>
#include <map>

#include "common/record/record_reader.h"
#include "tests/support/golden.h"
#include "tests/support/tar.h"

namespace ottla {
namespace {

using nlohmann::json;

void ForEachLine(const std::string& path, const std::function<void(const json&)>& each) {
  if (!std::filesystem::exists(path)) return;  // not every fixture was consumed
  const std::string text = test::ReadAll(path);
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    each(json::parse(text.substr(at, end - at)));
    at = end + 1;
  }
}

using LogKey = std::pair<std::string, std::int64_t>;  // "topic-partition", offset

struct Fixture {
  std::map<std::string, json> batches;  // by file
  std::map<LogKey, json> records;
};

// Torn files hold other records than the consumer got from them before; diverged replicas nobody read.
bool IsWhole(const std::string& base) {
  const std::string plain = base + ".expected.json";
  const json expected = json::parse(test::ReadAll(std::filesystem::exists(plain) ? plain : plain + ".gz"));
  return expected.contains("live") && (!expected.contains("damage") || expected.contains("recovery_log"));
}

Fixture Load(const std::string& base) {
  Fixture out;
  ForEachLine(base + ".dump.jsonl.gz", [&](const json& line) {
    if (line.contains("batches")) out.batches[line["file"]] = line["batches"];
  });
  ForEachLine(base + ".records.jsonl.gz", [&](const json& line) {
    out.records[{line["t"].get<std::string>() + "-" + line["p"].dump(), line["o"].get<std::int64_t>()}] = line;
  });
  return out;
}

std::string TimestampKey(TimestampType type) {
  return type == TimestampType::kNone         ? "NoTimestampType"
         : type == TimestampType::kCreateTime ? "CreateTime"
                                              : "LogAppendTime";
}

void ExpectHeader(const BatchFrame& frame, std::size_t position, const json& expected) {
  const BatchHeader& h = frame.header;
  EXPECT_EQ(position, expected["position"].get<std::size_t>());
  EXPECT_EQ(h.size, expected["size"].get<std::uint64_t>());
  EXPECT_EQ(h.magic, expected["magic"].get<int>());
  EXPECT_EQ(h.crc, expected["crc"].get<std::uint32_t>());
  EXPECT_EQ(ToString(h.codec), expected["compresscodec"].get<std::string>());
  EXPECT_EQ(h.max_timestamp, expected[TimestampKey(h.timestamp_type)].get<std::int64_t>());
  EXPECT_EQ(CrcMatches(frame), expected["isvalid"].get<bool>());
  if (h.magic < 2) return;
  EXPECT_EQ(h.base_offset.value, expected["baseOffset"].get<std::int64_t>());
  EXPECT_EQ(h.last_offset.value, expected["lastOffset"].get<std::int64_t>());
  EXPECT_EQ(h.count, expected["count"].get<std::int32_t>());
  EXPECT_EQ(h.base_sequence, expected["baseSequence"].get<std::int32_t>());
  EXPECT_EQ(h.last_sequence, expected["lastSequence"].get<std::int32_t>());
  EXPECT_EQ(h.producer_id, expected["producerId"].get<std::int64_t>());
  EXPECT_EQ(h.producer_epoch, expected["producerEpoch"].get<int>());
  EXPECT_EQ(h.leader_epoch.value, expected["partitionLeaderEpoch"].get<std::int32_t>());
  EXPECT_EQ(h.is_transactional, expected["isTransactional"].get<bool>());
  EXPECT_EQ(h.is_control, expected["isControl"].get<bool>());
}

// Bytes as hex under `name`, else their length under name_len.
void ExpectBytes(const NullableBytes& bytes, const json& record, const std::string& name) {
  if (record.contains(name)) {
    EXPECT_EQ(bytes ? json(test::ToHex(*bytes)) : json(nullptr), record[name]);
  } else if (record.contains(name + "_len")) {
    EXPECT_EQ(bytes.value_or("").size(), record[name + "_len"].get<std::size_t>());
  }
}

void ExpectHeaders(const Record& record, const json& expected) {
  json headers = json::array();
  RecordHeaders left = record.headers;
  for (RecordHeader header; left.Next(header);) {
    headers.push_back({std::string(header.key), header.value ? json(test::ToHex(*header.value)) : json(nullptr)});
  }
  EXPECT_EQ(headers, expected.value("h", json::array()));
}

class FixtureLogs : public ::testing::Test {
 protected:
  void ReadRecords(const BatchFrame& frame, const std::string& tp, const Fixture& fixture) {
    ASSERT_EQ(reader_.Open(frame), RecordFault::kNone);
    std::int32_t count = 0;
    Record record;
    auto step = reader_.Next(record);
    for (; step == RecordReader::Step::kRecord; step = reader_.Next(record), ++count) {
      const auto expected = fixture.records.find({tp, record.offset.value});
      if (frame.header.is_control || expected == fixture.records.end()) continue;
      ++compared_;
      EXPECT_EQ(record.timestamp, expected->second["ts"].get<std::int64_t>());
      ExpectBytes(record.key, expected->second, "k");
      ExpectBytes(record.value, expected->second, "v");
      ExpectHeaders(record, expected->second);
    }
    EXPECT_EQ(step, RecordReader::Step::kEnd);
    if (frame.header.magic == 2) {
      EXPECT_EQ(count, frame.header.count);
    }
  }

  void CheckLog(const std::string& file, std::string_view bytes, const Fixture& fixture, bool compare_records) {
    SCOPED_TRACE(file);
    const auto found = fixture.batches.find(file);
    if (found == fixture.batches.end()) return;
    const std::string tp = std::filesystem::path(file).parent_path().filename();
    BatchScanner scanner(bytes);
    BatchFrame frame;
    std::size_t position = 0;
    for (const json& expected : found->second) {
      if (scanner.Next(frame) != BatchScanner::Step::kBatch) {
        EXPECT_FALSE(expected["isvalid"].get<bool>());
        return;
      }
      ExpectHeader(frame, position, expected);
      position = scanner.consumed();
      ++batches_;
      if (compare_records && expected["isvalid"].get<bool>()) ReadRecords(frame, tp, fixture);
    }
  }

  CodecContext codecs_;
  RecordReader reader_{codecs_, kNoDecompressLimit};
  int batches_ = 0;
  int compared_ = 0;
};

TEST_F(FixtureLogs, AsDumpedAndConsumed) {
  for (const auto& entry : std::filesystem::directory_iterator(test::FixturesDir())) {
    const std::string path = entry.path();
    if (!path.ends_with(".tar.gz")) continue;
    const std::string base = path.substr(0, path.size() - 7);
    const std::string root = std::filesystem::path(base).filename().string() + "/";
    SCOPED_TRACE(root);
    const Fixture fixture = Load(base);
    const bool whole = IsWhole(base);
    test::ForEachInTar(test::ReadAll(path), [&](const std::string& name, std::string_view bytes) {
      if (!name.ends_with(".log")) return;
      CheckLog(name.starts_with(root) ? name.substr(root.size()) : name, bytes, fixture, whole);
    });
  }
  EXPECT_GT(batches_, 1000);
  EXPECT_GT(compared_, 1000);
}

}  // namespace
}  // namespace ottla
