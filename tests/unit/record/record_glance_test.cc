// A glance at a record must see what the parser sees, of sound records and of broken ones.
#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "common/record/record.h"

namespace ottla {
namespace {

std::string Sized(std::mt19937& random, std::size_t most) {
  std::string field;
  if (random() % 5 == 0) {
    WriteVarint(field, -1);
    return field;
  }
  const std::size_t size = random() % 100 == 0 ? 8'190 + random() % 4 : random() % (most + 1);
  WriteVarint(field, static_cast<std::int64_t>(size));
  for (std::size_t i = 0; i < size; ++i) field.push_back(static_cast<char>(random()));
  return field;
}

std::string SomeRecord(std::mt19937& random) {
  std::string body(1, '\0');
  WriteVarint(body, static_cast<std::int64_t>(std::uint64_t{random()} << 32 | random()) >> (random() % 64));
  WriteVarint(body, static_cast<std::int32_t>(random()) >> (random() % 31));
  body += Sized(random, 40) + Sized(random, 300);
  const int headers = random() % 4 == 0 ? static_cast<int>(random() % 3) : 0;
  WriteVarint(body, headers);
  for (int i = 0; i < headers; ++i) body += Sized(random, 5) + Sized(random, 5);
  std::string record;
  WriteVarint(record, static_cast<std::int64_t>(body.size()));
  return record + body;
}

struct Seen {
  bool ok = false;
  std::int64_t timestamp = 0;
  std::int32_t offset = 0;
  bool null_key = false;
  std::ptrdiff_t behind = 0;
  friend bool operator==(const Seen&, const Seen&) = default;
};

Seen ByGlance(const std::vector<char>& bytes) {
  const char* p = bytes.data();
  RecordGlance out;
  if (!GlanceAtRecord(p, p + bytes.size(), out)) return {};
  return {true, out.timestamp_delta, out.offset_delta, out.null_key, p - bytes.data()};
}

Seen ByParser(const std::vector<char>& bytes) {
  const char* p = bytes.data();
  RawRecord out;
  if (!ParseRecord(p, p + bytes.size(), out)) return {};
  return {true, out.timestamp_delta, out.offset_delta, out.key_size < 0, p - bytes.data()};
}

TEST(RecordGlance, SeesWhatTheParserSees) {
  std::mt19937 random(5);
  int sound = 0;
  int broken = 0;
  for (int round = 0; round < 200'000; ++round) {
    std::string bytes = SomeRecord(random);
    const std::size_t size = bytes.size();
    if (random() % 2 == 0) bytes += SomeRecord(random);
    if (random() % 2 == 0) bytes[random() % std::min<std::size_t>(size, 16)] = static_cast<char>(random());
    if (random() % 8 == 0) bytes.resize(random() % (size + 1));
    // In memory of its own, of exactly that size: a step too far is seen by a sanitizer.
    const std::vector<char> exact(bytes.begin(), bytes.end());
    const Seen seen = ByParser(exact);
    ASSERT_EQ(ByGlance(exact), seen) << "round " << round;
    (seen.ok ? sound : broken) += 1;
  }
  EXPECT_GT(sound, 50'000);
  EXPECT_GT(broken, 20'000);
}

}  // namespace
}  // namespace ottla
