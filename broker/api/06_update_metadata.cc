// UpdateMetadata (key 6), v0..v8. The controller's view of the cluster; answered when every loop has the new view.
#include "common/protocol/messages/06_update_metadata.h"

#include <utility>

#include "broker/api/answer.h"
#include "broker/api/api_context.h"
#include "broker/api/handlers.h"

namespace ottla {

void HandleUpdateMetadata(ApiLoop& loop, RequestContext context, Responder responder) {
  UpdateMetadataRequest request;
  if (!DecodeOrClose(context, &request, responder)) return;
  loop.services.executors.Control().Post([&services = loop.services, context = std::move(context),
                                          request = std::move(request), responder = std::move(responder)]() mutable {
    const std::int16_t version = context.header.api_version;
    services.replicas.UpdateMetadata(
        request, version,
        [context = std::move(context), responder = std::move(responder)](const ControlOutcome& outcome) mutable {
          Responder::OnLoop(std::move(responder),
                            [context = std::move(context), error = outcome.error](Responder back) {
                              UpdateMetadataResponse response;
                              response.error_code = error;
                              AnswerWith(context.header, response, std::move(back));
                            });
        });
  });
}

}  // namespace ottla
