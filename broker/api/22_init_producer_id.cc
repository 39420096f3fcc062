// InitProducerId (key 22), v0..v5. For idempotent producers (no transactional id): a new producer id with epoch 0, from
// a block leased by the controller; COORDINATOR_LOAD_IN_PROGRESS while no block can be had, which clients retry.
// Transactional ids need the transaction coordinator, which this broker does not have yet: UNSUPPORTED_VERSION, which
// producers give up on at once and with these words (an unavailable coordinator they would look for until they time
// out). Neither FindCoordinator nor the transaction APIs are advertised, so that few get as far.
#include "common/protocol/messages/22_init_producer_id.h"

#include "broker/api/answer.h"
#include "broker/api/api_context.h"
#include "broker/api/handlers.h"

namespace ottla {
namespace {

ErrorCode Check(const InitProducerIdRequest& request) {
  if ((request.producer_id == -1) != (request.producer_epoch == -1)) return ErrorCode::kInvalidRequest;
  if (request.transactional_id.has_value()) {
    return request.transactional_id->empty() ? ErrorCode::kInvalidRequest : ErrorCode::kUnsupportedVersion;
  }
  return ErrorCode::kNone;
}

void Answer(const RequestContext& context, ErrorCode error, std::int64_t id, Responder responder) {
  InitProducerIdResponse response;
  response.error_code = error;
  response.producer_id = id;
  response.producer_epoch = static_cast<std::int16_t>(error == ErrorCode::kNone ? 0 : -1);
  AnswerWith(context.header, response, std::move(responder));
}

}  // namespace

void HandleInitProducerId(ApiLoop& loop, RequestContext context, Responder responder) {
  InitProducerIdRequest request;
  if (!DecodeOrClose(context, &request, responder)) return;
  if (const ErrorCode error = Check(request); error != ErrorCode::kNone) {
    Answer(context, error, -1, std::move(responder));
    return;
  }
  Executor& control = loop.services.executors.Control();
  control.Post([&loop, context = std::move(context), responder = std::move(responder)]() mutable {
    loop.services.producer_ids.Next(
        [context = std::move(context), responder = std::move(responder)](Result<std::int64_t> id) mutable {
          Responder::OnLoop(std::move(responder), [context = std::move(context), id = std::move(id)](Responder back) {
            if (id.ok()) {
              Answer(context, ErrorCode::kNone, *id, std::move(back));
            } else {
              Answer(context, ErrorCode::kCoordinatorLoadInProgress, -1, std::move(back));
            }
          });
        });
  });
}

}  // namespace ottla
