// The leader's checks against Kafka's: what it stored (appends.jsonl) and what it refused (bad.jsonl).
#include "broker/log/append_check.h"

#include <gtest/gtest.h>

#include "common/record/batch_builder.h"
#include "tests/support/golden.h"
#include "tests/support/record_json.h"

namespace ottla {
namespace {

using nlohmann::json;
using test::DecodedBatches;

constexpr std::int64_t kNow = 1'700'001'000'000;
constexpr Offset kLogEnd{1000};
constexpr LeaderEpoch kEpoch{5};

std::int64_t RuleNumber(const json& config, const char* name, std::int64_t fallback) {
  return config.contains(name) ? std::stoll(config[name].get<std::string>()) : fallback;
}

AppendRules RulesOf(const json& config) {
  AppendRules rules;
  const std::string compression = config.value("compression.type", "producer");
  if (compression == "uncompressed") rules.codec = Codec::kNone;
  for (const Codec codec : {Codec::kGzip, Codec::kSnappy, Codec::kLz4, Codec::kZstd}) {
    if (ToString(codec) == compression) rules.codec = codec;
  }
  if (config.value("message.timestamp.type", "CreateTime") == "LogAppendTime") {
    rules.timestamp_type = TimestampType::kLogAppendTime;
  }
  rules.timestamp_before_max_ms = RuleNumber(config, "message.timestamp.before.max.ms", rules.timestamp_before_max_ms);
  rules.timestamp_after_max_ms = RuleNumber(config, "message.timestamp.after.max.ms", rules.timestamp_after_max_ms);
  rules.max_message_bytes = RuleNumber(config, "max.message.bytes", rules.max_message_bytes);
  rules.compacted = config.value("cleanup.policy", "delete") == "compact";
  return rules;
}

AppendSource SourceOf(const json& line) {
  AppendSource source;
  source.produce_version = line["produce_version"];
  source.topic = "t";
  source.now_ms = line.value("now", kNow);
  return source;
}

json WithoutSizes(json batches) {
  for (json& batch : batches) {
    batch.erase("size");
    batch.erase("crc");
  }
  return batches;
}

void ExpectStored(const json& line, CheckedAppend& checked) {
  const AssignedAppend assigned = AssignOffsets(checked, Offset(line.value("log_end_offset", 1000)),
                                                LeaderEpoch(line.value("leader_epoch", 5)), line.value("now", kNow));
  EXPECT_EQ(assigned.first_offset.value, line["first_offset"]);
  EXPECT_EQ(assigned.last_offset.value, line["last_offset"]);
  EXPECT_EQ(assigned.max_timestamp, line["max_timestamp"]);
  EXPECT_EQ(assigned.log_append_time, line["log_append_time"]);
  EXPECT_EQ(assigned.offset_of_max_timestamp, assigned.last_offset);
  const std::string stored = test::FromHex(line["stored_hex"].get<std::string>());
  const DecodedBatches expected = test::Decode(stored);
  const DecodedBatches actual = test::Decode(checked.bytes());
  ASSERT_EQ(expected.batches.size(), 1U);
  EXPECT_EQ(actual.records, expected.records);
  EXPECT_EQ(WithoutSizes(actual.batches), WithoutSizes(expected.batches));
  const bool compressed = expected.batches[0]["is_compressed"];
  if (!compressed || checked.rewritten.empty()) {
    EXPECT_EQ(test::ToHex(checked.bytes()), test::ToHex(stored));
  }
}

json ErrorsJson(const std::vector<RecordError>& errors) {
  json out = json::array();
  for (const RecordError& error : errors)
    out.push_back({{"batch_index", error.batch_index}, {"message", error.message}});
  return out;
}

// Sizes after compression depend on the compressor: Kafka's verdict on a rewritten batch near the limit may differ.
bool TooCloseToTell(const json& line, const AppendRules& rules) {
  const auto in_size = static_cast<std::int64_t>(line["in_hex"].get<std::string>().size() / 2);
  return line["produce_error"] == "MESSAGE_TOO_LARGE" && in_size <= rules.max_message_bytes;
}

TEST(AppendCheck, StoresAsKafka) {
  int checked_count = 0;
  AppendScratch scratch;
  test::ForEachGolden("appends.jsonl", [&](const json& line) {
    SCOPED_TRACE(line["name"].get<std::string>());
    std::string bytes = test::FromHex(line["in_hex"].get<std::string>());
    const AppendRules rules = RulesOf(line["topic_config"]);
    CheckedAppend checked = CheckAppend(bytes, rules, SourceOf(line), scratch);
    if (TooCloseToTell(line, rules) && checked.ok()) return;
    ++checked_count;
    ASSERT_EQ(ToString(checked.refusal.code), line["produce_error"].get<std::string>()) << checked.refusal.reason;
    if (checked.ok()) return ExpectStored(line, checked);
    EXPECT_EQ(ErrorsJson(checked.refusal.record_errors), line.value("record_errors", json::array()));
    EXPECT_EQ(checked.refusal.message.has_value(), line.contains("record_errors"));
    if (checked.refusal.message) {
      EXPECT_EQ(*checked.refusal.message, line["produce_message"].get<std::string>());
    }
  });
  EXPECT_GT(checked_count, 150);
}

bool IsRefusedLike(const json& line, ErrorCode code) {
  const std::string expected = line["produce_error"];
  if (expected == "UNKNOWN_SERVER_ERROR" || expected == "NONE") {
    return code == ErrorCode::kCorruptMessage || code == ErrorCode::kInvalidRecord ||
           code == ErrorCode::kMessageTooLarge;
  }
  return ToString(code) == expected;
}

TEST(AppendCheck, RefusesAsKafkaOrBetter) {
  AppendScratch scratch;
  test::ForEachGolden("bad.jsonl", [&](const json& line) {
    SCOPED_TRACE(line["name"].get<std::string>());
    std::string bytes = test::FromHex(line["hex"].get<std::string>());
    CheckedAppend checked = CheckAppend(bytes, AppendRules(), SourceOf(line), scratch);
    const bool accepted = line["produce_error"] == "NONE" && line.value("stored_readable", true);
    ASSERT_EQ(checked.ok(), accepted) << checked.refusal.reason;
    if (accepted) return ExpectStored(line, checked);
    EXPECT_TRUE(IsRefusedLike(line, checked.refusal.code)) << checked.refusal.code << ": " << checked.refusal.reason;
    if (line.contains("produce_stage") && line["produce_error"] != "UNKNOWN_SERVER_ERROR") {
      EXPECT_EQ(checked.refusal.before_leadership, line["produce_stage"] == "request");
    }
    EXPECT_EQ(test::ToHex(bytes), line["hex"].get<std::string>()) << "a refused request was edited";
    EXPECT_EQ(checked.refusal.record_errors.size(), line.value("record_errors", json::array()).size());
  });
}

std::string Batch(const BatchFields& fields, int records, bool keys = true) {
  CodecContext codecs;
  BatchBuilder builder(fields);
  for (int i = 0; i < records; ++i) builder.Append(100 + i, keys ? NullableBytes("key") : std::nullopt, "value");
  std::string out;
  builder.Build(&codecs, out);
  return out;
}

AppendSource Version(int version) {
  AppendSource source;
  source.produce_version = static_cast<std::int16_t>(version);
  source.topic = "t";
  source.now_ms = kNow;
  return source;
}

TEST(AppendCheck, UsualBatchIsNeitherCopiedNorSummedAgain) {
  AppendScratch scratch;
  for (const Codec codec : {Codec::kNone, Codec::kGzip, Codec::kSnappy, Codec::kLz4, Codec::kZstd}) {
    BatchFields fields;
    fields.codec = codec;
    std::string bytes = Batch(fields, 10);
    const std::uint32_t crc = RecordBatchView(bytes).crc();
    CheckedAppend checked = CheckAppend(bytes, AppendRules(), Version(9), scratch);
    ASSERT_TRUE(checked.ok()) << checked.refusal.reason;
    AssignOffsets(checked, kLogEnd, kEpoch, kNow);
    EXPECT_EQ(checked.bytes().data(), bytes.data());
    EXPECT_EQ(checked.bytes().size(), bytes.size());
    EXPECT_EQ(checked.header.crc, crc);
    EXPECT_EQ(checked.header.count, 10);
    EXPECT_EQ(checked.header.last_offset, Offset(1009));
  }
}

TEST(AppendCheck, OffsetsCanBeAssignedAgain) {
  AppendScratch scratch;
  AppendRules rules;
  rules.timestamp_type = TimestampType::kLogAppendTime;
  std::string bytes = Batch({}, 2);
  CheckedAppend checked = CheckAppend(bytes, rules, Version(9), scratch);
  AssignOffsets(checked, Offset(5), LeaderEpoch(1), 1000);
  const AssignedAppend second = AssignOffsets(checked, Offset(7), LeaderEpoch(2), 2000);
  const RecordBatchView view(checked.bytes());
  EXPECT_TRUE(view.CrcMatches());
  EXPECT_EQ(view.base_offset(), Offset(7));
  EXPECT_EQ(view.leader_epoch(), LeaderEpoch(2));
  EXPECT_EQ(view.max_timestamp(), 2000);
  EXPECT_EQ(second.log_append_time, 2000);
}

TEST(AppendCheck, ZstdNeedsProduce7) {
  AppendScratch scratch;
  BatchFields fields;
  fields.codec = Codec::kZstd;
  for (const int version : {3, 6, 7, 11}) {
    std::string bytes = Batch(fields, 1);
    const CheckedAppend checked = CheckAppend(bytes, AppendRules(), Version(version), scratch);
    EXPECT_EQ(checked.refusal.code, version < 7 ? ErrorCode::kUnsupportedCompressionType : ErrorCode::kNone);
    EXPECT_EQ(checked.refusal.before_leadership, version < 7);
  }
}

TEST(AppendCheck, CoordinatorsWriteMarkersAndAreNotRecompressed) {
  AppendScratch scratch;
  AppendSource source = Version(9);
  source.origin = AppendOrigin::kCoordinator;
  AppendRules rules;
  rules.codec = Codec::kGzip;
  rules.compacted = true;
  std::string marker = MakeEndTransactionMarker(5, 1, true, 3, 1000);
  const CheckedAppend checked = CheckAppend(marker, rules, source, scratch);
  ASSERT_TRUE(checked.ok()) << checked.refusal.reason;
  EXPECT_EQ(checked.bytes().data(), marker.data());
  EXPECT_TRUE(checked.header.is_control);
}

TEST(AppendCheck, EmptySetOfAnOldClientIsFine) {
  AppendScratch scratch;
  std::string nothing;
  const CheckedAppend checked = CheckAppend(nothing, AppendRules(), Version(2), scratch);
  EXPECT_TRUE(checked.ok() && checked.empty());
}

TEST(AppendCheck, BombsAreRefusedAsTooLarge) {
  AppendScratch scratch;
  AppendRules rules;
  rules.max_decompressed_bytes = 10000;
  for (const Codec codec : {Codec::kGzip, Codec::kSnappy, Codec::kLz4, Codec::kZstd}) {
    BatchFields fields;
    fields.codec = codec;
    std::string bytes = Batch(fields, 5000);
    EXPECT_EQ(CheckAppend(bytes, rules, Version(9), scratch).refusal.code, ErrorCode::kMessageTooLarge);
    EXPECT_LE(scratch.plain.capacity(), 10000U);
  }
}

// Many small batches of one request must not each be decompressed to the limit.
TEST(AppendCheck, ARequestsBatchesShareWhatMayBeDecompressed) {
  BatchFields fields;
  fields.codec = Codec::kGzip;
  std::string bytes = Batch(fields, 100);
  AppendScratch scratch;
  ASSERT_TRUE(CheckAppend(bytes, AppendRules(), Version(9), scratch).ok());
  const std::size_t plain = scratch.plain.size();
  scratch.may_decompress = 3 * plain - 1;
  for (const bool fits : {true, true, false, false}) {
    const CheckedAppend checked = CheckAppend(bytes, AppendRules(), Version(9), scratch);
    EXPECT_EQ(checked.refusal.code, fits ? ErrorCode::kNone : ErrorCode::kMessageTooLarge);
  }
  EXPECT_EQ(scratch.may_decompress, 0u);
}

TEST(AppendCheck, ListOfRecordErrorsIsBounded) {
  AppendScratch scratch;
  AppendRules rules;
  rules.compacted = true;
  std::string bytes = Batch({}, 5000, false);
  const CheckedAppend checked = CheckAppend(bytes, rules, Version(9), scratch);
  EXPECT_EQ(checked.refusal.code, ErrorCode::kInvalidRecord);
  EXPECT_EQ(checked.refusal.record_errors.size(), kMaxRecordErrors);
  EXPECT_TRUE(checked.refusal.message->starts_with("One or more records have been rejected due to 5000 record errors"));
}

// Which of several faults is told, in Kafka's order.
TEST(AppendCheck, Precedence) {
  AppendScratch scratch;
  const auto verdict = [&](std::string bytes, const AppendRules& rules) {
    return CheckAppend(bytes, rules, Version(9), scratch).refusal.code;
  };
  AppendRules small;
  small.max_message_bytes = 70;
  std::string broken = Batch({}, 3);
  broken.back() = '\x7f';
  EXPECT_EQ(verdict(broken, small), ErrorCode::kMessageTooLarge);
  EXPECT_EQ(verdict(broken, AppendRules()), ErrorCode::kCorruptMessage);
  SetBaseOffset(broken.data(), Offset(1));
  EXPECT_EQ(verdict(broken, small), ErrorCode::kInvalidRecord);
  AppendRules strict;
  strict.compacted = true;
  strict.timestamp_before_max_ms = 1;
  EXPECT_EQ(verdict(Batch({}, 3, false), strict), ErrorCode::kInvalidRecord);  // a null key hides the old time
  EXPECT_EQ(verdict(Batch({}, 3), strict), ErrorCode::kInvalidTimestamp);
  std::string cut = Batch({}, 3, false);
  StoreI32(cut.data() + kRecordCountAt, 4);
  StoreI32(cut.data() + kLastOffsetDeltaAt, 3);
  UpdateCrc(cut.data(), cut.size());
  const CheckedAppend structure = CheckAppend(cut, strict, Version(9), scratch);
  EXPECT_EQ(structure.refusal.code, ErrorCode::kInvalidRecord);
  EXPECT_TRUE(structure.refusal.record_errors.empty());
  EXPECT_FALSE(structure.refusal.message.has_value());
}

}  // namespace
}  // namespace ottla
