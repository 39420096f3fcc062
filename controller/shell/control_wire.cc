#include "controller/shell/control_wire.h"

#include <string_view>
#include <utility>
#include <vector>

#include "common/base/broker_ids.h"

namespace ottla::controller {
namespace {

std::int16_t ProtocolId(std::string_view name) {
  if (name == "SSL") return 1;
  if (name == "SASL_PLAINTEXT") return 2;
  if (name == "SASL_SSL") return 3;
  return 0;
}

template <class Request>
void FillHeader(const ControlRequest& from, BrokerId self, Request& to) {
  to.controller_id = self.value;
  to.controller_epoch = from.controller_epoch.value;
  to.broker_epoch = from.broker_epoch.value;
}

// Plans are sorted by topic: the entry of a topic is the last one or a new one.
template <class Topics>
auto& TopicEntry(Topics& topics, const PartitionImage& image) {
  if (topics.empty() || topics.back().topic_name != image.partition.topic) {
    topics.emplace_back();
    topics.back().topic_name = image.partition.topic;
    topics.back().topic_id = image.topic_id;
  }
  return topics.back();
}

}  // namespace

ControlVersions ControlVersionsOf(const InterBrokerVersion& ibp) {
  if (ibp >= InterBrokerVersion{3, 4, 0}) return {};
  const std::int16_t leader_and_isr = ibp >= InterBrokerVersion{3, 2, 0} ? 6 : 5;
  return {leader_and_isr, 7, 3};
}

LeaderAndIsrRequest ToWire(const ControlRequest& request, const LeaderAndIsrRequestPlan& plan, BrokerId self) {
  LeaderAndIsrRequest out;
  FillHeader(request, self, out);
  for (const PartitionImage& image : plan.partitions) {
    LeaderAndIsrRequest::LeaderAndIsrPartitionState state;
    state.topic_name = image.partition.topic;
    state.partition_index = image.partition.partition;
    state.controller_epoch = image.state.controller_epoch.value;
    state.leader = image.state.leader.value;
    state.leader_epoch = image.state.leader_epoch.value;
    state.isr = ToNumbers(image.state.isr);
    state.partition_epoch = image.partition_epoch.value;
    state.replicas = ToNumbers(image.assignment.replicas);
    state.adding_replicas = ToNumbers(image.assignment.adding);
    state.removing_replicas = ToNumbers(image.assignment.removing);
    state.is_new = image.is_new;
    state.leader_recovery_state = image.state.recovering ? 1 : 0;
    TopicEntry(out.topic_states, image).partition_states.push_back(std::move(state));
  }
  for (const LiveLeader& leader : plan.live_leaders)
    out.live_leaders.push_back({leader.id.value, leader.host, leader.port});
  return out;
}

UpdateMetadataRequest ToWire(const ControlRequest& request, const UpdateMetadataRequestPlan& plan, BrokerId self) {
  UpdateMetadataRequest out;
  FillHeader(request, self, out);
  for (const PartitionImage& image : *plan.partitions) {
    UpdateMetadataRequest::UpdateMetadataPartitionState state;
    state.topic_name = image.partition.topic;
    state.partition_index = image.partition.partition;
    state.controller_epoch = image.state.controller_epoch.value;
    state.leader = image.state.leader.value;
    state.leader_epoch = image.state.leader_epoch.value;
    state.isr = ToNumbers(image.state.isr);
    state.zk_version = image.partition_epoch.value;
    state.replicas = ToNumbers(image.assignment.replicas);
    state.offline_replicas = ToNumbers(image.offline);
    TopicEntry(out.topic_states, image).partition_states.push_back(std::move(state));
  }
  for (const Broker& broker : *plan.live_brokers) {
    UpdateMetadataRequest::UpdateMetadataBroker live;
    live.id = broker.id.value;
    live.rack = std::nullopt;
    if (broker.registration.rack) live.rack = *broker.registration.rack;
    for (const zk::ListenerEndpoint& at : broker.registration.endpoints) {
      live.endpoints.push_back({at.port, at.host, at.listener, ProtocolId(at.protocol)});
    }
    out.live_brokers.push_back(std::move(live));
  }
  return out;
}

StopReplicaRequest ToWire(const ControlRequest& request, const StopReplicaRequestPlan& plan, BrokerId self) {
  StopReplicaRequest out;
  FillHeader(request, self, out);
  for (const StopReplicaRequestPlan::Item& item : plan.items) {
    if (out.topic_states.empty() || out.topic_states.back().topic_name != item.partition.topic) {
      out.topic_states.push_back({item.partition.topic, {}});
    }
    out.topic_states.back().partition_states.push_back(
        {item.partition.partition, item.leader_epoch.value, item.delete_partition});
  }
  return out;
}

}  // namespace ottla::controller
