// DeleteTopics (key 20), v0..v6. Controller only (NOT_CONTROLLER per topic). Answered when this broker's view no longer
// has the topics, or REQUEST_TIMED_OUT after timeout_ms; files and znodes go later. v6 names topics by name or by id,
// never both for one entry.
#include "common/protocol/messages/20_delete_topics.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "broker/api/answer.h"
#include "broker/api/api_context.h"
#include "broker/api/controller_calls.h"
#include "broker/api/handlers.h"

namespace ottla {
namespace {

using controller::DeletedTopic;

struct Operation {
  RequestContext context;
  Responder responder;
  std::vector<DeletedTopic> results;
  std::int32_t timeout_ms = 0;
};
using OperationPtr = std::shared_ptr<Operation>;

std::vector<controller::DeletableTopic> Wanted(const DeleteTopicsRequest& request, std::int16_t version) {
  std::vector<controller::DeletableTopic> wanted;
  if (version < 6) {
    for (const std::string_view name : request.topic_names) wanted.push_back({std::string(name), {}});
    return wanted;
  }
  for (const auto& topic : request.topics) wanted.push_back({std::string(topic.name.value_or("")), topic.topic_id});
  return wanted;
}

void Answer(Operation& op) {
  DeleteTopicsResponse response;
  for (const DeletedTopic& topic : op.results) {
    auto& out = response.responses.emplace_back();
    out.name = NullIfEmpty(topic.name);
    if (!out.name && topic.id.IsZero()) out.name = "";  // null is for ids that nobody knows
    out.topic_id = topic.id;
    out.error_code = topic.error;
    out.error_message = NullIfEmpty(topic.message);
  }
  AnswerWith(op.context.header, response, std::move(op.responder));
}

bool Gone(const MetadataView& view, const DeletedTopic& topic) {
  return topic.error != ErrorCode::kNone || view.FindTopic(topic.name) == nullptr;
}

void OnAnswer(ApiLoop& loop, const OperationPtr& op, controller::DeleteTopicsAnswer answer) {
  if (answer.error != ErrorCode::kNone) {
    for (DeletedTopic& topic : op->results) topic.error = answer.error;
    Answer(*op);
    return;
  }
  op->results = std::move(answer.topics);
  loop.waiters.Wait(
      *loop.metadata(), Millis(op->timeout_ms),
      [op](const MetadataView& view) {
        return std::ranges::all_of(op->results, [&view](const DeletedTopic& topic) { return Gone(view, topic); });
      },
      [&loop, op](bool met) {
        for (DeletedTopic& topic : op->results) {
          if (met || topic.error != ErrorCode::kNone) continue;
          if (op->timeout_ms > 0 && Gone(*loop.metadata(), topic)) continue;
          topic.error = ErrorCode::kRequestTimedOut;
        }
        Answer(*op);
      });
}

// What is wrong with the request before the controller is asked; kNone: nothing.
ErrorCode FaultOf(const DeleteTopicsRequest& request, const BrokerConfig& config, std::int16_t version) {
  if (!config.delete_topic_enable) {
    return version < 3 ? ErrorCode::kInvalidRequest : ErrorCode::kTopicDeletionDisabled;
  }
  const bool unclear = std::ranges::any_of(
      request.topics, [](const auto& topic) { return topic.name.has_value() != topic.topic_id.IsZero(); });
  return unclear ? ErrorCode::kInvalidRequest : ErrorCode::kNone;
}

}  // namespace

void HandleDeleteTopics(ApiLoop& loop, RequestContext context, Responder responder) {
  DeleteTopicsRequest request;
  if (!DecodeOrClose(context, &request, responder)) return;
  const std::int16_t version = context.header.api_version;
  auto op = std::make_shared<Operation>();
  controller::DeleteTopicsCommand command{Wanted(request, version)};
  const bool asks = loop.services.controller.IsActive();
  const ErrorCode fault = asks ? FaultOf(request, *loop.services.config, version) : ErrorCode::kNotController;
  for (const auto& topic : command.topics) op->results.push_back({topic.name, topic.id, fault, ""});
  op->timeout_ms = request.timeout_ms;
  op->context = std::move(context);
  op->responder = std::move(responder);
  if (fault != ErrorCode::kNone) {
    Answer(*op);
    return;
  }
  loop.services.controller.DeleteTopics(
      std::move(command), loop.executor,
      [&loop, op](controller::DeleteTopicsAnswer answer) { OnAnswer(loop, op, std::move(answer)); });
}

}  // namespace ottla
