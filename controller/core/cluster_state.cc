#include "controller/core/cluster_state.h"

#include <algorithm>
#include <utility>

#include "common/base/check.h"

namespace ottla::controller {
namespace {

constexpr std::pair<PartitionStatus, PartitionStatus> kPartitionMoves[] = {
    {PartitionStatus::kNew, PartitionStatus::kOnline},     {PartitionStatus::kNew, PartitionStatus::kOffline},
    {PartitionStatus::kOnline, PartitionStatus::kOnline},  {PartitionStatus::kOnline, PartitionStatus::kOffline},
    {PartitionStatus::kOffline, PartitionStatus::kOnline}, {PartitionStatus::kOffline, PartitionStatus::kOffline},
};

constexpr std::pair<ReplicaDeletion, ReplicaDeletion> kDeletionMoves[] = {
    {ReplicaDeletion::kWaiting, ReplicaDeletion::kStarted},
    {ReplicaDeletion::kWaiting, ReplicaDeletion::kIneligible},
    {ReplicaDeletion::kStarted, ReplicaDeletion::kDone},
    {ReplicaDeletion::kStarted, ReplicaDeletion::kIneligible},
    {ReplicaDeletion::kIneligible, ReplicaDeletion::kWaiting},
};

template <class State, std::size_t N>
bool Listed(const std::pair<State, State> (&moves)[N], State from, State to) {
  return std::ranges::find(moves, std::pair(from, to)) != std::end(moves);
}

bool HasDuplicates(std::vector<BrokerId> ids) {
  std::ranges::sort(ids);
  return std::ranges::adjacent_find(ids) != ids.end();
}

}  // namespace

bool MayMove(PartitionStatus from, PartitionStatus to) { return Listed(kPartitionMoves, from, to); }
bool MayMove(ReplicaDeletion from, ReplicaDeletion to) { return Listed(kDeletionMoves, from, to); }

void Partition::MoveTo(PartitionStatus to) {
  OTTLA_CHECK(MayMove(status, to)) << static_cast<int>(status) << " to " << static_cast<int>(to);
  status = to;
}

void Deletion::MoveTo(std::int32_t partition, BrokerId broker, ReplicaDeletion to) {
  const auto it = replicas.find({partition, broker});
  OTTLA_CHECK(it != replicas.end()) << "partition " << partition << " broker " << broker;
  OTTLA_CHECK(MayMove(it->second, to)) << static_cast<int>(it->second) << " to " << static_cast<int>(to);
  it->second = to;
}

Partition* ClusterState::Find(const TopicPartition& tp) {
  return const_cast<Partition*>(std::as_const(*this).Find(tp));  // NOLINT: one lookup for both
}

const Partition* ClusterState::Find(const TopicPartition& tp) const {
  const auto topic = topics.find(tp.topic);
  if (topic == topics.end()) return nullptr;
  const auto partition = topic->second.partitions.find(tp.partition);
  return partition == topic->second.partitions.end() ? nullptr : &partition->second;
}

Topic* ClusterState::FindTopic(const std::string& name) {
  const auto it = topics.find(name);
  return it == topics.end() ? nullptr : &it->second;
}

std::vector<BrokerId> ClusterState::RegisteredIds() const {
  std::vector<BrokerId> ids;
  ids.reserve(brokers.size());
  for (const auto& [id, broker] : brokers) ids.push_back(id);
  return ids;
}

bool ClusterState::Deleting(const std::string& topic) const {
  const auto it = topics.find(topic);
  return it != topics.end() && it->second.deletion.has_value();
}

std::string Contradiction(const zk::PartitionReplicas& assignment, const zk::PartitionStateData* state) {
  if (assignment.replicas.empty()) return "no replicas are assigned";
  if (HasDuplicates(assignment.replicas)) return "a replica is assigned twice";
  if (std::ranges::any_of(assignment.replicas, [](BrokerId id) { return id.value < 0; })) return "a replica below 0";
  if (state == nullptr) return "";
  if (state->isr.empty()) return "the ISR is empty";
  if (HasDuplicates(state->isr)) return "a broker is in the ISR twice";
  for (const BrokerId id : state->isr) {
    if (!Contains(assignment.replicas, id))
      return "broker " + std::to_string(id.value) + " is in the ISR but no replica";
  }
  if (state->leader != kNoBroker && !Contains(state->isr, state->leader)) return "the leader is not in the ISR";
  if (state->leader_epoch.value < 0) return "the leader epoch is below 0";
  return "";
}

std::vector<BrokerId> Without(const std::vector<BrokerId>& ids, BrokerId id) {
  std::vector<BrokerId> rest;
  std::ranges::copy_if(ids, std::back_inserter(rest), [id](BrokerId other) { return other != id; });
  return rest;
}

std::string ToText(const std::vector<BrokerId>& ids) {
  std::string text;
  for (const BrokerId id : ids) text += (text.empty() ? "" : ",") + std::to_string(id.value);
  return text;
}

}  // namespace ottla::controller
