// Versions of the requests this broker sends to others without negotiation: inter.broker.protocol.version fixes them
// (Apache Kafka 3.9: MetadataVersion, KafkaServer). Pure. From 2.8-IV1 on, the oldest one this broker starts with.
#pragma once

#include <cstdint>

#include "common/config/inter_broker_version.h"

namespace ottla {

std::int16_t FetchVersion(const InterBrokerVersion& ibp);
std::int16_t ListOffsetsVersion(const InterBrokerVersion& ibp);  // of a follower
inline constexpr std::int16_t kControlledShutdownVersion = 3;    // the same since 2.4-IV1

// Whether producer ids come from the controller; before, each broker takes its blocks from ZooKeeper itself.
inline bool AllocatesByController(const InterBrokerVersion& ibp) { return ibp >= InterBrokerVersion{3, 0, 0}; }

}  // namespace ottla
