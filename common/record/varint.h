// Zigzag varints of v2 records: at most 5 bytes for 32 bits and 10 for 64; surplus bits of the last byte are dropped.
#pragma once

#include <cstddef>
#include <cstdint>

namespace ottla {

constexpr std::int64_t ZigZagDecode(std::uint64_t v) {
  return static_cast<std::int64_t>(v >> 1) ^ -static_cast<std::int64_t>(v & 1);
}
constexpr std::uint64_t ZigZagEncode(std::int64_t v) {
  return (static_cast<std::uint64_t>(v) << 1) ^ static_cast<std::uint64_t>(v >> 63);
}

namespace internal {
// False: cut, or longer than `max_bytes`.
inline bool ReadRaw(const char*& p, const char* end, int max_bytes, std::uint64_t& out) {
  std::uint64_t value = 0;
  for (int i = 0; i < max_bytes && p < end; ++i) {
    const auto byte = static_cast<unsigned char>(*p++);
    value |= static_cast<std::uint64_t>(byte & 0x7f) << (7 * i);
    if (byte < 0x80) {
      out = value;
      return true;
    }
  }
  return false;
}
}  // namespace internal

// Reads at p, which moves behind the number. False: cut or too long; p is then anywhere up to end.
inline bool ReadVarint(const char*& p, const char* end, std::int32_t& out) {
  if (p < end && static_cast<unsigned char>(*p) < 0x80) [[likely]] {
    const std::uint32_t byte = static_cast<unsigned char>(*p++);
    out = static_cast<std::int32_t>(byte >> 1) ^ -static_cast<std::int32_t>(byte & 1);
    return true;
  }
  std::uint64_t raw = 0;
  if (!internal::ReadRaw(p, end, 5, raw)) return false;
  const auto low = static_cast<std::uint32_t>(raw);
  out = static_cast<std::int32_t>(low >> 1) ^ -static_cast<std::int32_t>(low & 1);
  return true;
}

inline bool ReadVarlong(const char*& p, const char* end, std::int64_t& out) {
  if (p < end && static_cast<unsigned char>(*p) < 0x80) [[likely]] {
    out = ZigZagDecode(static_cast<unsigned char>(*p++));
    return true;
  }
  std::uint64_t raw = 0;
  if (!internal::ReadRaw(p, end, 10, raw)) return false;
  out = ZigZagDecode(raw);
  return true;
}

constexpr std::size_t VarintSize(std::int64_t value) {
  std::size_t size = 1;
  for (std::uint64_t v = ZigZagEncode(value); v >= 0x80; v >>= 7) ++size;
  return size;
}

// `Out` is a string or ByteBuffer-like with push_back.
template <class Out>
void WriteVarint(Out& out, std::int64_t value) {
  std::uint64_t v = ZigZagEncode(value);
  for (; v >= 0x80; v >>= 7) out.push_back(static_cast<char>(v | 0x80));
  out.push_back(static_cast<char>(v));
}

}  // namespace ottla
