// Every message, version and case that Kafka's own classes wrote: decoded, shown as JSON, encoded again byte for byte.
#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <sstream>

#include "common/protocol/api_registry.h"
#include "common/protocol/codec.h"
#include "common/protocol/frame.h"
#include "common/protocol/json_dump.h"
#include "data_messages.h"
#include "tests/support/golden.h"

namespace ottla {
namespace {

using nlohmann::json;

struct Decoded {
  AnyMessage message;
  json fields;
};

Decoded DecodeAll(const MessageRows& rows, std::string_view body, std::int16_t version) {
  Decoded decoded{.message = AnyMessage(rows), .fields = {}};
  const Result<std::size_t> left = Decode(rows, body, version, decoded.message.get());
  EXPECT_TRUE(left.ok()) << left.status();
  EXPECT_EQ(left.ok() ? *left : 0u, 0u);
  decoded.fields = json::parse(ToJson(rows, decoded.message.get(), version));
  return decoded;
}

std::string EncodeAll(const MessageRows& rows, const void* message, std::int16_t version) {
  EncodedBody out;
  const Status status = Encode(rows, message, version, &out);
  EXPECT_TRUE(status.ok()) << status;
  EXPECT_TRUE(out.cuts.empty());
  return out.bytes;
}

std::string CamelCase(std::string_view name) {
  std::string camel;
  for (std::size_t i = 0; i < name.size(); ++i) {
    if (name[i] == '_') continue;
    camel += i > 0 && name[i - 1] == '_' ? static_cast<char>(std::toupper(name[i])) : name[i];
  }
  return camel;
}

// The rows of the struct that a JSON pointer into a message leads to.
const StructRows* FollowPointer(const StructRows* rows, std::string_view pointer) {
  std::stringstream parts{std::string(pointer)};
  for (std::string part; std::getline(parts, part, '/') && rows != nullptr;) {
    if (part.empty() || std::isdigit(part[0]) != 0) continue;
    const auto* field = std::ranges::find(*rows, part, [](const Field& f) { return CamelCase(f.name); });
    rows = field == rows->end() ? nullptr : field->rows;
  }
  return rows;
}

// To Kafka a tagged struct that holds nothing but unknown tags differs from its default, so that its JSON shows it. We
// drop unknown tags, and then it is at its default and absent. Takes such structs out of `expected`.
json WithoutStructsOfUnknownTags(const MessageRows& rows, std::int16_t version, const json& line, const json& ours) {
  json expected = line["json"];
  for (const json& tag : line["tags"]) {
    const auto pointer = tag["struct"].get<std::string>();
    const json::json_pointer at(pointer);
    if (pointer.empty() || ours.contains(at) || !expected.contains(at)) continue;
    const StructRows* found = FollowPointer(rows.root, pointer);
    EXPECT_NE(found, nullptr) << pointer;
    if (found == nullptr) continue;
    MessageRows part = rows;
    part.root = found;
    EXPECT_EQ(json::parse(ToJson(part, found->defaults, version)), expected[at]) << pointer;
    expected[at.parent_pointer()].erase(at.back());
  }
  return expected;
}

// Our codec drops tags that nobody defines, so those cases are compared after a second decode.
void CheckCase(const MessageRows& rows, const json& line, std::string_view body, std::int16_t version) {
  const Decoded first = DecodeAll(rows, body, version);
  const bool unknown_tags = line.value("unknown_tags", false);
  const json expected = unknown_tags ? WithoutStructsOfUnknownTags(rows, version, line, first.fields) : line["json"];
  EXPECT_EQ(first.fields, expected);
  const std::string again = EncodeAll(rows, first.message.get(), version);
  if (unknown_tags) {
    EXPECT_LT(again.size(), body.size());
    EXPECT_EQ(DecodeAll(rows, again, version).fields, expected);
  } else {
    EXPECT_EQ(test::ToHex(again), test::ToHex(body));
  }
}

TEST(GoldenMessages, DecodeAndEncodeToTheSameBytes) {
  test::ForEachGolden("messages.jsonl", [](const json& line) {
    const auto version = line["version"].get<std::int16_t>();
    SCOPED_TRACE(line["api"].get<std::string>() + " " + line["type"].get<std::string>() + " v" +
                 std::to_string(version) + " " + line["case"].get<std::string>());
    const ApiInfo* api = FindApi(line["key"].get<std::int16_t>());
    ASSERT_NE(api, nullptr);
    EXPECT_EQ(api->name(), line["api"].get<std::string>());
    EXPECT_EQ(api->IsFlexible(version), line["flexible"].get<bool>());
    const bool is_request = line["type"] == "request";
    const auto header = line["header_version"].get<std::int16_t>();
    const auto key = static_cast<std::int16_t>(api->key);
    EXPECT_EQ(is_request ? RequestHeaderVersion(key, version) : ResponseHeaderVersion(key, version), header);
    const std::string bytes = test::FromHex(line["hex"].get<std::string>());
    CheckCase(is_request ? *api->request : *api->response, line, bytes, version);
  });
}

const MessageRows* FindData(std::string_view name) {
  for (const MessageRows* rows : test::kDataMessages) {
    if (rows->name == name) return rows;
  }
  return nullptr;
}

class GoldenData : public testing::TestWithParam<const char*> {};

TEST_P(GoldenData, DecodeAndEncodeToTheSameBytes) {
  test::ForEachGolden(GetParam(), [](const json& line) {
    const auto version = line["version"].get<std::int16_t>();
    const auto name = line["record"].get<std::string>();
    SCOPED_TRACE(name + " v" + std::to_string(version) + " " + line["case"].get<std::string>());
    const MessageRows* rows = FindData(name);
    ASSERT_NE(rows, nullptr);
    EXPECT_EQ(rows->IsFlexible(version), line["flexible"].get<bool>());
    const std::string bytes = test::FromHex(line["hex"].get<std::string>());
    CheckCase(*rows, line, std::string_view(bytes).substr(2), version);

    AnyMessage versioned(*rows);
    const Result<std::int16_t> read = DecodeVersioned(*rows, bytes, versioned.get());
    ASSERT_TRUE(read.ok()) << read.status();
    EXPECT_EQ(*read, version);
    const Result<std::string> written = EncodeVersioned(*rows, versioned.get(), version);
    ASSERT_TRUE(written.ok()) << written.status();
    if (line.value("unknown_tags", false)) return;
    EXPECT_EQ(test::ToHex(*written), line["hex"].get<std::string>());
  });
}

INSTANTIATE_TEST_SUITE_P(Files, GoldenData, testing::Values("offsets_topic.jsonl", "txn_topic.jsonl", "blobs.jsonl"),
                         [](const auto& file) {
                           const std::string name = file.param;
                           return name.substr(0, name.find('.'));
                         });

}  // namespace
}  // namespace ottla
