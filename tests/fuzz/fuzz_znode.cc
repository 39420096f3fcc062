// Spoiled znodes through every decoder of zk_codec.h: never a crash or a throw; what decodes is written again and then
// means the same.
#include <algorithm>
#include <iterator>
#include <tuple>

#include "common/base/check.h"
#include "common/zk/zk_codec.h"
#include "common/zk/zk_paths.h"
#include "fuzz_main.h"
#include "tests/support/golden.h"

namespace ottla::zk {
namespace {

// What is compared: everything but what is written and never read, and the version, which is that of the writer.
template <class T>
const T& Meaning(const T& value) {
  return value;
}
auto Meaning(const BrokerRegistration& b) { return std::tie(b.endpoints, b.jmx_port, b.rack, b.features); }
auto Meaning(const TopicAssignment& t) { return std::tie(t.id, t.partitions); }
auto Meaning(const ControllerRegistration& c) { return std::tuple(c.broker, c.kraft_epoch.value_or(-1)); }
auto Meaning(const ProducerIdBlock& b) { return std::tie(b.broker, b.first, b.last); }
auto Meaning(const FeatureData& f) { return std::tie(f.version, f.enabled, f.features); }
auto Meaning(const AclChange& c) { return std::tie(c.resource_type, c.name, c.pattern_type); }
auto Meaning(const TokenInfo& t) {
  return std::tie(t.id, t.owner, t.requester, t.renewers, t.issue_ms, t.max_ms, t.expiry_ms);
}
auto Meaning(const std::vector<ReassignmentEntry>& entries) {
  std::vector<std::tuple<TopicPartition, std::vector<BrokerId>>> all;
  for (const ReassignmentEntry& entry : entries) all.emplace_back(entry.partition, entry.replicas);
  return all;
}

template <class T, class Encoder>
void Check(Result<T> (*decode)(const ZkData&), Encoder encode, const ZkData& data) {
  const Result<T> value = decode(data);
  if (!value.ok()) {
    CHECK(value.status().code() == StatusCode::kCorrupt && !value.status().message().empty());
    return;
  }
  const std::string written = encode(*value);
  const Result<T> again = decode(written);
  CHECK(again.ok()) << again.status() << "\nread: " << data.value_or("no data") << "\nwritten: " << written;
  CHECK(Meaning(*again) == Meaning(*value)) << "read: " << data.value_or("no data") << "\nwritten: " << written;
}

constexpr auto kEncode = [](const auto& value) { return Encode(value); };

void CheckBroker(const ZkData& data) {
  Result<BrokerRegistration> broker = DecodeBroker(data);
  // Version 1 has a host and a port as they stand, and so some that no text of an endpoint can say.
  if (!broker.ok() || broker->version == 1) return;
  const auto as_we_write = [](BrokerRegistration value) {
    value.version = BrokerRegistration().version;
    return Encode(value);
  };
  Check(&DecodeBroker, as_we_write, data);
}

void CheckConfigChange(const ZkData& data) {
  const Result<std::string> path = DecodeConfigChange(data);
  if (path.ok() && path->empty()) return;  // junk to be ignored: never written
  Check(&DecodeConfigChange, &EncodeConfigChange, data);
}

void CheckAll(const ZkData& data) {
  CheckBroker(data);
  CheckConfigChange(data);
  Check(&DecodeTopic, kEncode, data);
  Check(&DecodeState, kEncode, data);
  Check(&DecodeController, kEncode, data);
  Check(&DecodeControllerEpoch, kEncode, data);
  Check(&DecodeConfig, &EncodeConfig, data);
  Check(&DecodeClusterId, &EncodeClusterId, data);
  Check(&DecodeProducerIdBlock, kEncode, data);
  Check(&DecodeFeature, kEncode, data);
  Check(&DecodePartitionSet, &EncodePartitionSet, data);
  Check(&DecodeReassignment, &EncodeReassignment, data);
  Check(&DecodeLogDirEvent, &EncodeLogDirEvent, data);
  Check(&DecodeConsumerOffset, &EncodeConsumerOffset, data);
  Check(&DecodeAcls, &EncodeAcls, data);
  Check(&DecodeLiteralAclChange, &EncodeLiteralAclChange, data);
  Check(&DecodePrefixedAclChange, &EncodePrefixedAclChange, data);
  Check(&DecodeToken, kEncode, data);
}

void CheckNames(const std::string& name) {
  CHECK_EQ(Desanitize(Sanitize(name)).value_or("refused"), name);
  (void)Desanitize(name);
}

// Each field of the older forms, and what Kafka's own znodes below do not show.
const std::vector<std::string> kBuilt = {
    R"({"version":1,"host":"h","port":9092,"jmx_port":-1,"timestamp":"1"})",
    R"({"version":2,"endpoints":["PLAINTEXT://h:1","SSL://[::1]:2"],"jmx_port":9,"host":"h","port":1})",
    R"({"version":5,"endpoints":["A://h:1"],"listener_security_protocol_map":{"A":"SASL_SSL"},"jmx_port":9,)"
    R"("rack":"r","features":{"f":{"min_version":1,"max_version":2}}})",
    R"({"version":4,"endpoints":["A\u0000B://h:1"],"listener_security_protocol_map":{"A\u0000B":"SSL","A":"SSL"},)"
    R"("jmx_port":9})",
    R"({"partitions":{"0":[1,2],"1":[2]},"topic_id":"AAAAAAAAAAAAAAAAAAAABQ","adding_replicas":{"0":[2]},)"
    R"("removing_replicas":{"0":[1]},"version":3})",
    R"({"leader_recovery_state":1,"controller_epoch":4,"leader":1,"version":1,"leader_epoch":5,"isr":[1,2]})",
    R"({"version":1,"config":{"a":"1","b":2,"c":true,"d":0.5,"e":1e9}})",
    R"({"version":1,"entity_type":"topics","entity_name":"t"})",
    R"({"version":1,"status":1,"features":{"f":{"min_version_level":1,"max_version_level":2}}})",
    R"({"version":1,"owner":"User%3Aa+b","renewers":["User%3Ac","%zz"],"issueTimestamp":1,"maxTimestamp":2,)"
    R"("expiryTimestamp":3,"tokenId":"t"})",
    "42",
    "Topic:a:b"};

std::vector<std::string> ReadGolden() {
  std::vector<std::string> samples;
  test::ForEachGolden("znodes.jsonl", [&](const nlohmann::json& line) {
    const auto data = line.find("data");
    if (data != line.end() && data->is_string()) samples.push_back(*data);
  });
  return samples;
}

const std::string& Sample(Random& random) {
  static const std::vector<std::string> golden = ReadGolden();
  const std::vector<std::string>& samples = random.Chance(0.5) ? kBuilt : golden;
  return samples[random.Below(samples.size())];
}

std::string Repeated(std::string_view text, std::size_t count) {
  std::string out;
  out.reserve(text.size() * count);
  for (; count > 0; --count) out += text;
  return out;
}

// Mostly shallow: an iteration with one that would overflow a stack takes as long as some hundred others.
std::string Nested(Random& random) {
  const std::size_t depth = 1 + random.Below(random.Chance(0.02) ? 50'000 : 200);
  const bool closed = random.Chance(0.8);
  if (random.Chance(0.5)) return Repeated("[", depth) + (closed ? Repeated("]", depth) : "");
  return Repeated(R"({"a":)", depth) + "0" + (closed ? Repeated("}", depth) : "");
}

std::string OddValue(Random& random) {
  static constexpr std::string_view kValues[] = {R"("A\u0000B://h:1")",
                                                 "0",
                                                 "-0",
                                                 "-1",
                                                 "1.0",
                                                 "1e2",
                                                 "1e400",
                                                 "-1e-400",
                                                 "2147483647",
                                                 "2147483648",
                                                 "-2147483648",
                                                 "-2147483649",
                                                 "9223372036854775807",
                                                 "9223372036854775808",
                                                 "-9223372036854775809",
                                                 "18446744073709551615",
                                                 "18446744073709551616",
                                                 "100000000000000000000000000000000000000000",
                                                 "00",
                                                 "+1",
                                                 "NaN",
                                                 "null",
                                                 "true",
                                                 "{}",
                                                 "[]",
                                                 "[null]",
                                                 "[[1]]",
                                                 "[1,1]",
                                                 "\"\"",
                                                 R"("9223372036854775807")",
                                                 R"("-1")",
                                                 R"("\u0000")",
                                                 R"("A\u0000B")",
                                                 R"("\ud800")",
                                                 R"("\udc00\ud800")",
                                                 "\"\xff\"",
                                                 "\"\xc0\x80\"",
                                                 "\"\xed\xa0\x80\"",
                                                 R"("A://[b]]:1")",
                                                 R"("A://b://:-1")",
                                                 R"("User:%00%ff%")"};
  if (random.Chance(0.02)) return Nested(random);
  return std::string(kValues[random.Below(std::size(kValues))]);
}

std::string_view FieldName(Random& random) {
  static constexpr std::string_view kNames[] = {"version",
                                                "partitions",
                                                "isr",
                                                "leader",
                                                "endpoints",
                                                "features",
                                                "rack",
                                                "listener_security_protocol_map",
                                                "topic_id",
                                                "adding_replicas",
                                                "0",
                                                "-0",
                                                "00",
                                                "config",
                                                "PLAINTEXT",
                                                "A\\u0000B",
                                                "entity_path",
                                                "acls",
                                                "tokenRequester",
                                                "\\ud83d\\ude00"};
  return kNames[random.Below(std::size(kNames))];
}

// The end of the value that begins at `at`, of a number or a short text; of others any end will do.
std::size_t ValueEnd(const std::string& text, std::size_t at) {
  if (at < text.size() && text[at] == '"') {
    const std::size_t quote = text.find('"', at + 1);
    return quote == std::string::npos ? text.size() : quote + 1;
  }
  return std::min(text.find_first_of(",]}", at), text.size());
}

// A value of the document becomes another, or its object gets a field: often one that it has already.
void ChangeValue(std::string& text, Random& random) {
  const std::size_t from = text.find_first_of(":,[{", random.Below(text.size() + 1));
  if (from == std::string::npos) return;
  if (text[from] == '{') {
    text.insert(from + 1, "\"" + std::string(FieldName(random)) + "\":" + OddValue(random) + ",");
  } else {
    text.replace(from + 1, ValueEnd(text, from + 1) - from - 1, OddValue(random));
  }
}

void One(Random& random) {
  std::string text = Sample(random);
  if (random.Chance(0.7)) {
    for (std::uint64_t changes = 1 + random.Below(4); changes > 0; --changes) ChangeValue(text, random);
  }
  if (random.Chance(0.4)) text = test::Mutate(text, Sample(random), random);
  CheckAll(text);
  CheckNames(text);
}

}  // namespace
}  // namespace ottla::zk

int main(int argc, char** argv) {
  ottla::zk::CheckAll(std::nullopt);
  return ottla::test::FuzzMain(argc, argv, ottla::zk::One);
}
