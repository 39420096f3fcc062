#include "controller/shell/rpc_control_link.h"

#include <memory>
#include <unordered_map>
#include <utility>

#include "common/protocol/messages/04_leader_and_isr.h"
#include "common/protocol/messages/05_stop_replica.h"
#include "common/protocol/messages/06_update_metadata.h"

namespace ottla::controller {
namespace {

constexpr std::int16_t kLeaderAndIsrVersion = 7;
constexpr std::int16_t kUpdateMetadataVersion = 8;
constexpr std::int16_t kStopReplicaVersion = 4;

std::vector<std::int32_t> Raw(const std::vector<BrokerId>& ids) {
  std::vector<std::int32_t> raw;
  raw.reserve(ids.size());
  for (const BrokerId id : ids) raw.push_back(id.value);
  return raw;
}

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
    state.isr = Raw(image.state.isr);
    state.partition_epoch = image.partition_epoch.value;
    state.replicas = Raw(image.assignment.replicas);
    state.adding_replicas = Raw(image.assignment.adding);
    state.removing_replicas = Raw(image.assignment.removing);
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
    state.isr = Raw(image.state.isr);
    state.zk_version = image.partition_epoch.value;
    state.replicas = Raw(image.assignment.replicas);
    state.offline_replicas = Raw(image.offline);
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

class RpcControlLink final : public ControlLink {
 public:
  RpcControlLink(LoopContext& context, Network& network, std::uint64_t seed, const Endpoint& to,
                 const RpcLinkOptions& options)
      : self_(options.self), channel_(context, network, seed, to, ChannelOptions(options)) {}

  void Call(const ControlRequest& request, Done done) override {
    struct Visitor {
      RpcControlLink& link;
      const ControlRequest& request;
      Done& done;
      void operator()(const LeaderAndIsrRequestPlan& plan) { link.CallLeaderAndIsr(request, plan, std::move(done)); }
      void operator()(const UpdateMetadataRequestPlan& plan) {
        link.CallUpdateMetadata(request, plan, std::move(done));
      }
      void operator()(const StopReplicaRequestPlan& plan) { link.CallStopReplica(request, plan, std::move(done)); }
    };
    std::visit(Visitor{*this, request, done}, request.body);
  }

 private:
  static RpcChannel::Options ChannelOptions(const RpcLinkOptions& options) {
    RpcChannel::Options channel;
    channel.client_id = std::to_string(options.self.value);
    channel.connect_timeout = options.connect_timeout;
    channel.request_timeout = options.request_timeout;
    channel.backoff_min = options.pause;
    channel.backoff_max = options.pause;
    return channel;
  }

  static ControlAnswered Empty(const ControlRequest& request, ControlAnswered::Kind kind) {
    return {kind, request.broker, request.broker_epoch, ErrorCode::kNone, {}};
  }

  void CallLeaderAndIsr(const ControlRequest& request, const LeaderAndIsrRequestPlan& plan, Done done) {
    // The answer names topics by id only.
    auto names = std::make_shared<std::unordered_map<Uuid, std::string>>();
    for (const PartitionImage& image : plan.partitions) names->emplace(image.topic_id, image.partition.topic);
    channel_.Call(ToWire(request, plan, self_), kLeaderAndIsrVersion,
                  [answer = Empty(request, ControlAnswered::Kind::kLeaderAndIsr), names,
                   done = std::move(done)](Result<RpcReply> reply) mutable {
                    LeaderAndIsrResponse response;
                    const Status status = reply.ok() ? reply->DecodeInto(&response) : reply.status();
                    if (!status.ok()) {
                      done(status);
                      return;
                    }
                    answer.error = response.error_code;
                    for (const auto& topic : response.topics) {
                      const auto name = names->find(topic.topic_id);
                      if (name == names->end()) continue;
                      for (const auto& partition : topic.partition_errors) {
                        answer.partitions.emplace_back(TopicPartition{name->second, partition.partition_index},
                                                       partition.error_code);
                      }
                    }
                    done(std::move(answer));
                  });
  }

  void CallUpdateMetadata(const ControlRequest& request, const UpdateMetadataRequestPlan& plan, Done done) {
    channel_.Call(ToWire(request, plan, self_), kUpdateMetadataVersion,
                  [answer = Empty(request, ControlAnswered::Kind::kUpdateMetadata),
                   done = std::move(done)](Result<RpcReply> reply) mutable {
                    UpdateMetadataResponse response;
                    const Status status = reply.ok() ? reply->DecodeInto(&response) : reply.status();
                    if (!status.ok()) {
                      done(status);
                      return;
                    }
                    answer.error = response.error_code;
                    done(std::move(answer));
                  });
  }

  void CallStopReplica(const ControlRequest& request, const StopReplicaRequestPlan& plan, Done done) {
    channel_.Call(ToWire(request, plan, self_), kStopReplicaVersion,
                  [answer = Empty(request, ControlAnswered::Kind::kStopReplica),
                   done = std::move(done)](Result<RpcReply> reply) mutable {
                    StopReplicaResponse response;
                    const Status status = reply.ok() ? reply->DecodeInto(&response) : reply.status();
                    if (!status.ok()) {
                      done(status);
                      return;
                    }
                    answer.error = response.error_code;
                    for (const auto& partition : response.partition_errors) {
                      answer.partitions.emplace_back(
                          TopicPartition{std::string(partition.topic_name), partition.partition_index},
                          partition.error_code);
                    }
                    done(std::move(answer));
                  });
  }

  const BrokerId self_;
  RpcChannel channel_;
};

}  // namespace

ControlLinkFactory MakeRpcLinks(LoopContext& context, Network& network, Random random, RpcLinkOptions options) {
  auto seeds = std::make_shared<Random>(random);
  return
      [&context, &network, seeds, options = std::move(options)](const Broker& broker) -> std::unique_ptr<ControlLink> {
        for (const zk::ListenerEndpoint& at : broker.registration.endpoints) {
          if (at.listener != options.listener) continue;
          const Endpoint to{at.host, static_cast<std::uint16_t>(at.port)};
          return std::make_unique<RpcControlLink>(context, network, seeds->Next(), to, options);
        }
        return nullptr;
      };
}

}  // namespace ottla::controller
