// CRC-32C (Castagnoli, RFC 3720): the checksum of v2 record batches. Pure; any thread.
#pragma once

#include <cstddef>
#include <cstdint>

namespace ottla {

// The checksum of all bytes so far followed by `size` bytes at `data`; 0 to begin. Crc32c(0, "123456789", 9) is
// 0xE3069283. Uses the CPU's instruction when it has one.
std::uint32_t Crc32c(std::uint32_t crc, const void* data, std::size_t size);

// The same without special instructions; for machines that lack them, and to test the fast one against.
std::uint32_t Crc32cPortable(std::uint32_t crc, const void* data, std::size_t size);

}  // namespace ottla
