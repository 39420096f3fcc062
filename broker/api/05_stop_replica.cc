// StopReplica (key 5), v0..v4. Stop following, and with delete also forget and remove the log. See 04_leader_and_isr.cc
// for the order.
#include "common/protocol/messages/05_stop_replica.h"

#include <utility>

#include "broker/api/answer.h"
#include "broker/api/api_context.h"
#include "broker/api/handlers.h"

namespace ottla {

void HandleStopReplica(ApiLoop& loop, RequestContext context, Responder responder) {
  StopReplicaRequest request;
  if (!DecodeOrClose(context, &request, responder)) return;
  loop.services.executors.Control().Post([&services = loop.services, context = std::move(context),
                                          request = std::move(request), responder = std::move(responder)]() mutable {
    const std::int16_t version = context.header.api_version;
    services.replicas.StopReplica(
        request, version,
        [context = std::move(context), responder = std::move(responder)](const ControlOutcome& outcome) mutable {
          Responder::OnLoop(std::move(responder), [context = std::move(context), outcome](Responder back) {
            StopReplicaResponse response;
            response.error_code = outcome.error;
            for (const auto& item : outcome.partitions) {
              response.partition_errors.push_back({item.topic, item.partition, item.error});
            }
            AnswerWith(context.header, response, std::move(back));
          });
        });
  });
}

}  // namespace ottla
