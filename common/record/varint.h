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
[[gnu::noinline]] inline bool ReadRaw(const char*& p, const char* end, int max_bytes, std::uint64_t& out) {
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

// Reads at p, which moves behind the number. False: cut or too long; p is then anywhere up to end. One and two bytes,
// all but a few numbers in real batches, go without a loop; the branches are left to the predictor on purpose: records
// of a batch resemble each other, and selecting the length by arithmetic would chain every field to the one before.
inline bool ReadVarint(const char*& p, const char* end, std::int32_t& out) {
  std::uint64_t raw = 0;
  if (end - p >= 2) [[likely]] {
    const std::uint32_t first = static_cast<unsigned char>(p[0]);
    if (first < 0x80) {
      ++p;
      out = static_cast<std::int32_t>(first >> 1) ^ -static_cast<std::int32_t>(first & 1);
      return true;
    }
    const std::uint32_t second = static_cast<unsigned char>(p[1]);
    if (second < 0x80) {
      p += 2;
      const std::uint32_t both = (first & 0x7f) | (second << 7);
      out = static_cast<std::int32_t>(both >> 1) ^ -static_cast<std::int32_t>(both & 1);
      return true;
    }
  }
  if (!internal::ReadRaw(p, end, 5, raw)) return false;
  const auto low = static_cast<std::uint32_t>(raw);
  out = static_cast<std::int32_t>(low >> 1) ^ -static_cast<std::int32_t>(low & 1);
  return true;
}

inline bool ReadVarlong(const char*& p, const char* end, std::int64_t& out) {
  std::uint64_t raw = 0;
  if (end - p >= 2 && ((p[0] & 0x80) == 0 || (p[1] & 0x80) == 0)) [[likely]] {
    std::int32_t small = 0;
    ReadVarint(p, end, small);
    out = small;
    return true;
  }
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
