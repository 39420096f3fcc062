// xxHash32, the checksum inside lz4 frames (specification: github.com/Cyan4973/xxHash, doc/xxhash_spec.md).
#pragma once

#include <cstdint>
#include <string_view>

namespace ottla {

std::uint32_t XxHash32(std::string_view bytes, std::uint32_t seed = 0);

}  // namespace ottla
