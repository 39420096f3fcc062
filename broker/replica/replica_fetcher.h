// Pulls partitions from their leaders: one fetcher per leader broker, on data loop broker % loops, with one connection,
// one request in flight and one incremental session. What comes is handed to the shards that own the partitions; what
// they want next is put into the following request. A partition that has nothing new costs nothing: neither the request
// nor the answer of a session mentions it.
// Rules: Apache Kafka 3.9's AbstractFetcherThread, ReplicaFetcherThread, FetchSessionHandler. Quicker than Kafka in two
// places: the pause after an error begins at 50 ms and grows to replica.fetch.backoff.ms, and a partition that is new
// to a fetcher does not wait until the request in flight has been answered (the connection is dropped instead).
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "broker/replica/follower_core.h"
#include "broker/replica/metadata_cache.h"
#include "broker/replica/partition_shard.h"
#include "common/base/executor.h"
#include "common/base/ids.h"
#include "common/net/loop_context.h"
#include "common/net/network.h"

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

class ReplicaFetcher;

// All fetchers of this broker. StartFetching, StopFetching and SetBrokerEpoch: any thread; the rest as said.
class ReplicaFetchers final : public FetchControl {
 public:
  // `contexts`: one per data loop. Everything outlives this object.
  ReplicaFetchers(PartitionShards& shards, std::vector<LoopContext*> contexts, Network& network, std::uint64_t seed,
                  FetcherOptions options);
  ~ReplicaFetchers() override;

  void StartFetching(std::vector<Start> partitions) override;
  void StopFetching(std::vector<TopicPartition> partitions) override;
  void SetBrokerEpoch(BrokerEpoch epoch) { broker_epoch_.store(epoch.value, std::memory_order_relaxed); }
  // Ends every fetcher; `done` on one of the data loops.
  void Stop(Task done);

 private:
  friend class ReplicaFetcher;
  struct Loop;

  std::size_t LoopOf(BrokerId leader) const { return static_cast<std::size_t>(leader.value) % loops_.size(); }
  void Apply(Loop& loop, const std::vector<Start>& starts, const std::vector<TopicPartition>& stops);

  PartitionShards& shards_;
  Network& network_;
  const FetcherOptions options_;
  std::atomic<std::int64_t> broker_epoch_{-1};
  std::vector<std::shared_ptr<Loop>> loops_;
};

}  // namespace ottla
