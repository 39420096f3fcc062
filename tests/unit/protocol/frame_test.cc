// Headers, header versions and whole frames.
#include "common/protocol/frame.h"

#include <gtest/gtest.h>

#include "common/protocol/api_registry.h"
#include "common/protocol/messages/01_fetch.h"
#include "common/protocol/messages/07_controlled_shutdown.h"
#include "common/protocol/messages/12_heartbeat.h"
#include "common/protocol/messages/18_api_versions.h"
#include "common/protocol/wire.h"
#include "tests/support/golden.h"

namespace ottla {
namespace {

using nlohmann::json;
using namespace std::string_view_literals;

std::string Hex(const json& value) { return test::FromHex(value.get<std::string>()); }

// Golden headers have arbitrary keys, which ParseRequestHeader refuses. Put a key with that header version in front.
void CheckRequestHeader(const json& line) {
  struct Carrier {
    std::int16_t key, version;
  };
  static constexpr Carrier kCarriers[] = {{7, 0}, {0, 3}, {0, 9}};  // ControlledShutdown v0, Produce v3, Produce v9
  const Carrier carrier = kCarriers[line["header_version"].get<std::size_t>()];
  std::string bytes = Hex(line["hex"]);
  const json& fields = line["json"];
  EXPECT_EQ(WireReader(bytes).I16(), fields["requestApiKey"].get<std::int16_t>());
  EXPECT_EQ(WireReader(std::string_view(bytes).substr(2)).I16(), fields["requestApiVersion"].get<std::int16_t>());
  std::string key;
  {
    WireWriter writer(&key);
    writer.I16(carrier.key);
    writer.I16(carrier.version);
  }
  bytes.replace(0, 4, key);
  const std::string frame = bytes + "body";
  const ParsedRequest parsed = ParseRequestHeader(frame);
  ASSERT_EQ(parsed.verdict, HeaderVerdict::kOk);
  EXPECT_EQ(parsed.header.correlation_id, fields["correlationId"].get<std::int32_t>());
  const json client_id = fields.value("clientId", json());
  EXPECT_EQ(parsed.header.client_id, client_id.is_null() ? "" : client_id.get<std::string>());
  EXPECT_EQ(parsed.body, "body");
  if (line.value("unknown_tags", false) || (client_id.is_null() && line["header_version"] != 0)) return;
  std::string again;
  ASSERT_TRUE(EncodeRequestHeader(parsed.header, &again).ok());
  EXPECT_EQ(test::ToHex(again), test::ToHex(bytes));
}

void CheckResponseHeader(const json& line) {
  const std::string bytes = Hex(line["hex"]);
  const std::int16_t version = line["header_version"] == 0 ? 8 : 9;  // of Produce
  const Result<ParsedResponse> parsed = ParseResponseHeader(bytes, 0, version);
  ASSERT_TRUE(parsed.ok()) << parsed.status();
  EXPECT_EQ(parsed->correlation_id, line["json"]["correlationId"].get<std::int32_t>());
  EXPECT_EQ(parsed->body, "");
  if (line.value("unknown_tags", false)) return;
  std::string again;
  EncodeResponseHeader(0, version, parsed->correlation_id, &again);
  EXPECT_EQ(again, bytes);
}

TEST(Headers, EqualKafkas) {
  test::ForEachGolden("headers.jsonl", [](const json& line) {
    SCOPED_TRACE(line.dump());
    if (line["type"] == "request") {
      CheckRequestHeader(line);
    } else {
      CheckResponseHeader(line);
    }
  });
}

TEST(ApiTable, EqualsWhatAZooKeeperModeBrokerAdvertises) {
  const json golden = json::parse(test::ReadAll(test::GoldenDir() + "/api_versions.json"));
  std::size_t advertised = 0;
  for (const ApiInfo& api : AllApis()) advertised += api.advertised ? 1 : 0;
  EXPECT_EQ(advertised, golden["advertised"].size());
  for (const json& entry : golden["advertised"]) {
    const ApiInfo* api = FindApi(entry["key"].get<std::int16_t>());
    ASSERT_NE(api, nullptr) << entry;
    EXPECT_TRUE(api->advertised) << entry;
    EXPECT_EQ(api->name(), entry["name"].get<std::string>());
    EXPECT_EQ(api->min_version(), entry["min"].get<std::int16_t>());
    EXPECT_EQ(api->max_version(), entry["max"].get<std::int16_t>());
  }
  for (const json& entry : golden["apis"]) {
    const auto key = entry["key"].get<std::int16_t>();
    const ApiInfo* api = FindApi(key);
    ASSERT_NE(api, nullptr) << key;
    for (const json& at : entry["versions"]) {
      const auto version = at["version"].get<std::int16_t>();
      EXPECT_EQ(RequestHeaderVersion(key, version), at["request_header"].get<std::int16_t>()) << key << ' ' << version;
      EXPECT_EQ(ResponseHeaderVersion(key, version), at["response_header"].get<std::int16_t>())
          << key << ' ' << version;
      EXPECT_EQ(api->IsFlexible(version), at["request_flexible"].get<bool>());
    }
  }
}

TEST(ApiTable, RebuildsKafkasOwnApiVersionsBodies) {
  const json golden = json::parse(test::ReadAll(test::GoldenDir() + "/api_versions.json"));
  ApiVersionsResponse response;
  for (const ApiInfo& api : AllApis()) {
    if (!api.advertised) continue;
    response.api_keys.push_back({.api_key = static_cast<std::int16_t>(api.key),
                                 .min_version = api.min_version(),
                                 .max_version = api.max_version()});
  }
  for (const auto& [version, hex] : golden["response_bodies"].items()) {
    if (version == "unknown_version") continue;  // below
    ApiVersionsResponse theirs;
    const std::string bytes = Hex(hex);
    ASSERT_TRUE(Decode(bytes, static_cast<std::int16_t>(std::stoi(version)), &theirs).ok());
    response.finalized_features_epoch = theirs.finalized_features_epoch;
    EncodedBody ours;
    ASSERT_TRUE(Encode(response, static_cast<std::int16_t>(std::stoi(version)), &ours).ok());
    EXPECT_EQ(test::ToHex(ours.bytes), hex.get<std::string>()) << version;
  }
}

TEST(ApiTable, UnknownApiVersionsVersionIsAnsweredInVersionZero) {
  const json golden = json::parse(test::ReadAll(test::GoldenDir() + "/api_versions.json"));
  const ApiVersionsResponse response{.error_code = ErrorCode::kUnsupportedVersion,
                                     .api_keys = {{.api_key = 18, .min_version = 0, .max_version = 4}}};
  EncodedBody ours;
  ASSERT_TRUE(Encode(response, 0, &ours).ok());
  EXPECT_EQ(test::ToHex(ours.bytes), golden["response_bodies"]["unknown_version"].get<std::string>());
}

TEST(RequestHeader, VerdictsTellWhatIsWrong) {
  struct Case {
    const char* what;
    std::string_view frame;
    HeaderVerdict verdict;
  };
  static constexpr Case kCases[] = {
      {"nothing", ""sv, HeaderVerdict::kMalformed},
      {"half a key", "\0"sv, HeaderVerdict::kMalformed},
      {"no version", "\0\0\0"sv, HeaderVerdict::kMalformed},
      {"unknown key", "\x03\xe7\0\0"sv, HeaderVerdict::kUnknownKey},
      {"negative key", "\xff\xff\0\0\0\0\0\1\0\0"sv, HeaderVerdict::kUnknownKey},
      {"KRaft's Vote", "\0\x34\0\0\0\0\0\1\0\1p"sv, HeaderVerdict::kUnknownKey},
      {"version above", "\0\0\0\x0c\0\0\0\1\0\1p\0"sv, HeaderVerdict::kUnsupportedVersion},
      {"negative version", "\0\0\xff\xff\0\0\0\1\0\1p"sv, HeaderVerdict::kUnsupportedVersion},
      {"ApiVersions v99", "\0\x12\0\x63\0\0\0\1\0\1p\0"sv, HeaderVerdict::kUnsupportedVersion},
      {"no client id", "\0\0\0\3\0\0\0\1"sv, HeaderVerdict::kMalformed},
      {"null client id", "\0\0\0\3\0\0\0\1\xff\xff"sv, HeaderVerdict::kOk},
      {"client id cut", "\0\0\0\3\0\0\0\1\0\2p"sv, HeaderVerdict::kMalformed},
      {"no tag section", "\0\0\0\x09\0\0\0\1\0\1p"sv, HeaderVerdict::kMalformed},
      {"tag section", "\0\0\0\x09\0\0\0\1\0\1p\0"sv, HeaderVerdict::kOk},
      {"tag beyond the end", "\0\0\0\x09\0\0\0\1\0\1p\1\5\x7f"sv, HeaderVerdict::kMalformed},
      {"ControlledShutdown v0", "\0\7\0\0\0\0\0\1"sv, HeaderVerdict::kOk},
  };
  for (const Case& c : kCases) EXPECT_EQ(ParseRequestHeader(c.frame).verdict, c.verdict) << c.what;
  const ParsedRequest newer = ParseRequestHeader("\0\x12\0\x63\0\0\0\1\0\1p\0"sv);
  EXPECT_EQ(newer.header.correlation_id, 1);
  EXPECT_EQ(newer.header.client_id, "p");
}

TEST(Frame, LengthCoversHeaderBodyAndCuts) {
  FetchResponse response;
  FetchResponse::PartitionData partition{.records = Records::External(1000, 7)};
  response.responses.push_back({.partitions = {partition, {.records = Records::Of("abc")}}});
  EncodedBody frame;
  ASSERT_TRUE(EncodeResponseFrame(12, 99, response, &frame).ok());
  ASSERT_EQ(frame.cuts.size(), 1u);
  EXPECT_EQ(frame.cuts[0].size, 1000);
  EXPECT_EQ(frame.cuts[0].id, 7u);
  EXPECT_EQ(ReadFrameSize(frame.bytes), static_cast<std::int32_t>(frame.TotalSize() - 4));

  // With the external bytes in their place it is an ordinary frame.
  std::string whole = frame.bytes;
  whole.insert(frame.cuts[0].at, std::string(1000, 'x'));
  const Result<ParsedResponse> parsed = ParseResponseHeader(std::string_view(whole).substr(4), 1, 12);
  ASSERT_TRUE(parsed.ok());
  EXPECT_EQ(parsed->correlation_id, 99);
  FetchResponse read;
  const Result<std::size_t> left = Decode(parsed->body, 12, &read);
  ASSERT_TRUE(left.ok()) << left.status();
  EXPECT_EQ(*left, 0u);
  EXPECT_EQ(read.responses[0].partitions[0].records.bytes, std::string(1000, 'x'));
  EXPECT_EQ(read.responses[0].partitions[1].records.bytes, "abc");
}

TEST(Frame, SecondFrameInTheSameBuffer) {
  EncodedBody out;
  HeartbeatRequest request{.group_id = "g", .member_id = "m"};
  ASSERT_TRUE(EncodeRequestFrame({.api_version = 4, .correlation_id = 1, .client_id = "c"}, request, &out).ok());
  const std::size_t first = out.bytes.size();
  ASSERT_TRUE(EncodeRequestFrame({.api_version = 0, .correlation_id = 2, .client_id = "c"}, request, &out).ok());
  EXPECT_EQ(ReadFrameSize(out.bytes), static_cast<std::int32_t>(first - 4));
  const std::string_view second = std::string_view(out.bytes).substr(first);
  EXPECT_EQ(ReadFrameSize(second), static_cast<std::int32_t>(second.size() - 4));
  EXPECT_EQ(ParseRequestHeader(second.substr(4)).header.correlation_id, 2);
  EXPECT_EQ(ReadFrameSize("\0\0\0"sv), std::nullopt);
  EXPECT_EQ(ReadFrameSize("\xff\xff\xff\xff"sv), -1);
}

TEST(Frame, RefusesWhatDoesNotFit) {
  std::string out;
  EXPECT_FALSE(EncodeRequestHeader({.client_id = std::string(40000, 'c')}, &out).ok());
  FetchResponse response;
  const Records huge = Records::External(std::numeric_limits<std::int32_t>::max(), 0);
  response.responses.push_back({.partitions = {{.records = huge}, {.records = huge}}});
  EncodedBody body;
  EXPECT_EQ(EncodeResponseFrame(4, 1, response, &body).code(), StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace ottla
