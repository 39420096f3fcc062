// The api keys of the recorded requests that are sent again, as recordings name them.
#pragma once

#include <cstdint>

namespace ottla {

inline constexpr std::int16_t kFetch = 1;
inline constexpr std::int16_t kListOffsets = 2;
inline constexpr std::int16_t kControlledShutdown = 7;
inline constexpr std::int16_t kOffsetForLeaderEpoch = 23;
inline constexpr std::int16_t kAlterPartition = 56;
inline constexpr std::int16_t kAllocateProducerIds = 67;

}  // namespace ottla
