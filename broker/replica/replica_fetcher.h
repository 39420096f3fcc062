// All fetchers of this broker: one for each leader broker, each on data loop broker % loops. Starts and stops reach
// them in the order in which they were asked for. A partition that has nothing new costs nothing: neither the request
// nor the answer of a session mentions it. Rules: Apache Kafka 3.9's AbstractFetcherThread, ReplicaFetcherThread,
// FetchSessionHandler; where ours are quicker is said in leader_fetcher.h.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <vector>

#include "broker/replica/leader_fetcher.h"
#include "broker/replica/partition_shard.h"
#include "common/base/ids.h"
#include "common/net/loop_context.h"
#include "common/net/network.h"

namespace ottla {

// StartFetching, StopFetching and SetBrokerEpoch: any thread; the rest as said.
class ReplicaFetchers final : public FetchControl {
 public:
  // `contexts`: one per data loop. Everything outlives this object.
  ReplicaFetchers(PartitionShards& shards, std::vector<LoopContext*> contexts, Network& network, std::uint64_t seed,
                  FetcherOptions options);
  ~ReplicaFetchers() override;

  void StartFetching(std::vector<Start> partitions) override;
  void StopFetching(std::vector<TopicPartition> partitions) override;
  void SetBrokerEpoch(BrokerEpoch epoch) { world_.broker_epoch.store(epoch.value, std::memory_order_relaxed); }
  // Ends every fetcher; `done` on one of the data loops.
  void Stop(Task done);

 private:
  struct Loop;

  std::size_t LoopOf(BrokerId leader) const { return static_cast<std::size_t>(leader.value) % loops_.size(); }
  void Apply(Loop& loop, const std::vector<Start>& starts, const std::vector<TopicPartition>& stops);

  FetcherWorld world_;
  std::vector<std::shared_ptr<Loop>> loops_;
};

}  // namespace ottla
