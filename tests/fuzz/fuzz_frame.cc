// Spoiled frames through header parser and codec: never a crash; and whatever does decode encodes to bytes that mean
// the same and stay the same.
#include <vector>

#include "common/base/check.h"
#include "common/protocol/api_registry.h"
#include "common/protocol/frame.h"
#include "common/protocol/json_dump.h"
#include "fuzz_main.h"
#include "tests/support/golden.h"

namespace ottla {
namespace {

struct Sample {
  const MessageRows* rows;
  std::int16_t version;
  std::string body;
};

std::vector<Sample> LoadSamples() {
  std::vector<Sample> samples;
  test::ForEachGolden("messages.jsonl", [&](const nlohmann::json& line) {
    const ApiInfo* api = FindApi(line["key"].get<std::int16_t>());
    CHECK(api != nullptr);
    samples.push_back({.rows = line["type"] == "request" ? api->request : api->response,
                       .version = line["version"].get<std::int16_t>(),
                       .body = test::FromHex(line["hex"].get<std::string>())});
  });
  return samples;
}

std::string EncodeOrDie(const AnyMessage& message, std::int16_t version) {
  EncodedBody out;
  const Status status = Encode(message.rows(), message.get(), version, &out);
  CHECK(status.ok()) << status << " for what was decoded";
  return std::move(out.bytes);
}

void CheckBody(const MessageRows& rows, std::int16_t version, std::string_view body) {
  AnyMessage first(rows);
  const Result<std::size_t> left = Decode(rows, body, version, first.get());
  if (!left.ok()) return;
  CHECK_LE(*left, body.size());
  const std::string shown = ToJson(rows, first.get(), version);
  const std::string again = EncodeOrDie(first, version);
  AnyMessage second(rows);
  const Result<std::size_t> second_left = Decode(rows, again, version, second.get());
  CHECK(second_left.ok()) << second_left.status();
  CHECK_EQ(*second_left, 0u);
  CHECK_EQ(ToJson(rows, second.get(), version), shown);
  CHECK(EncodeOrDie(second, version) == again);
}

// A whole request frame, spoiled anywhere.
void CheckFrame(const Sample& sample, std::string_view other, Random& random) {
  EncodedBody frame;
  const RequestHeader header{.api_key = sample.rows->key, .api_version = sample.version, .client_id = "fuzz"};
  CHECK(EncodeRequestHeader(header, &frame.bytes).ok());
  const std::string bytes = test::Mutate(frame.bytes + sample.body, other, random);
  const ParsedRequest request = ParseRequestHeader(bytes);
  if (request.verdict != HeaderVerdict::kOk) return;
  const ApiInfo* api = FindApi(request.header.api_key);
  CHECK(api != nullptr && api->Supports(request.header.api_version));
  CheckBody(*api->request, request.header.api_version, request.body);
}

int Run(int argc, char** argv) {
  const std::vector<Sample> samples = LoadSamples();
  return test::FuzzMain(argc, argv, [&samples](Random& random) {
    const Sample& sample = samples[random.Below(samples.size())];
    const Sample& other = samples[random.Below(samples.size())];
    if (random.Chance(0.25)) {
      CheckFrame(sample, other.body, random);
    } else {
      CheckBody(*sample.rows, sample.version, test::Mutate(sample.body, other.body, random));
    }
  });
}

}  // namespace
}  // namespace ottla

int main(int argc, char** argv) { return ottla::Run(argc, argv); }
