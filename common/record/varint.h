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
// By value, so that a reader's own position can stay in a register.
struct RawVarint {
  const char* behind = nullptr;  // null: cut, or longer than allowed
  std::uint64_t value = 0;
};
[[gnu::noinline]] inline RawVarint ReadRaw(const char* p, const char* end, int max_bytes) {
  std::uint64_t value = 0;
  for (int i = 0; i < max_bytes && p < end; ++i) {
    const auto byte = static_cast<unsigned char>(*p++);
    value |= static_cast<std::uint64_t>(byte & 0x7f) << (7 * i);
    if (byte < 0x80) return {p, value};
  }
  return {};
}

constexpr std::int32_t ZigZagDecode32(std::uint32_t v) {
  return static_cast<std::int32_t>(v >> 1) ^ -static_cast<std::int32_t>(v & 1);
}

// One to three bytes, all but a few numbers in real batches, go without a loop; the branches are left to the predictor
// on purpose: records of a batch resemble each other, and selecting the length by arithmetic would chain every field to
// the one before. Three bytes must be there; false: a longer number, and `at` is then anywhere among them.
inline bool ReadSmall(const char*& at, std::int32_t& out) {
  const std::uint32_t one = static_cast<unsigned char>(at[0]);
  if (one < 0x80) {
    at += 1;
    out = ZigZagDecode32(one);
    return true;
  }
  const std::uint32_t two = (one & 0x7f) | std::uint32_t{static_cast<unsigned char>(at[1])} << 7;
  if (two < 0x80 << 7) {
    at += 2;
    out = ZigZagDecode32(two);
    return true;
  }
  const std::uint32_t three = (two & 0x3fff) | std::uint32_t{static_cast<unsigned char>(at[2])} << 14;
  at += 3;
  out = ZigZagDecode32(three);
  return three < 0x80 << 14;
}
}  // namespace internal

// Reads at p, which moves behind the number. False: cut or too long; p stays.
inline bool ReadVarint(const char*& p, const char* end, std::int32_t& out) {
  if (const char* at = p; end - p >= 3 && internal::ReadSmall(at, out)) [[likely]] {
    p = at;
    return true;
  }
  const internal::RawVarint raw = internal::ReadRaw(p, end, 5);
  if (raw.behind == nullptr) return false;
  p = raw.behind;
  out = internal::ZigZagDecode32(static_cast<std::uint32_t>(raw.value));
  return true;
}

inline bool ReadVarlong(const char*& p, const char* end, std::int64_t& out) {
  std::int32_t small = 0;
  if (const char* at = p; end - p >= 3 && internal::ReadSmall(at, small)) [[likely]] {
    p = at;
    out = small;
    return true;
  }
  const internal::RawVarint raw = internal::ReadRaw(p, end, 10);
  if (raw.behind == nullptr) return false;
  p = raw.behind;
  out = ZigZagDecode(raw.value);
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
