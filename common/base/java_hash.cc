#include "common/base/java_hash.h"

#include <limits>

#include "common/base/check.h"
#include "common/base/utf8.h"

namespace ottla {
namespace {

std::uint64_t Load64BigEndian(const std::uint8_t* bytes) {
  std::uint64_t value = 0;
  for (int i = 0; i < 8; ++i) value = value << 8 | bytes[i];
  return value;
}

std::uint32_t ByteAt(std::string_view bytes, std::size_t i) { return static_cast<unsigned char>(bytes[i]); }

}  // namespace

std::int32_t JavaStringHash(std::string_view utf8) {
  std::uint32_t hash = 0;
  const auto add = [&hash](std::uint32_t unit) { hash = hash * 31 + unit; };
  while (!utf8.empty()) {
    const char32_t code = TakeCodePoint(&utf8);
    if (code < 0x10000) {
      add(code);
    } else {  // a surrogate pair
      add(0xd800 + ((code - 0x10000) >> 10));
      add(0xdc00 + (code & 0x3ff));
    }
  }
  return static_cast<std::int32_t>(hash);
}

std::int32_t JavaUuidHash(const Uuid& id) {
  const std::uint64_t mixed = Load64BigEndian(id.bytes.data()) ^ Load64BigEndian(id.bytes.data() + 8);
  return static_cast<std::int32_t>(static_cast<std::uint32_t>(mixed >> 32) ^ static_cast<std::uint32_t>(mixed));
}

std::int32_t JavaAbs(std::int32_t value) {
  if (value == std::numeric_limits<std::int32_t>::min()) return 0;
  return value < 0 ? -value : value;
}

std::int32_t CoordinatorPartition(std::string_view id, std::int32_t partitions) {
  OTTLA_CHECK(partitions > 0);
  return JavaAbs(JavaStringHash(id)) % partitions;
}

std::int32_t Murmur2(std::string_view bytes) {
  constexpr std::uint32_t kSeed = 0x9747b28c;
  constexpr std::uint32_t kMultiplier = 0x5bd1e995;
  std::uint32_t hash = kSeed ^ static_cast<std::uint32_t>(bytes.size());
  std::size_t at = 0;
  for (; bytes.size() - at >= 4; at += 4) {
    std::uint32_t word =
        ByteAt(bytes, at) | ByteAt(bytes, at + 1) << 8 | ByteAt(bytes, at + 2) << 16 | ByteAt(bytes, at + 3) << 24;
    word *= kMultiplier;
    word ^= word >> 24;
    hash = hash * kMultiplier ^ word * kMultiplier;
  }
  if (at < bytes.size()) {
    for (std::size_t left = bytes.size() - at; left > 0; --left)
      hash ^= ByteAt(bytes, at + left - 1) << (8 * (left - 1));
    hash *= kMultiplier;
  }
  hash ^= hash >> 13;
  hash *= kMultiplier;
  hash ^= hash >> 15;
  return static_cast<std::int32_t>(hash);
}

std::int32_t PartitionForKey(std::string_view key, std::int32_t partitions) {
  OTTLA_CHECK(partitions > 0);
  return (Murmur2(key) & std::numeric_limits<std::int32_t>::max()) % partitions;
}

}  // namespace ottla
