#include "common/record/xxhash32.h"

#include <array>
#include <bit>
#include <cstring>

namespace ottla {
namespace {

constexpr std::uint32_t kPrime1 = 0x9E3779B1U;
constexpr std::uint32_t kPrime2 = 0x85EBCA77U;
constexpr std::uint32_t kPrime3 = 0xC2B2AE3DU;
constexpr std::uint32_t kPrime4 = 0x27D4EB2FU;
constexpr std::uint32_t kPrime5 = 0x165667B1U;
constexpr std::size_t kStripe = 16;

std::uint32_t Lane(const char* p) {
  std::uint32_t v = 0;
  std::memcpy(&v, p, sizeof v);
  return v;
}

}  // namespace

std::uint32_t XxHash32(std::string_view bytes, std::uint32_t seed) {
  const char* p = bytes.data();
  std::size_t left = bytes.size();
  std::uint32_t hash = seed + kPrime5;
  if (left >= kStripe) {
    std::array<std::uint32_t, 4> acc = {seed + kPrime1 + kPrime2, seed + kPrime2, seed, seed - kPrime1};
    for (; left >= kStripe; left -= kStripe) {
      for (std::uint32_t& a : acc) {
        a = std::rotl(a + Lane(p) * kPrime2, 13) * kPrime1;
        p += 4;
      }
    }
    hash = std::rotl(acc[0], 1) + std::rotl(acc[1], 7) + std::rotl(acc[2], 12) + std::rotl(acc[3], 18);
  }
  hash += static_cast<std::uint32_t>(bytes.size());
  for (; left >= 4; left -= 4, p += 4) hash = std::rotl(hash + Lane(p) * kPrime3, 17) * kPrime4;
  for (; left > 0; --left, ++p) hash = std::rotl(hash + static_cast<unsigned char>(*p) * kPrime5, 11) * kPrime1;
  hash = (hash ^ (hash >> 15)) * kPrime2;
  hash = (hash ^ (hash >> 13)) * kPrime3;
  return hash ^ (hash >> 16);
}

}  // namespace ottla
