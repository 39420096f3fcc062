#include "controller/core/request_plan.h"

#include <algorithm>
#include <utility>

namespace ottla::controller {
namespace {

constexpr BrokerId kLeaderDuringDelete{-2};

// What brokers are told of a partition; nullopt: nothing is stored that could be told.
std::optional<PartitionImage> Image(const ClusterState& cluster, const TopicPartition& tp, bool is_new) {
  const auto topic = cluster.topics.find(tp.topic);
  const Partition* partition = cluster.Find(tp);
  if (partition == nullptr || !partition->state || !partition->usable()) return std::nullopt;
  PartitionImage image{
      tp,    topic->second.id, partition->state->data, partition->state->partition_epoch, partition->assignment, {},
      is_new};
  std::ranges::copy_if(partition->assignment.replicas, std::back_inserter(image.offline),
                       [&](BrokerId id) { return !cluster.ReplicaOnline(*partition, id); });
  return image;
}

// A topic being deleted: leader -2 and epochs 0; the ISR is kept.
PartitionImage MetadataImage(const ClusterState& cluster, PartitionImage image) {
  if (cluster.Deleting(image.partition.topic)) {
    image.state.leader = kLeaderDuringDelete;
    image.state.leader_epoch = LeaderEpoch(0);
    image.partition_epoch = PartitionEpoch(0);
  }
  return image;
}

std::shared_ptr<const std::vector<Broker>> LiveBrokers(const ClusterState& cluster) {
  auto brokers = std::make_shared<std::vector<Broker>>();
  for (const auto& [id, broker] : cluster.brokers) brokers->push_back(broker);
  return brokers;
}

std::vector<LiveLeader> LiveLeaders(const ClusterState& cluster, const std::vector<PartitionImage>& partitions,
                                    const std::string& listener) {
  std::set<BrokerId> ids;
  for (const PartitionImage& image : partitions) ids.insert(image.state.leader);
  std::vector<LiveLeader> leaders;
  for (const BrokerId id : ids) {
    const auto broker = cluster.brokers.find(id);
    if (broker == cluster.brokers.end()) continue;
    for (const zk::ListenerEndpoint& at : broker->second.registration.endpoints) {
      if (at.listener == listener) leaders.push_back({id, at.host, at.port});
    }
  }
  return leaders;
}

ControlRequest To(const Broker& broker, ControllerEpoch epoch, decltype(ControlRequest::body) body) {
  return {broker.id, broker.epoch, epoch, std::move(body)};
}

template <class Partitions>
std::shared_ptr<const std::vector<PartitionImage>> MetadataImages(const ClusterState& cluster,
                                                                  const Partitions& partitions) {
  auto images = std::make_shared<std::vector<PartitionImage>>();
  for (const TopicPartition& tp : partitions) {
    if (auto image = Image(cluster, tp, false)) images->push_back(MetadataImage(cluster, std::move(*image)));
  }
  return images;
}

}  // namespace

void RequestPlan::AddLeaderAndIsr(const std::vector<BrokerId>& brokers, const TopicPartition& partition, bool is_new) {
  for (const BrokerId broker : brokers) {
    bool& flag = leader_and_isr_[broker][partition];
    flag = flag || is_new;
  }
  AddMetadata(partition);
}

void RequestPlan::AddMetadata(const TopicPartition& partition) { metadata_.insert(partition); }

void RequestPlan::AddStopReplica(BrokerId broker, const TopicPartition& partition, LeaderEpoch leader_epoch,
                                 bool remove) {
  Stop& stop = stop_[broker][partition];
  stop.leader_epoch = leader_epoch;
  stop.remove = stop.remove || remove;
}

Effects RequestPlan::Take(const ClusterState& cluster, ControllerEpoch epoch, const std::string& listener) {
  Effects effects;
  for (const auto& [id, partitions] : leader_and_isr_) {
    const auto broker = cluster.brokers.find(id);
    if (broker == cluster.brokers.end()) continue;
    LeaderAndIsrRequestPlan plan;
    for (const auto& [tp, is_new] : partitions) {
      if (cluster.Deleting(tp.topic)) continue;
      if (auto image = Image(cluster, tp, is_new)) plan.partitions.push_back(std::move(*image));
    }
    if (plan.partitions.empty()) continue;
    plan.live_leaders = LiveLeaders(cluster, plan.partitions, listener);
    effects.emplace_back(SendControl{To(broker->second, epoch, std::move(plan))});
  }
  if (refresh_ || !metadata_.empty()) {
    const UpdateMetadataRequestPlan plan{MetadataImages(cluster, metadata_), LiveBrokers(cluster)};
    for (const auto& [id, broker] : cluster.brokers) effects.emplace_back(SendControl{To(broker, epoch, plan)});
  }
  for (const auto& [id, partitions] : stop_) {
    const auto broker = cluster.brokers.find(id);
    if (broker == cluster.brokers.end()) continue;
    StopReplicaRequestPlan plan;
    for (const auto& [tp, stop] : partitions) plan.items.push_back({tp, stop.leader_epoch, stop.remove});
    effects.emplace_back(SendControl{To(broker->second, epoch, std::move(plan))});
  }
  *this = RequestPlan();
  return effects;
}

Effects MetadataTo(const ClusterState& cluster, ControllerEpoch epoch, const std::vector<BrokerId>& to,
                   const std::vector<TopicPartition>& partitions) {
  Effects effects;
  const UpdateMetadataRequestPlan plan{MetadataImages(cluster, partitions), LiveBrokers(cluster)};
  for (const BrokerId id : to) {
    const auto broker = cluster.brokers.find(id);
    if (broker != cluster.brokers.end()) effects.emplace_back(SendControl{To(broker->second, epoch, plan)});
  }
  return effects;
}

}  // namespace ottla::controller
