#include "common/base/crc32c.h"

#include <array>
#include <bit>
#include <cstring>

#if defined(__x86_64__)
#include <nmmintrin.h>
#endif

namespace ottla {
namespace {

constexpr std::uint32_t kPoly = 0x82F63B78;  // reflected: bit 31 is x^0

// (a * x) mod P.
constexpr std::uint32_t TimesX(std::uint32_t a) { return (a >> 1) ^ ((a & 1) != 0 ? kPoly : 0); }

// (a * b) mod P.
constexpr std::uint32_t Multiply(std::uint32_t a, std::uint32_t b) {
  std::uint32_t product = 0;
  for (int degree = 31; degree >= 0; --degree, b = TimesX(b)) {
    if (((a >> degree) & 1) != 0) product ^= b;
  }
  return product;
}

// x^(8 * bytes) mod P: multiplying by it appends that many zero bytes to a message.
constexpr std::uint32_t ZeroBytes(std::size_t bytes) {
  std::uint32_t result = 0x80000000U;  // 1
  std::uint32_t square = 0x00800000U;  // x^8
  for (; bytes != 0; bytes >>= 1, square = Multiply(square, square)) {
    if ((bytes & 1) != 0) result = Multiply(result, square);
  }
  return result;
}

using ByteTables = std::array<std::array<std::uint32_t, 256>, 8>;

// tables[k][b]: register after byte b and then k zero bytes, from an empty register.
constexpr ByteTables MakeSliceTables() {
  ByteTables tables{};
  for (std::uint32_t b = 0; b < 256; ++b) {
    std::uint32_t crc = b;
    for (int bit = 0; bit < 8; ++bit) crc = TimesX(crc);
    tables[0][b] = crc;
  }
  for (std::size_t k = 1; k < 8; ++k) {
    for (std::size_t b = 0; b < 256; ++b) {
      const std::uint32_t before = tables[k - 1][b];
      tables[k][b] = (before >> 8) ^ tables[0][before & 0xff];
    }
  }
  return tables;
}
constexpr ByteTables kSlice = MakeSliceTables();

std::uint64_t Load64(const unsigned char* p) {
  std::uint64_t v = 0;
  std::memcpy(&v, p, sizeof v);
  return v;
}

#if defined(__x86_64__)

// One register byte at a time: how `bytes` zero bytes change the register. 4 lookups instead of a multiplication.
using ShiftTable = std::array<std::array<std::uint32_t, 256>, 4>;
constexpr ShiftTable MakeShiftTable(std::size_t bytes) {
  const std::uint32_t factor = ZeroBytes(bytes);
  ShiftTable table{};
  for (std::uint32_t i = 0; i < 4; ++i) {
    for (std::uint32_t b = 0; b < 256; ++b) table[i][b] = Multiply(factor, b << (8 * i));
  }
  return table;
}
std::uint32_t Shift(const ShiftTable& table, std::uint32_t r) {
  return table[0][r & 0xff] ^ table[1][(r >> 8) & 0xff] ^ table[2][(r >> 16) & 0xff] ^ table[3][r >> 24];
}

// The instruction takes 3 cycles but one can start each cycle: three independent lanes keep it busy. Long lanes for the
// bulk (few joins), short ones for what is left.
constexpr std::size_t kLongLane = 2048;
constexpr std::size_t kShortLane = 256;
constexpr ShiftTable kLongShift = MakeShiftTable(kLongLane);
constexpr ShiftTable kShortShift = MakeShiftTable(kShortLane);

__attribute__((target("sse4.2"))) std::uint32_t ThreeLanes(std::uint32_t r, const unsigned char* p, std::size_t lane,
                                                           const ShiftTable& shift) {
  std::uint64_t a = r;
  std::uint64_t b = 0;
  std::uint64_t c = 0;
  for (std::size_t i = 0; i < lane; i += 8) {
    a = _mm_crc32_u64(a, Load64(p + i));
    b = _mm_crc32_u64(b, Load64(p + lane + i));
    c = _mm_crc32_u64(c, Load64(p + 2 * lane + i));
  }
  r = Shift(shift, static_cast<std::uint32_t>(a)) ^ static_cast<std::uint32_t>(b);
  return Shift(shift, r) ^ static_cast<std::uint32_t>(c);
}

__attribute__((target("sse4.2"))) std::uint32_t Hardware(std::uint32_t crc, const void* data, std::size_t size) {
  const auto* p = static_cast<const unsigned char*>(data);
  std::uint32_t r = ~crc;
  for (; size >= 3 * kLongLane; p += 3 * kLongLane, size -= 3 * kLongLane) r = ThreeLanes(r, p, kLongLane, kLongShift);
  for (; size >= 3 * kShortLane; p += 3 * kShortLane, size -= 3 * kShortLane) {
    r = ThreeLanes(r, p, kShortLane, kShortShift);
  }
  std::uint64_t wide = r;
  for (; size >= 8; p += 8, size -= 8) wide = _mm_crc32_u64(wide, Load64(p));
  r = static_cast<std::uint32_t>(wide);
  for (; size > 0; ++p, --size) r = _mm_crc32_u8(r, *p);
  return ~r;
}

#endif

using Function = std::uint32_t (*)(std::uint32_t, const void*, std::size_t);

Function Choose() {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("sse4.2") != 0) return &Hardware;
#endif
  return &Crc32cPortable;
}

}  // namespace

std::uint32_t Crc32cPortable(std::uint32_t crc, const void* data, std::size_t size) {
  static_assert(std::endian::native == std::endian::little);
  const auto* p = static_cast<const unsigned char*>(data);
  std::uint32_t r = ~crc;
  for (; size >= 8; p += 8, size -= 8) {
    const std::uint64_t v = Load64(p) ^ r;
    r = 0;
    for (std::size_t i = 0; i < 8; ++i) r ^= kSlice[7 - i][(v >> (8 * i)) & 0xff];
  }
  for (; size > 0; ++p, --size) r = (r >> 8) ^ kSlice[0][(r ^ *p) & 0xff];
  return ~r;
}

std::uint32_t Crc32c(std::uint32_t crc, const void* data, std::size_t size) {
  static const Function kFunction = Choose();
  return kFunction(crc, data, size);
}

}  // namespace ottla
