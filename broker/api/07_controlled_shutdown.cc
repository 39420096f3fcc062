// ControlledShutdown (key 7), v0..v3. A leaving broker asks the controller to move what it leads. Answered when the
// moves are stored; what could not be moved is listed. Not the controller: STALE_CONTROLLER_EPOCH, as brokers expect.
#include "common/protocol/messages/07_controlled_shutdown.h"

#include "broker/api/answer.h"
#include "broker/api/api_context.h"
#include "broker/api/handlers.h"

namespace ottla {

void HandleControlledShutdown(ApiLoop& loop, RequestContext context, Responder responder) {
  ControlledShutdownRequest request;
  if (!DecodeOrClose(context, &request, responder)) return;
  controller::ControlledShutdownCommand command{BrokerId(request.broker_id), BrokerEpoch(request.broker_epoch)};
  loop.services.controller.ControlledShutdown(command, loop.executor,
                                              [context = std::move(context), responder = std::move(responder)](
                                                  const controller::ControlledShutdownAnswer& answer) mutable {
                                                ControlledShutdownResponse response;
                                                response.error_code = answer.error;
                                                for (const TopicPartition& tp : answer.remaining)
                                                  response.remaining_partitions.push_back({tp.topic, tp.partition});
                                                AnswerWith(context.header, response, std::move(responder));
                                              });
}

}  // namespace ottla
