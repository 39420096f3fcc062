#include "broker/server/controller_client.h"

#include <utility>

#include "common/protocol/messages/07_controlled_shutdown.h"
#include "common/protocol/messages/67_allocate_producer_ids.h"

namespace ottla {

Status ControllerClient::Connect() {
  const BrokerId controller = view_->controller().value_or(kNoBroker);
  const MetadataBroker* broker = view_->FindBroker(controller);
  const MetadataEndpoint* at = broker == nullptr ? nullptr : broker->EndpointOf(options_.inter_broker_listener);
  if (at == nullptr) return {StatusCode::kUnavailable, "no controller is known"};
  if (channel_ == nullptr) {
    RpcChannel::Options channel;
    channel.client_id = std::to_string(options_.self.value);
    channel.request_timeout = options_.request_timeout;
    channel_ = std::make_unique<RpcChannel>(control_, network_, random_.Next(), at->address, channel);
  } else if (channel_->endpoint() != at->address) {
    channel_->SetEndpoint(at->address);
  }
  return Status::Ok();
}

void ControllerClient::AllocateProducerIds(UniqueFunction<void(Result<ProducerIdBlock>)> done) {
  if (const Status status = Connect(); !status.ok()) {
    // Never from inside the call: the asker may be in the middle of something.
    control_.executor->Post([done = std::move(done), status]() mutable { done(status); });
    return;
  }
  AllocateProducerIdsRequest request;
  request.broker_id = options_.self.value;
  request.broker_epoch = epoch_.value;
  channel_->Call(request, 0, [done = std::move(done)](Result<RpcReply> reply) mutable {
    AllocateProducerIdsResponse response;
    Status status = reply.ok() ? reply->DecodeInto(&response) : reply.status();
    if (status.ok() && response.error_code != ErrorCode::kNone) {
      status = {StatusCode::kUnavailable, std::string(ToString(response.error_code))};
    }
    if (status.ok() && (response.producer_id_start < 0 || response.producer_id_len <= 0)) {
      status = {StatusCode::kCorrupt, "the controller sent an empty producer id block"};
    }
    if (status.ok()) {
      done(ProducerIdBlock{response.producer_id_start, response.producer_id_len});
    } else {
      done(status);
    }
  });
}

void ControllerClient::ControlledShutdown(UniqueFunction<void(Result<std::size_t>)> done) {
  if (const Status status = Connect(); !status.ok()) {
    control_.executor->Post([done = std::move(done), status]() mutable { done(status); });
    return;
  }
  ControlledShutdownRequest request;
  request.broker_id = options_.self.value;
  request.broker_epoch = epoch_.value;
  channel_->Call(request, 3, [done = std::move(done)](Result<RpcReply> reply) mutable {
    ControlledShutdownResponse response;
    const Status status = reply.ok() ? reply->DecodeInto(&response) : reply.status();
    if (!status.ok()) {
      done(status);
    } else if (response.error_code != ErrorCode::kNone) {
      done(Status(StatusCode::kUnavailable, std::string(ToString(response.error_code))));
    } else {
      done(response.remaining_partitions.size());
    }
  });
}

}  // namespace ottla
