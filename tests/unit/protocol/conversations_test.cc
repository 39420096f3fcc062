// Frames between Apache Kafka 3.9.1 brokers and client libraries: each decodes to its last byte and encodes to the same
// bytes.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

#include "common/protocol/api_registry.h"
#include "common/protocol/frame.h"
#include "tests/support/golden.h"

namespace ottla {
namespace {

using nlohmann::json;

std::string ConversationsDir() {
  const char* given = std::getenv("OTTLA_CONVERSATIONS_DIR");
  return given != nullptr && *given != '\0' ? given : std::string(OTTLA_SOURCE_DIR) + "/tests/golden/conversations";
}

void CheckBody(const MessageRows& rows, std::int16_t version, std::string_view body, std::size_t trailing) {
  AnyMessage message(rows);
  const Result<std::size_t> left = Decode(rows, body, version, message.get());
  ASSERT_TRUE(left.ok()) << left.status();
  EXPECT_EQ(*left, trailing);
  EncodedBody again;
  const Status status = Encode(rows, message.get(), version, &again);
  ASSERT_TRUE(status.ok()) << status;
  body.remove_suffix(*left);
  EXPECT_EQ(test::ToHex(again.bytes), test::ToHex(body));
}

void CheckRequest(const json& frame, std::string_view bytes) {
  const ParsedRequest request = ParseRequestHeader(bytes);
  EXPECT_EQ(request.header.api_key, frame["api_key"].get<std::int16_t>());
  EXPECT_EQ(request.header.api_version, frame["api_version"].get<std::int16_t>());
  if (frame.value("version_not_in_3_9", false)) {
    EXPECT_EQ(request.verdict, HeaderVerdict::kUnsupportedVersion);
    return;
  }
  ASSERT_EQ(request.verdict, HeaderVerdict::kOk);
  EXPECT_EQ(request.header.correlation_id, frame["correlation_id"].get<std::int32_t>());
  EXPECT_EQ(request.header.client_id, frame["client_id"].is_null() ? "" : frame["client_id"].get<std::string>());
  const ApiInfo* api = FindApi(request.header.api_key);
  CheckBody(*api->request, request.header.api_version, request.body, frame.value("trailing_bytes", std::size_t{0}));
  std::string header;
  ASSERT_TRUE(EncodeRequestHeader(request.header, &header).ok());
  if (!frame["client_id"].is_null()) {
    EXPECT_EQ(test::ToHex(header), test::ToHex(bytes.substr(0, bytes.size() - request.body.size())));
  }
}

// To a client that asks with a version above 4, or sends what does not validate, ApiVersions is answered in version 0.
bool IsVersionZeroAnswer(std::int16_t key, std::string_view body) {
  return key == static_cast<std::int16_t>(ApiKey::kApiVersions) && body.starts_with(std::string_view("\0\x23", 2));
}

void CheckResponse(const json& frame, std::string_view bytes) {
  const auto key = frame["api_key"].get<std::int16_t>();
  const auto version = frame["api_version"].get<std::int16_t>();
  const Result<ParsedResponse> response = ParseResponseHeader(bytes, key, version);
  ASSERT_TRUE(response.ok()) << response.status();
  EXPECT_EQ(response->correlation_id, frame["correlation_id"].get<std::int32_t>());
  const std::int16_t body_version = IsVersionZeroAnswer(key, response->body) ? std::int16_t{0} : version;
  CheckBody(*FindApi(key)->response, body_version, response->body, 0);
}

TEST(Conversations, DecodeAndEncodeToTheSameBytes) {
  int frames = 0;
  for (const auto& entry : std::filesystem::directory_iterator(ConversationsDir())) {
    if (!entry.path().string().ends_with(".jsonl.gz")) continue;
    std::stringstream lines(test::ReadAll(entry.path().string()));
    int number = 0;
    for (std::string line; std::getline(lines, line);) {
      ++number;
      const json frame = json::parse(line);
      if (!frame.contains("hex") || frame.value("truncated", false) || frame.value("undecodable", false)) continue;
      SCOPED_TRACE(entry.path().filename().string() + " line " + std::to_string(number));
      const std::string bytes = test::FromHex(frame["hex"].get<std::string>());
      if (frame["dir"] == "req") {
        CheckRequest(frame, bytes);
      } else {
        CheckResponse(frame, bytes);
      }
      ++frames;
    }
  }
  EXPECT_GT(frames, 0);
}

}  // namespace
}  // namespace ottla
