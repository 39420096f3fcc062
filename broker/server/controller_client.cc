#include "broker/server/controller_client.h"

#include <limits>
#include <utility>

#include "broker/server/request_versions.h"
#include "common/protocol/messages/07_controlled_shutdown.h"
#include "common/protocol/messages/67_allocate_producer_ids.h"

namespace ottla {

Status ControllerClient::Connect(Channel& channel, bool negotiate) {
  const BrokerId controller = view_->controller().value_or(kNoBroker);
  const MetadataBroker* broker = view_->FindBroker(controller);
  const MetadataEndpoint* at = broker == nullptr ? nullptr : broker->EndpointOf(options_.inter_broker_listener);
  if (at == nullptr) return {StatusCode::kUnavailable, "no controller is known"};
  if (channel == nullptr) {
    RpcChannel::Options options{.client_id = std::to_string(options_.self.value)};
    options.request_timeout = options_.request_timeout;
    options.negotiate = negotiate;
    channel = std::make_unique<RpcChannel>(control_, network_, random_.Next(), at->address, options);
  } else {
    channel->SetEndpoint(at->address);
  }
  return Status::Ok();
}

void ControllerClient::Close() {
  ids_.reset();
  shutdown_.reset();
}

void ControllerClient::AllocateProducerIds(UniqueFunction<void(Result<ProducerIdBlock>)> done) {
  if (const Status status = Connect(ids_, true); !status.ok()) {
    // Never from inside the call: the asker may be in the middle of something.
    control_.executor->Post([done = std::move(done), status]() mutable { done(status); });
    return;
  }
  AllocateProducerIdsRequest request;
  request.broker_id = options_.self.value;
  request.broker_epoch = epoch_.value;
  ids_->CallNegotiated(
      static_cast<std::int16_t>(AllocateProducerIdsRequest::kKey), AllocateProducerIdsRequest::kMinVersion,
      AllocateProducerIdsRequest::kMaxVersion,
      [request](std::int16_t version, EncodedBody* body) { return Encode(request, version, body); },
      [this, done = std::move(done)](const Result<RpcReply>& reply) mutable { done(ReadBlock(reply)); });
}

Result<ProducerIdBlock> ControllerClient::ReadBlock(const Result<RpcReply>& reply) {
  if (!reply.ok()) return reply.status();
  AllocateProducerIdsResponse response;
  if (const Status status = reply->DecodeInto(&response); !status.ok()) return status;
  // Asked the wrong broker: the connection is of no use until the metadata names another.
  if (response.error_code == ErrorCode::kNotController) ids_->Disconnect();
  if (response.error_code != ErrorCode::kNone) {
    return Status(StatusCode::kUnavailable, std::string(ToString(response.error_code)));
  }
  const std::int64_t room = std::numeric_limits<std::int64_t>::max() - response.producer_id_len;
  if (response.producer_id_start < 0 || response.producer_id_len <= 0 || response.producer_id_start > room) {
    return Status(StatusCode::kCorrupt, "the controller sent a producer id block that holds no ids");
  }
  return ProducerIdBlock{response.producer_id_start, response.producer_id_len};
}

void ControllerClient::ControlledShutdown(UniqueFunction<void(Result<std::size_t>)> done) {
  if (const Status status = Connect(shutdown_, false); !status.ok()) {
    control_.executor->Post([done = std::move(done), status]() mutable { done(status); });
    return;
  }
  ControlledShutdownRequest request;
  request.broker_id = options_.self.value;
  request.broker_epoch = epoch_.value;
  shutdown_->Call(request, kControlledShutdownVersion, [done = std::move(done)](const Result<RpcReply>& reply) mutable {
    ControlledShutdownResponse response;
    const Status status = reply.ok() ? reply->DecodeInto(&response) : reply.status();
    if (!status.ok()) {
      done(status);
      return;
    }
    if (response.error_code != ErrorCode::kNone) {
      done(Status(StatusCode::kUnavailable, std::string(ToString(response.error_code))));
    } else {
      done(response.remaining_partitions.size());
    }
  });
}

}  // namespace ottla
