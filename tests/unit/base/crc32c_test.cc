#include "common/base/crc32c.h"

#include <gtest/gtest.h>

#include <string>

#include "common/base/random.h"

namespace ottla {
namespace {

TEST(Crc32c, Vectors) {  // RFC 3720, B.4
  EXPECT_EQ(Crc32c(0, "123456789", 9), 0xE3069283U);
  EXPECT_EQ(Crc32c(0, std::string(32, '\0').data(), 32), 0x8A9136AAU);
  EXPECT_EQ(Crc32c(0, std::string(32, '\xff').data(), 32), 0x62A8AB43U);
  EXPECT_EQ(Crc32c(0, "", 0), 0U);
}

TEST(Crc32c, FastAndPortableAgreeAtEverySizeAndAlignment) {
  Random random(1);
  std::string bytes(20000, '\0');
  for (char& c : bytes) c = static_cast<char>(random.Next());
  for (std::size_t size = 0; size < 2100; ++size) {
    const char* p = bytes.data() + size % 13;
    ASSERT_EQ(Crc32c(0, p, size), Crc32cPortable(0, p, size)) << size;
  }
  for (const std::size_t size : {6143U, 6144U, 6145U, 12288U, 13056U, 19999U}) {
    ASSERT_EQ(Crc32c(7, bytes.data() + 1, size), Crc32cPortable(7, bytes.data() + 1, size)) << size;
  }
}

TEST(Crc32c, GoesOnWhereItStopped) {
  const std::string bytes(10000, 'x');
  for (const std::size_t cut : {0U, 1U, 7U, 768U, 6144U, 9999U, 10000U}) {
    const std::uint32_t first = Crc32c(0, bytes.data(), cut);
    EXPECT_EQ(Crc32c(first, bytes.data() + cut, bytes.size() - cut), Crc32c(0, bytes.data(), bytes.size()));
  }
}

}  // namespace
}  // namespace ottla
