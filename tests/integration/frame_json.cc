// Says what stands in frames, for tests that are not written in C++. One frame a line on stdin, without its length:
//   req HEX  |  resp API_KEY API_VERSION HEX
// and one line of JSON for each on stdout: {"left":N,"body":{...}} or {"error":"..."}.
#include <iostream>
#include <sstream>
#include <string>

#include "common/protocol/api_registry.h"
#include "common/protocol/frame.h"
#include "common/protocol/json_dump.h"

namespace ottla {
namespace {

std::string Unhex(const std::string& hex) {
  std::string bytes;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
    bytes.push_back(static_cast<char>(std::stoi(hex.substr(i, 2), nullptr, 16)));
  }
  return bytes;
}

std::string Error(const std::string& why) { return R"({"error":")" + why + R"("})"; }

std::string Describe(const MessageRows& rows, std::int16_t version, std::string_view body) {
  AnyMessage message(rows);
  const Result<std::size_t> left = Decode(rows, body, version, message.get());
  if (!left.ok()) return Error("the body does not decode");
  return R"({"left":)" + std::to_string(*left) + R"(,"body":)" + ToJson(rows, message.get(), version) + "}";
}

std::string DescribeRequest(const std::string& frame) {
  const ParsedRequest request = ParseRequestHeader(frame);
  if (request.verdict != HeaderVerdict::kOk) return Error("header");
  return Describe(*FindApi(request.header.api_key)->request, request.header.api_version, request.body);
}

// ApiVersions in a version that the broker does not know is answered in version 0.
std::string DescribeResponse(std::int16_t key, std::int16_t version, const std::string& frame) {
  const Result<ParsedResponse> response = ParseResponseHeader(frame, key, version);
  const ApiInfo* api = FindApi(key);
  if (!response.ok() || api == nullptr) return Error("header");
  const bool zero = api->key == ApiKey::kApiVersions && response->body.starts_with(std::string_view("\0\x23", 2));
  return Describe(*api->response, zero ? std::int16_t{0} : version, response->body);
}

int Run() {
  for (std::string line; std::getline(std::cin, line);) {
    std::istringstream words(line);
    std::string what;
    std::string hex;
    std::int16_t key = 0;
    std::int16_t version = 0;
    words >> what;
    if (what == "resp") words >> key >> version;
    words >> hex;
    const std::string frame = Unhex(hex);
    std::cout << (what == "resp" ? DescribeResponse(key, version, frame) : DescribeRequest(frame)) << std::endl;
  }
  return 0;
}

}  // namespace
}  // namespace ottla

int main() { return ottla::Run(); }
