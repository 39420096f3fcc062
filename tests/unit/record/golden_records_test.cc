// Apache Kafka's own batches (records.jsonl): framed, decoded and, where it wrote them without compression, encoded
// again to the same bytes; compressed ones are encoded with our compressors and decoded again.
#include <gtest/gtest.h>

#include <set>

#include "common/record/batch_builder.h"
#include "common/record/record_reader.h"
#include "tests/support/golden.h"
#include "tests/support/record_json.h"

namespace ottla {
namespace {

using nlohmann::json;
using test::Decode;
using test::DecodedBatches;

std::optional<std::string> FromNullableHex(const json& hex) {
  if (hex.is_null()) return std::nullopt;
  return test::FromHex(hex.get<std::string>());
}

Codec CodecNamed(const std::string& name) {
  for (const Codec codec : {Codec::kGzip, Codec::kSnappy, Codec::kLz4, Codec::kZstd}) {
    if (ToString(codec) == name) return codec;
  }
  return Codec::kNone;
}

TimestampType TypeNamed(const std::string& name) {
  return name == "LogAppendTime" ? TimestampType::kLogAppendTime : TimestampType::kCreateTime;
}

std::int64_t Created(const json& line, std::size_t i) {
  return line.contains("created") ? line["created"][i].get<std::int64_t>()
                                  : line["records"][i]["timestamp"].get<std::int64_t>();
}

BatchFields FieldsOf(const json& batch) {
  BatchFields fields;
  fields.base_offset = Offset(batch["base_offset"]);
  fields.leader_epoch = LeaderEpoch(batch["partition_leader_epoch"]);
  fields.codec = CodecNamed(batch["codec"]);
  fields.timestamp_type = TypeNamed(batch["timestamp_type"]);
  fields.append_time = batch["max_timestamp"];
  fields.producer_id = batch["producer_id"];
  fields.producer_epoch = batch["producer_epoch"];
  fields.base_sequence = batch["base_sequence"];
  fields.is_transactional = batch["is_transactional"];
  fields.is_control = batch["is_control"];
  if (!batch["delete_horizon_ms"].is_null()) fields.delete_horizon_ms = batch["delete_horizon_ms"].get<std::int64_t>();
  return fields;
}

std::string EncodeV2(const json& line, CodecContext& codecs) {
  const json& batch = line["batches"][0];
  const BatchFields fields = FieldsOf(batch);
  if (line["records"].empty()) return MakeEmptyBatch(fields, Offset(batch["last_offset"]), batch["max_timestamp"]);
  BatchBuilder builder(fields);
  for (std::size_t i = 0; i < line["records"].size(); ++i) {
    const json& record = line["records"][i];
    const auto key = FromNullableHex(record["key"]);
    const auto value = FromNullableHex(record["value"]);
    std::vector<std::pair<std::string, std::optional<std::string>>> owned;
    for (const json& header : record["headers"]) {
      owned.emplace_back(test::FromHex(header[0].get<std::string>()), FromNullableHex(header[1]));
    }
    std::vector<RecordHeader> headers;
    headers.reserve(owned.size());
    for (const auto& [name, bytes] : owned) headers.push_back({name, bytes ? NullableBytes(*bytes) : std::nullopt});
    builder.Append(Offset(record["offset"]), Created(line, i), key ? NullableBytes(*key) : std::nullopt,
                   value ? NullableBytes(*value) : std::nullopt, headers);
  }
  builder.SetLastOffset(Offset(batch["last_offset"]));
  std::string out;
  builder.Build(&codecs, out);
  return out;
}

std::string EncodeLegacy(const json& line, CodecContext& codecs) {
  LegacyBuilder builder(line["magic"], CodecNamed(line["codec"]), TypeNamed(line["timestamp_type"]),
                        line["max_timestamp"]);
  for (std::size_t i = 0; i < line["records"].size(); ++i) {
    const json& record = line["records"][i];
    const auto key = FromNullableHex(record["key"]);
    const auto value = FromNullableHex(record["value"]);
    builder.Append(Offset(record["offset"]), Created(line, i), key ? NullableBytes(*key) : std::nullopt,
                   value ? NullableBytes(*value) : std::nullopt);
  }
  std::string out;
  builder.Build(&codecs, out);
  return out;
}

// One batch or one legacy set: what our builders make in one go. (Sets of several batches mix formats.)
bool CanEncode(const json& line) {
  if (line["batches"].empty() || line["valid_bytes"] != line["size"]) return false;
  if (line["magic"] == 2) return line["batches"].size() == 1;
  if (line["codec"] != "none" && line["batches"][0]["wrapper_offset"] != line["records"].back()["offset"]) return false;
  std::set<int> magics;
  for (const json& batch : line["batches"]) magics.insert(batch["magic"].get<int>());
  return magics.size() == 1 && (line["codec"] == "none" || line["batches"].size() == 1);
}

TEST(GoldenRecords, DecodeAsKafka) {
  test::ForEachGolden("records.jsonl", [](const json& line) {
    SCOPED_TRACE(line["name"].get<std::string>());
    const DecodedBatches decoded = Decode(test::FromHex(line["hex"].get<std::string>()));
    EXPECT_EQ(decoded.consumed, line["valid_bytes"].get<std::size_t>());
    EXPECT_EQ(decoded.batches, line["batches"]);
    EXPECT_EQ(decoded.records, line["records"]);
    if (line.contains("control")) {
      EXPECT_EQ(decoded.control["type_id"], line["control"]["type_id"]);
      EXPECT_EQ(decoded.control["coordinator_epoch"], line["control"]["coordinator_epoch"]);
    }
  });
}

TEST(GoldenRecords, EncodeAsKafka) {
  int same_bytes = 0;
  int same_records = 0;
  CodecContext codecs;
  test::ForEachGolden("records.jsonl", [&](const json& line) {
    SCOPED_TRACE(line["name"].get<std::string>());
    if (!CanEncode(line)) {
      EXPECT_FALSE(line["reencode"].get<bool>());
      return;
    }
    const std::string bytes = line["magic"] == 2 ? EncodeV2(line, codecs) : EncodeLegacy(line, codecs);
    if (line["reencode"].get<bool>()) {
      ++same_bytes;
      EXPECT_EQ(test::ToHex(bytes), line["hex"].get<std::string>());
      return;
    }
    ++same_records;
    DecodedBatches again = Decode(bytes);
    EXPECT_EQ(again.records, line["records"]);
    ASSERT_EQ(again.batches.size(), 1U);
    json expected = line["batches"][0];
    for (const char* field : {"size", "crc", "wrapper_offset"}) {
      expected.erase(field);
      again.batches[0].erase(field);
    }
    EXPECT_EQ(again.batches[0], expected);
  });
  EXPECT_GT(same_bytes, 0);
  EXPECT_GT(same_records, 0);
}

// `read` decodes one number at the front of the bytes.
template <class Int, class Read>
void ExpectDecodes(const json& expected, const std::string& bytes, Read read) {
  const char* p = bytes.data();
  Int value = 0;
  const bool ok = read(p, bytes.data() + bytes.size(), value);
  ASSERT_EQ(ok, expected.is_number()) << test::ToHex(bytes);
  if (ok) {
    EXPECT_EQ(value, expected.get<Int>()) << test::ToHex(bytes);
  }
}

TEST(GoldenVarints, AsKafka) {
  int seen = 0;
  test::ForEachGolden("hashes.jsonl", [&](const json& line) {
    const std::string kind = line["kind"];
    if (kind != "varint" && kind != "varlong" && kind != "decode_varint") return;
    ++seen;
    const std::string bytes = test::FromHex(line["hex"].get<std::string>());
    const bool decode = kind == "decode_varint";
    if (kind != "varlong") ExpectDecodes<std::int32_t>(line[decode ? "varint" : "value"], bytes, ReadVarint);
    if (kind != "varint") ExpectDecodes<std::int64_t>(line[decode ? "varlong" : "value"], bytes, ReadVarlong);
    if (decode) return;
    std::string written;
    WriteVarint(written, line["value"].get<std::int64_t>());
    EXPECT_EQ(test::ToHex(written), line["hex"].get<std::string>());
  });
  EXPECT_GT(seen, 100);
}

}  // namespace
}  // namespace ottla
