// The api keys of the recorded requests that are sent again, as numbers: recordings name them so.
#pragma once

#include <cstdint>

#include "common/protocol/api_key.h"

namespace ottla {

constexpr std::int16_t NumberOf(ApiKey key) { return static_cast<std::int16_t>(key); }

inline constexpr std::int16_t kFetch = NumberOf(ApiKey::kFetch);
inline constexpr std::int16_t kListOffsets = NumberOf(ApiKey::kListOffsets);
inline constexpr std::int16_t kControlledShutdown = NumberOf(ApiKey::kControlledShutdown);
inline constexpr std::int16_t kOffsetForLeaderEpoch = NumberOf(ApiKey::kOffsetForLeaderEpoch);
inline constexpr std::int16_t kAlterPartition = NumberOf(ApiKey::kAlterPartition);
inline constexpr std::int16_t kAllocateProducerIds = NumberOf(ApiKey::kAllocateProducerIds);

}  // namespace ottla
