// Hashes, checksums, uuid texts and topic rules as Kafka's Java classes compute them.
#include <gtest/gtest.h>

#include <map>

#include "common/base/crc32c.h"
#include "common/base/ids.h"
#include "common/base/java_hash.h"
#include "common/base/topic_name.h"
#include "tests/support/golden.h"

namespace ottla {
namespace {

using nlohmann::json;

std::string Bytes(const json& line) { return test::FromHex(line["hex"].get<std::string>()); }

void CheckMurmur2(const json& line) {
  const std::string key = Bytes(line);
  EXPECT_EQ(Murmur2(key), line["hash"].get<std::int32_t>());
  for (const auto& [partitions, partition] : line["partition_of"].items()) {
    EXPECT_EQ(PartitionForKey(key, std::stoi(partitions)), partition.get<std::int32_t>());
  }
}

void CheckStringHash(const json& line) {
  const auto text = line["text"].get<std::string>();
  EXPECT_EQ(JavaStringHash(text), line["hash"].get<std::int32_t>());
  EXPECT_EQ(JavaAbs(JavaStringHash(text)), line["abs"].get<std::int32_t>());
  EXPECT_EQ(CoordinatorPartition(text, 50), line["partition_of_50"].get<std::int32_t>());
}

void CheckCrc(const json& line) {
  const std::string bytes = Bytes(line);
  const auto expected = line["crc32c"].get<std::uint32_t>();
  EXPECT_EQ(Crc32c(0, bytes.data(), bytes.size()), expected);
  EXPECT_EQ(Crc32cPortable(0, bytes.data(), bytes.size()), expected);
  const std::size_t half = bytes.size() / 2;
  EXPECT_EQ(Crc32c(Crc32c(0, bytes.data(), half), bytes.data() + half, bytes.size() - half), expected);
}

std::string RawBytes(const Uuid& id) { return {id.bytes.begin(), id.bytes.end()}; }

void CheckUuid(const json& line) {
  const std::optional<Uuid> id = Uuid::FromString(line["text"].get<std::string>());
  ASSERT_TRUE(id.has_value());
  EXPECT_EQ(RawBytes(*id), Bytes(line));
  EXPECT_EQ(id->ToString(), line["text"].get<std::string>());
  EXPECT_EQ(JavaUuidHash(*id), line["java_hash"].get<std::int32_t>());
}

void CheckUuidFromText(const json& line) {
  const std::optional<Uuid> id = Uuid::FromString(line["text"].get<std::string>());
  ASSERT_EQ(id.has_value(), line.contains("hex"));
  if (id) {
    EXPECT_EQ(RawBytes(*id), Bytes(line));
  }
}

void CheckTopicName(const json& line) {
  const auto name = line["name"].get<std::string>();
  const Status status = ValidateTopicName(name);
  EXPECT_EQ(status.ok(), line["valid"].get<bool>());
  EXPECT_EQ(status.message(), line.value("message", ""));
  EXPECT_EQ(HasCollisionChars(name), line["has_collision_chars"].get<bool>());
  EXPECT_EQ(IsInternalTopic(name), line["internal"].get<bool>());
}

void CheckCollision(const json& line) {
  EXPECT_EQ(TopicNamesCollide(line["a"].get<std::string>(), line["b"].get<std::string>()),
            line["collides"].get<bool>());
}

TEST(GoldenHashes, AreKafkas) {
  const std::map<std::string, void (*)(const json&)> checks = {
      {"murmur2", CheckMurmur2},
      {"java_string_hash", CheckStringHash},
      {"crc", CheckCrc},
      {"uuid", CheckUuid},
      {"uuid_from_text", CheckUuidFromText},
      {"topic_name", CheckTopicName},
      {"topic_collision", CheckCollision},
  };
  std::map<std::string, int> seen;
  test::ForEachGolden("hashes.jsonl", [&](const json& line) {
    const auto kind = line["kind"].get<std::string>();
    if (!checks.contains(kind)) return;  // variable-length numbers: the wire's tests
    SCOPED_TRACE(line.dump());
    checks.at(kind)(line);
    ++seen[kind];
  });
  for (const auto& [kind, check] : checks) EXPECT_GT(seen[kind], 0) << kind;
}

TEST(JavaStringHash, TakesBrokenUtf8AsReplacementCharacters) {
  EXPECT_EQ(JavaStringHash("\xff"), 0xfffd);
  EXPECT_EQ(JavaStringHash("a\x80"), 'a' * 31 + 0xfffd);
  EXPECT_EQ(JavaStringHash("\xed\xa0\x80"), (0xfffd * 31 + 0xfffd) * 31 + 0xfffd);  // a lone surrogate
}

}  // namespace
}  // namespace ottla
