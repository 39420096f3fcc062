// What the codec refuses: fields that a version lacks, nulls, and every kind of hostile bytes.
#include "common/protocol/codec.h"

#include <gtest/gtest.h>

#include "common/protocol/api_registry.h"
#include "common/protocol/json_dump.h"
#include "common/protocol/messages/00_produce.h"
#include "common/protocol/messages/01_fetch.h"
#include "common/protocol/messages/03_metadata.h"
#include "common/protocol/messages/11_join_group.h"
#include "common/protocol/messages/68_consumer_group_heartbeat.h"
#include "common/protocol/messages/consumer_protocol.h"
#include "common/protocol/messages/txn_topic.h"
#include "common/protocol/wire.h"
#include "tests/support/golden.h"

namespace ottla {
namespace {

using nlohmann::json;
using namespace std::string_view_literals;

template <class T>
StatusCode EncodeCode(const T& message, std::int16_t version) {
  EncodedBody out;
  return Encode(message, version, &out).code();
}

TEST(Encode, FieldThatTheVersionLacksIsDroppedOnlyIfIgnorable) {
  FetchRequest request;
  request.rack_id = "r";  // since 11, ignorable
  EXPECT_EQ(EncodeCode(request, 4), StatusCode::kOk);
  request.forgotten_topics_data.push_back({.topic = "t"});  // since 7, not ignorable
  EXPECT_EQ(EncodeCode(request, 7), StatusCode::kOk);
  EXPECT_EQ(EncodeCode(request, 6), StatusCode::kUnsupported);
}

TEST(Encode, StructThatTheVersionLacksIsComparedFieldByField) {
  FetchRequest request;
  EXPECT_EQ(EncodeCode(request, 12), StatusCode::kOk);
  request.replica_state.replica_epoch = 5;  // the tagged struct of 15 and above, not ignorable
  EXPECT_EQ(EncodeCode(request, 15), StatusCode::kOk);
  EXPECT_EQ(EncodeCode(request, 14), StatusCode::kUnsupported);
}

TEST(Encode, VersionsOutsideTheRange) {
  EXPECT_EQ(EncodeCode(FetchRequest{}, -1), StatusCode::kUnsupported);
  EXPECT_EQ(EncodeCode(FetchRequest{}, FetchRequest::kMaxVersion + 1), StatusCode::kUnsupported);
  FetchRequest request;
  EXPECT_EQ(Decode("", -1, &request).status().code(), StatusCode::kUnsupported);
  EXPECT_EQ(Decode("", FetchRequest::kMaxVersion + 1, &request).status().code(), StatusCode::kUnsupported);
}

TEST(Encode, NullOnlyWhereTheVersionAllowsIt) {
  MetadataRequest request{.topics = std::nullopt};  // null: all topics; an empty list meant that in version 0
  EXPECT_EQ(EncodeCode(request, 0), StatusCode::kInvalidArgument);
  EXPECT_EQ(EncodeCode(request, 1), StatusCode::kOk);
  request.topics = {{.name = std::nullopt}};
  EXPECT_EQ(EncodeCode(request, 9), StatusCode::kInvalidArgument);
  EXPECT_EQ(EncodeCode(request, 10), StatusCode::kOk);
}

TEST(Encode, LongStrings) {
  const std::string longest(32767, 'x');
  const std::string longer(32768, 'x');
  for (const auto version : std::initializer_list<std::int16_t>{0, 9}) {
    EXPECT_EQ(EncodeCode(MetadataRequest{.topics = {{{.name = longest}}}}, version), StatusCode::kOk);
    EXPECT_EQ(EncodeCode(MetadataRequest{.topics = {{{.name = longer}}}}, version), StatusCode::kInvalidArgument);
  }
}

TEST(Encode, CutsMarkWhereExternalRecordsGo) {
  FetchResponse response;
  response.responses.push_back({.topic = "t",
                                .partitions = {{.partition_index = 0, .records = Records::External(10, 1)},
                                               {.partition_index = 1, .records = Records::External(0, 2)},
                                               {.partition_index = 2, .records = Records::External(20, 3)}}});
  for (const auto version : std::initializer_list<std::int16_t>{4, 12}) {
    EncodedBody out;
    out.bytes = "in front";
    ASSERT_TRUE(Encode(response, version, &out).ok());
    ASSERT_EQ(out.cuts.size(), 2u) << "nothing to splice for an empty one";
    EXPECT_EQ(out.cuts[0].id, 1u);
    EXPECT_EQ(out.cuts[1].id, 3u);
    EXPECT_EQ(out.TotalSize(), static_cast<std::int64_t>(out.bytes.size()) + 30);
    std::string whole = out.bytes;
    whole.insert(out.cuts[1].at, std::string(20, 'b'));
    whole.insert(out.cuts[0].at, std::string(10, 'a'));
    FetchResponse read;
    const Result<std::size_t> left = Decode(std::string_view(whole).substr(8), version, &read);
    ASSERT_TRUE(left.ok()) << left.status();
    EXPECT_EQ(*left, 0u);
    EXPECT_EQ(read.responses[0].partitions[0].records.bytes, std::string(10, 'a'));
    EXPECT_EQ(read.responses[0].partitions[1].records.bytes, "");
    EXPECT_EQ(read.responses[0].partitions[2].records.bytes, std::string(20, 'b'));
  }
}

TEST(Decode, ToleratesAndCountsTrailingBytes) {
  EncodedBody out;
  ASSERT_TRUE(Encode(MetadataRequest{.topics = std::nullopt}, 12, &out).ok());
  MetadataRequest request;
  const std::string bytes = out.bytes + "extra";
  const Result<std::size_t> left = Decode(bytes, 12, &request);
  ASSERT_TRUE(left.ok());
  EXPECT_EQ(*left, 5u);
}

TEST(Decode, ViewsPointIntoTheFrame) {
  EncodedBody out;
  ASSERT_TRUE(Encode(MetadataRequest{.topics = {{{.name = "topic"}}}}, 12, &out).ok());
  MetadataRequest request;
  ASSERT_TRUE(Decode(out.bytes, 12, &request).ok());
  const std::string_view name = *request.topics->front().name;
  EXPECT_GE(name.data(), out.bytes.data());
  EXPECT_LE(name.data() + name.size(), out.bytes.data() + out.bytes.size());
}

struct Hostile {
  const char* what;
  const MessageRows* rows;
  std::int16_t version;
  std::string_view body;
};

// Metadata v1: topics. v12: topics, auto create, authorized operations, tags. Produce v0: acks, timeout, topics.
const Hostile kHostile[] = {
    {"huge count", &MetadataRequest::kRows, 1, "\x7f\xff\xff\xff"sv},
    {"count above the bytes", &MetadataRequest::kRows, 1, "\0\0\0\2\0"sv},
    {"null in version 0", &MetadataRequest::kRows, 0, "\xff\xff\xff\xff"sv},
    {"null element", &MetadataRequest::kRows, 1, "\0\0\0\1\xff\xff"sv},
    {"string above the bytes", &MetadataRequest::kRows, 1, "\0\0\0\1\x7f\xff"sv},
    {"negative string", &MetadataRequest::kRows, 1, "\0\0\0\1\x80\0"sv},
    {"huge compact count", &MetadataRequest::kRows, 12, "\xff\xff\xff\xff\x0f\0\0\0"sv},
    {"compact count of 2^31", &MetadataRequest::kRows, 12, "\x80\x80\x80\x80\x08\0\0\0"sv},
    {"endless varint", &MetadataRequest::kRows, 12, "\xff\xff\xff\xff\xff\xff"sv},
    {"varint cut", &MetadataRequest::kRows, 12, "\xff"sv},
    {"compact string of 32768", &MetadataRequest::kRows, 12, "\2\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x81\x80\x02"sv},
    {"huge compact string", &MetadataRequest::kRows, 12, "\2\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\xff\xff\xff\xff\x0f"sv},
    {"no tag section", &MetadataRequest::kRows, 12, "\1\0\0"sv},
    {"tag above the bytes", &MetadataRequest::kRows, 12, "\1\0\0\1\7\x10z"sv},
    {"huge number of tags", &MetadataRequest::kRows, 12, "\1\0\0\xff\xff\xff\xff\x0f\7\0"sv},
    {"records above the bytes", &ProduceRequest::kRows, 0, "\0\1\0\0\0\0\0\0\0\1\0\0\0\0\0\1\0\0\0\0\0\0\0\x09z"sv},
    {"negative partitions", &ProduceRequest::kRows, 0, "\0\1\0\0\0\0\0\0\0\1\0\0\x80\0\0\0"sv},
    {"bytes above the bytes", &ConsumerProtocolSubscription::kRows, 0, "\0\0\0\0\x7f\xff\xff\xff"sv},
    {"int list above the bytes", &ConsumerProtocolAssignment::kRows, 0, "\0\0\0\1\0\0\0\0\0\3\0\0\0\0\0\0\0\0"sv},
    {"int list of 2^30", &ConsumerProtocolAssignment::kRows, 0, "\0\0\0\1\0\0\x40\0\0\0"sv},
    {"known tag too short", &FetchRequest::kRows, 12,
     "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1\1\1\1\0\0"sv},
};

TEST(Decode, HostileBytesAreErrors) {
  for (const Hostile& hostile : kHostile) {
    AnyMessage message(*hostile.rows);
    const Result<std::size_t> left = Decode(*hostile.rows, hostile.body, hostile.version, message.get());
    EXPECT_EQ(left.status().code(), StatusCode::kCorrupt) << hostile.what;
  }
}

// A tag's value is read from its own slice.
TEST(Decode, TagOfTheWrongSizeIsAnError) {
  const auto body = [](std::string_view tag) {
    EncodedBody out;
    EXPECT_TRUE(Encode(FetchRequest{}, 12, &out).ok());
    out.bytes.back() = '\1';  // one tag: cluster id, a compact string
    return out.bytes + std::string(tag);
  };
  struct Case {
    std::string_view tag;
    bool ok;
  };
  static constexpr Case kCases[] = {
      {"\0\4\4abc"sv, true},    // the string takes the slice
      {"\0\1\0"sv, true},       // null
      {"\0\5\4abcd"sv, false},  // a byte is left in the slice
      {"\0\3\4ab"sv, false},    // the string is longer than the slice
      {"\0\3\4abc"sv, false},   // even if the bytes behind it would do
      {"\0\0"sv, false},        // no value
      {"\x05\3zzz"sv, true},    // a tag that nobody knows
      {"\1\1\0"sv, true},       // one of version 15
  };
  for (const Case& c : kCases) {
    FetchRequest request;
    const std::string bytes = body(c.tag);
    EXPECT_EQ(Decode(bytes, 12, &request).ok(), c.ok) << test::ToHex(c.tag);
  }
}

// Tens of megabytes of tiny elements, each seven times larger in memory.
TEST(Decode, MemoryIsBoundedByTheFrame) {
  constexpr std::size_t kElements = 5'000'000;
  std::string body;
  {
    WireWriter out(&body);
    out.I16(1);
    out.I32(0);
    out.I32(kElements);
    out.Raw(std::string(kElements * 6, '\0'));  // topics without name and partitions, 40 bytes each in memory
  }
  ProduceRequest request;
  const Status status = Decode(body, 0, &request).status();
  EXPECT_EQ(status.code(), StatusCode::kCorrupt);
  EXPECT_NE(status.message().find("more elements"), std::string::npos) << status;
  EXPECT_LE(request.topic_data.capacity() * sizeof(request.topic_data[0]),
            kDecodeMemoryBase + kDecodeMemoryFactor * body.size());
}

TEST(Decode, ManyHonestElementsPass) {
  ProduceRequest request;
  request.topic_data.resize(100'000, {.name = "a-topic"});
  EncodedBody out;
  ASSERT_TRUE(Encode(request, 9, &out).ok());
  ProduceRequest read;
  ASSERT_TRUE(Decode(out.bytes, 9, &read).ok());
  EXPECT_EQ(read.topic_data.size(), 100'000u);
  EXPECT_EQ(read.topic_data.capacity(), 100'000u) << "no room beyond the count";
}

// Cut anywhere, a message is an error or, cut in what may be absent, another message: never a crash.
TEST(Decode, EveryPrefixOfEveryGoldenMessage) {
  test::ForEachGolden("messages.jsonl", [](const json& line) {
    if (line["case"] != "random1" && line["case"] != "tags1") return;
    const ApiInfo* api = FindApi(line["key"].get<std::int16_t>());
    const MessageRows& rows = line["type"] == "request" ? *api->request : *api->response;
    const std::string bytes = test::FromHex(line["hex"].get<std::string>());
    for (std::size_t size = 0; size < bytes.size(); size += 1 + bytes.size() / 256) {
      const std::string prefix = bytes.substr(0, size);  // its own allocation, for the address sanitizer
      AnyMessage message(rows);
      const Result<std::size_t> left = Decode(rows, prefix, line["version"].get<std::int16_t>(), message.get());
      EXPECT_EQ(left.status().code(), StatusCode::kCorrupt) << rows.name << ' ' << size;
    }
  });
}

TEST(Versioned, WithoutVersionOrOfAnUnknownOne) {
  TransactionLogKey key;
  EXPECT_EQ(DecodeVersioned("", &key).status().code(), StatusCode::kCorrupt);
  EXPECT_EQ(DecodeVersioned("\0"sv, &key).status().code(), StatusCode::kCorrupt);
  EXPECT_EQ(DecodeVersioned("\0\x63\0\0"sv, &key).status().code(), StatusCode::kUnsupported);
  EXPECT_EQ(EncodeVersioned(key, 99).status().code(), StatusCode::kUnsupported);
}

TEST(NullableStruct, NullAndPresent) {
  for (const bool present : {false, true}) {
    ConsumerGroupHeartbeatResponse response;
    if (present) response.assignment.emplace();
    EncodedBody out;
    ASSERT_TRUE(Encode(response, 0, &out).ok());
    ConsumerGroupHeartbeatResponse read;
    ASSERT_TRUE(Decode(out.bytes, 0, &read).ok());
    EXPECT_EQ(read.assignment.has_value(), present);
  }
}

TEST(JsonDump, EscapesAndRepairsText) {
  const JoinGroupRequest request{.group_id = "quote\" back\\ tab\t \x01 \xff \xc3\xa9 \xed\xa0\x80"};
  const std::string shown = ToJson(request, 0);
  EXPECT_NE(shown.find(R"("groupId":"quote\" back\\ tab\u0009 \u0001 )"), std::string::npos) << shown;
  EXPECT_EQ(json::parse(shown)["groupId"], "quote\" back\\ tab\t \x01 \uFFFD \u00e9 \uFFFD\uFFFD\uFFFD");
  FetchResponse response;
  response.responses.push_back({.partitions = {{.records = Records::External(5, 1)}}});
  EXPECT_NE(ToJson(response, 4).find("\"records\":{\"externalSize\":5}"), std::string::npos);
}

}  // namespace
}  // namespace ottla
