#include "controller/shell/rpc_control_link.h"

#include <memory>
#include <unordered_map>
#include <utility>

namespace ottla::controller {
namespace {

using PartitionErrors = std::vector<std::pair<TopicPartition, ErrorCode>>;
// The answer to LeaderAndIsr names topics by id only.
using TopicNames = std::unordered_map<Uuid, std::string>;

TopicNames NamesOf(const LeaderAndIsrRequestPlan& plan) {
  TopicNames names;
  for (const PartitionImage& image : plan.partitions) names.emplace(image.topic_id, image.partition.topic);
  return names;
}

PartitionErrors ErrorsIn(const LeaderAndIsrResponse& response, const TopicNames& names) {
  PartitionErrors errors;
  for (const auto& topic : response.topics) {
    const auto name = names.find(topic.topic_id);
    if (name == names.end()) continue;
    for (const auto& partition : topic.partition_errors) {
      errors.emplace_back(TopicPartition{name->second, partition.partition_index}, partition.error_code);
    }
  }
  return errors;
}

PartitionErrors ErrorsIn(const StopReplicaResponse& response) {
  PartitionErrors errors;
  for (const auto& partition : response.partition_errors) {
    errors.emplace_back(TopicPartition{std::string(partition.topic_name), partition.partition_index},
                        partition.error_code);
  }
  return errors;
}

class RpcControlLink final : public ControlLink {
 public:
  RpcControlLink(LoopContext& context, Network& network, std::uint64_t seed, const Endpoint& to,
                 const RpcLinkOptions& options)
      : self_(options.self),
        versions_(options.versions),
        channel_(context, network, seed, to, ChannelOptions(options)) {}

  void Call(const ControlRequest& request, Done done) override {
    std::visit([&](const auto& plan) { CallWith(request, plan, std::move(done)); }, request.body);
  }

 private:
  using Kind = ControlAnswered::Kind;

  static RpcChannel::Options ChannelOptions(const RpcLinkOptions& options) {
    RpcChannel::Options channel;
    channel.client_id = std::to_string(options.self.value);
    channel.connect_timeout = options.connect_timeout;
    channel.request_timeout = options.request_timeout;
    channel.backoff_min = options.pause;
    channel.backoff_max = options.pause;
    return channel;
  }

  void CallWith(const ControlRequest& request, const LeaderAndIsrRequestPlan& plan, Done done) {
    Send<LeaderAndIsrResponse>(
        request, plan, versions_.leader_and_isr, Kind::kLeaderAndIsr,
        [names = NamesOf(plan)](const LeaderAndIsrResponse& response) { return ErrorsIn(response, names); },
        std::move(done));
  }
  void CallWith(const ControlRequest& request, const UpdateMetadataRequestPlan& plan, Done done) {
    Send<UpdateMetadataResponse>(
        request, plan, versions_.update_metadata, Kind::kUpdateMetadata,
        [](const UpdateMetadataResponse&) { return PartitionErrors(); }, std::move(done));
  }
  void CallWith(const ControlRequest& request, const StopReplicaRequestPlan& plan, Done done) {
    Send<StopReplicaResponse>(
        request, plan, versions_.stop_replica, Kind::kStopReplica,
        [](const StopReplicaResponse& response) { return ErrorsIn(response); }, std::move(done));
  }

  template <class Response, class Plan, class Errors>
  void Send(const ControlRequest& request, const Plan& plan, std::int16_t version, Kind kind, Errors errors,
            Done done) {
    channel_.Call(ToWire(request, plan, self_), version,
                  [answer = ControlAnswered{kind, request.broker, request.broker_epoch, ErrorCode::kNone, {}},
                   errors = std::move(errors), done = std::move(done)](Result<RpcReply> reply) mutable {
                    Response response;
                    const Status status = reply.ok() ? reply->DecodeInto(&response) : reply.status();
                    if (!status.ok()) {
                      done(status);
                      return;
                    }
                    answer.error = response.error_code;
                    answer.partitions = errors(response);
                    done(std::move(answer));
                  });
  }

  const BrokerId self_;
  const ControlVersions versions_;
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
