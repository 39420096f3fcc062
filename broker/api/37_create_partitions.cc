// CreatePartitions (key 37), v0..v3. Controller only (NOT_CONTROLLER per topic). Grows topics; answered when this
// broker's view shows leaders for the new partitions, or REQUEST_TIMED_OUT after timeout_ms (they exist all the same).
#include "common/protocol/messages/37_create_partitions.h"
#include "common/base/broker_ids.h"

#include <algorithm>
#include <map>
#include <memory>
#include <utility>

#include "broker/api/answer.h"
#include "broker/api/api_context.h"
#include "broker/api/controller_calls.h"
#include "broker/api/handlers.h"

namespace ottla {
namespace {

using controller::GrownTopic;

struct Operation {
  RequestContext context;
  Responder responder;
  std::vector<GrownTopic> results;
  std::map<std::string, std::int32_t> counts;  // asked for
  bool validate_only = false;
  std::int32_t timeout_ms = 0;
};
using OperationPtr = std::shared_ptr<Operation>;

controller::GrowableTopic ToCommand(const CreatePartitionsRequest::CreatePartitionsTopic& topic) {
  controller::GrowableTopic out{std::string(topic.name), topic.count, std::nullopt};
  if (!topic.assignments.has_value()) return out;
  out.assignment.emplace();
  for (const auto& placed : *topic.assignments) out.assignment->push_back(ToBrokerIds(placed.broker_ids));
  return out;
}

controller::CreatePartitionsCommand Sort(const CreatePartitionsRequest& request, Operation& op) {
  controller::CreatePartitionsCommand command;
  command.validate_only = request.validate_only;
  const std::set<std::string_view> repeated = RepeatedNames(request.topics);
  for (const auto& topic : request.topics) {
    const std::string name(topic.name);
    if (repeated.contains(topic.name)) {
      if (op.counts.emplace(name, topic.count).second) {
        op.results.push_back({name, ErrorCode::kInvalidRequest, "Duplicate topic in request."});
      }
      continue;
    }
    op.counts[name] = topic.count;
    command.topics.push_back(ToCommand(topic));
  }
  return command;
}

void Answer(Operation& op) {
  CreatePartitionsResponse response;
  for (const GrownTopic& topic : op.results) {
    response.results.push_back({topic.name, topic.error, NullIfEmpty(topic.message)});
  }
  AnswerWith(op.context.header, response, std::move(op.responder));
}

bool Grown(const MetadataView& view, const Operation& op, const GrownTopic& topic) {
  if (topic.error != ErrorCode::kNone) return true;
  const MetadataTopic* known = view.FindTopic(topic.name);
  if (known == nullptr || static_cast<std::int32_t>(known->partitions.size()) < op.counts.at(topic.name)) return false;
  return std::ranges::all_of(known->partitions, [](const auto& partition) { return partition->leader.value >= 0; });
}

void OnAnswer(ApiLoop& loop, const OperationPtr& op, controller::CreatePartitionsAnswer answer) {
  if (answer.error != ErrorCode::kNone) {
    op->results.clear();
    for (const auto& [name, count] : op->counts) op->results.push_back({name, answer.error, ""});
    Answer(*op);
    return;
  }
  for (GrownTopic& topic : answer.topics) op->results.push_back(std::move(topic));
  if (op->validate_only) {
    Answer(*op);
    return;
  }
  loop.waiters.Wait(
      *loop.metadata(), Millis(op->timeout_ms),
      [op](const MetadataView& view) {
        return std::ranges::all_of(op->results, [&](const GrownTopic& topic) { return Grown(view, *op, topic); });
      },
      [&loop, op](bool met) {
        for (GrownTopic& topic : op->results) {
          if (met || topic.error != ErrorCode::kNone) continue;
          if (op->timeout_ms > 0 && Grown(*loop.metadata(), *op, topic)) continue;
          topic.error = ErrorCode::kRequestTimedOut;
        }
        Answer(*op);
      });
}

}  // namespace

void HandleCreatePartitions(ApiLoop& loop, RequestContext context, Responder responder) {
  CreatePartitionsRequest request;
  if (!DecodeOrClose(context, &request, responder)) return;
  auto op = std::make_shared<Operation>();
  controller::CreatePartitionsCommand command = Sort(request, *op);
  op->validate_only = request.validate_only;
  op->timeout_ms = request.timeout_ms;
  op->context = std::move(context);
  op->responder = std::move(responder);
  loop.services.controller.CreatePartitions(
      std::move(command), loop.executor,
      [&loop, op](controller::CreatePartitionsAnswer answer) { OnAnswer(loop, op, std::move(answer)); });
}

}  // namespace ottla
