// The hash functions of Kafka's Java classes, which decide where things live: a group or transactional id's partition
// of its internal topic, a keyed record's partition. Pure; any thread.
#pragma once

#include <cstdint>
#include <string_view>

#include "common/base/ids.h"

namespace ottla {

// String.hashCode: over the UTF-16 units of `utf8`.
std::int32_t JavaStringHash(std::string_view utf8);

// Uuid.hashCode.
std::int32_t JavaUuidHash(const Uuid& id);

// Utils.abs: the absolute value, but 0 for the smallest int.
std::int32_t JavaAbs(std::int32_t value);

// The partition of __consumer_offsets or __transaction_state that keeps this group or transactional id.
// REQUIRES: partitions > 0.
std::int32_t CoordinatorPartition(std::string_view id, std::int32_t partitions);

// Utils.murmur2, Kafka's default partitioner.
std::int32_t Murmur2(std::string_view bytes);

// The partition that producers choose for a record with this key. REQUIRES: partitions > 0.
std::int32_t PartitionForKey(std::string_view key, std::int32_t partitions);

}  // namespace ottla
