// What the controller has told this broker of the cluster, as an immutable view. Every data loop holds its own
// shared_ptr (PartitionShard::metadata()) and swaps it when told; the control loop owns the newest (MetadataCache).
// A new view shares every topic that did not change, so an update of one partition copies neither topics nor names.
// Nothing here survives a crash: the controller sends all of it to a broker that joins.
// Rules: UpdateMetadata as Apache Kafka 3.9's ZkMetadataCache takes it.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "common/base/ids.h"
#include "common/net/network.h"
#include "common/protocol/messages/06_update_metadata.h"

namespace ottla {

// Leader values of a partition entry that are not broker ids.
inline constexpr BrokerId kLeaderDuringDelete{-2};

struct MetadataEndpoint {
  std::string listener;
  std::int16_t security_protocol = 0;  // 0 PLAINTEXT, 1 SSL, 2 SASL_PLAINTEXT, 3 SASL_SSL
  Endpoint address;
};

struct MetadataBroker {
  BrokerId id;
  std::vector<MetadataEndpoint> endpoints;
  std::optional<std::string> rack;

  const MetadataEndpoint* EndpointOf(std::string_view listener) const;  // nullptr: not on that listener
};

struct MetadataPartition {
  std::int32_t partition = 0;
  ControllerEpoch controller_epoch;
  BrokerId leader = kNoBroker;
  LeaderEpoch leader_epoch = kNoLeaderEpoch;
  PartitionEpoch partition_epoch;
  std::vector<BrokerId> replicas;
  std::vector<BrokerId> isr;
  std::vector<BrokerId> offline_replicas;
};

struct MetadataTopic {
  std::string name;
  Uuid id;  // zero: none
  // Ascending by partition number; numbers may be missing while a topic is being created or deleted.
  std::vector<std::shared_ptr<const MetadataPartition>> partitions;

  const MetadataPartition* Find(std::int32_t partition) const;
};

using MetadataTopicPtr = std::shared_ptr<const MetadataTopic>;

class MetadataView {
 public:
  // nullptr: not known.
  const MetadataTopic* FindTopic(std::string_view name) const;
  const MetadataTopic* FindTopic(const Uuid& id) const;
  const MetadataPartition* FindPartition(std::string_view topic, std::int32_t partition) const;
  const MetadataBroker* FindBroker(BrokerId id) const;
  bool IsAlive(BrokerId id) const { return FindBroker(id) != nullptr; }

  // Ascending by id. Replaced as a whole by every update.
  const std::vector<MetadataBroker>& brokers() const { return *brokers_; }
  std::shared_ptr<const std::vector<MetadataBroker>> shared_brokers() const { return brokers_; }
  std::optional<BrokerId> controller() const { return controller_; }
  ControllerEpoch controller_epoch() const { return controller_epoch_; }
  std::size_t topic_count() const { return topic_count_; }

  // Every topic, in no order. `visit(const MetadataTopic&)`.
  template <class F>
  void ForEachTopic(F&& visit) const {
    for (const auto& bucket : by_name_) {
      if (bucket == nullptr) continue;
      for (const auto& [name, topic] : *bucket) visit(*topic);
    }
  }

 private:
  friend class MetadataCache;
  // Few enough to copy the array for every update, many enough that copying one bucket is cheap with 10,000 topics.
  static constexpr std::size_t kBuckets = 64;
  using NameBucket = std::unordered_map<std::string_view, MetadataTopicPtr>;  // keys point into the topics
  using IdBucket = std::unordered_map<Uuid, MetadataTopicPtr>;

  std::array<std::shared_ptr<const NameBucket>, kBuckets> by_name_;
  std::array<std::shared_ptr<const IdBucket>, kBuckets> by_id_;
  std::shared_ptr<const std::vector<MetadataBroker>> brokers_ = std::make_shared<std::vector<MetadataBroker>>();
  std::optional<BrokerId> controller_;
  ControllerEpoch controller_epoch_;
  std::size_t topic_count_ = 0;
};

using MetadataPtr = std::shared_ptr<const MetadataView>;

// The newest view and the rules by which it changes. Owner: the control loop. Epochs are compared before
// (ReplicaManager).
class MetadataCache {
 public:
  struct Change {
    std::vector<TopicPartition> deleted;  // partitions that left the view
    bool brokers_changed = false;         // the set of live broker ids, or an address
  };

  const MetadataPtr& view() const { return view_; }
  // Versions 0 to 8. Listed brokers replace all known ones; listed partitions are merged.
  Change Apply(const UpdateMetadataRequest& request);

 private:
  MetadataPtr view_ = std::make_shared<MetadataView>();
};

}  // namespace ottla
