// AllocateProducerIds (key 67), v0. The controller leases a block of producer ids to a broker (KIP-730).
#include "common/protocol/messages/67_allocate_producer_ids.h"

#include "broker/api/answer.h"
#include "broker/api/api_context.h"
#include "broker/api/handlers.h"

namespace ottla {

void HandleAllocateProducerIds(ApiLoop& loop, RequestContext context, Responder responder) {
  AllocateProducerIdsRequest request;
  if (!DecodeOrClose(context, &request, responder)) return;
  loop.services.controller.AllocateProducerIds(
      {BrokerId(request.broker_id), BrokerEpoch(request.broker_epoch)}, loop.executor,
      [context = std::move(context),
       responder = std::move(responder)](const controller::AllocateProducerIdsAnswer& answer) mutable {
        AllocateProducerIdsResponse response;
        response.error_code = answer.error;
        response.producer_id_start = answer.first;
        response.producer_id_len = answer.count;
        AnswerWith(context.header, response, std::move(responder));
      });
}

}  // namespace ottla
