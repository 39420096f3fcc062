// Numbers of the record formats in memory: big endian, unaligned. The caller guarantees that the bytes are there.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>

namespace ottla {

static_assert(std::endian::native == std::endian::little, "the helpers below swap unconditionally");

inline std::int16_t LoadI16(const char* p) {
  std::uint16_t v = 0;
  std::memcpy(&v, p, sizeof v);
  return static_cast<std::int16_t>(__builtin_bswap16(v));
}
inline std::uint32_t LoadU32(const char* p) {
  std::uint32_t v = 0;
  std::memcpy(&v, p, sizeof v);
  return __builtin_bswap32(v);
}
inline std::int32_t LoadI32(const char* p) { return static_cast<std::int32_t>(LoadU32(p)); }
inline std::int64_t LoadI64(const char* p) {
  std::uint64_t v = 0;
  std::memcpy(&v, p, sizeof v);
  return static_cast<std::int64_t>(__builtin_bswap64(v));
}
inline void StoreI16(char* p, std::int16_t value) {
  const std::uint16_t v = __builtin_bswap16(static_cast<std::uint16_t>(value));
  std::memcpy(p, &v, sizeof v);
}
inline void StoreU32(char* p, std::uint32_t value) {
  const std::uint32_t v = __builtin_bswap32(value);
  std::memcpy(p, &v, sizeof v);
}
inline void StoreI32(char* p, std::int32_t value) { StoreU32(p, static_cast<std::uint32_t>(value)); }
inline void StoreI64(char* p, std::int64_t value) {
  const std::uint64_t v = __builtin_bswap64(static_cast<std::uint64_t>(value));
  std::memcpy(p, &v, sizeof v);
}

}  // namespace ottla
