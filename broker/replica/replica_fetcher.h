// Pulls partitions from their leaders: one fetcher per leader broker, on data loop broker % loops, with one connection,
// one request in flight and one incremental session. What comes is handed to the shards that own the partitions; what
// they want next is put into the following request. A partition that has nothing new costs nothing: neither the request
// nor the answer of a session mentions it.
// Rules: Apache Kafka 3.9's AbstractFetcherThread, ReplicaFetcherThread, FetchSessionHandler.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "broker/replica/follower_core.h"
#include "broker/replica/metadata_cache.h"
#include "broker/replica/partition_shard.h"
#include "common/base/executor.h"
#include "common/base/ids.h"

namespace ottla {

struct FetcherOptions {
  BrokerId self;
  std::string inter_broker_listener;
  std::int16_t fetch_version = 17;  // by inter.broker.protocol.version
  std::int16_t list_offsets_version = 9;
  std::int32_t wait_max_ms = 500;              // replica.fetch.wait.max.ms
  std::int32_t min_bytes = 1;                  // replica.fetch.min.bytes
  std::int32_t max_bytes = 10 << 20;           // replica.fetch.response.max.bytes
  std::int32_t partition_max_bytes = 1 << 20;  // replica.fetch.max.bytes
  Micros backoff{std::chrono::seconds(1)};     // replica.fetch.backoff.ms
  Micros request_timeout{std::chrono::seconds(30)};
};

}  // namespace ottla
