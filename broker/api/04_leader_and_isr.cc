// LeaderAndIsr (key 4), v0..v7. The controller says who leads and who is in sync. Epochs are compared on the control
// loop, in one place for all three control requests; partitions are changed by their owners; answered when every owner
// has.
#include "common/protocol/messages/04_leader_and_isr.h"

#include <algorithm>
#include <utility>

#include "broker/api/answer.h"
#include "broker/api/api_context.h"
#include "broker/api/handlers.h"

namespace ottla {
namespace {

LeaderAndIsrResponse ToResponse(const ControlOutcome& outcome, std::int16_t version) {
  LeaderAndIsrResponse response;
  response.error_code = outcome.error;
  for (const ControlPartitionOutcome& item : outcome.partitions) {
    if (version < 5) {
      response.partition_errors.push_back({item.topic, item.partition, item.error});
      continue;
    }
    if (response.topics.empty() || response.topics.back().topic_id != item.topic_id) {
      response.topics.emplace_back().topic_id = item.topic_id;
    }
    response.topics.back().partition_errors.push_back({{}, item.partition, item.error});
  }
  return response;
}

// Topics whose settings are not known here yet: their creation is told by nothing else (Kafka sends no notification).
// What a controller left half created its successor calls new no more, nor what was created while this broker started.
std::vector<std::string> UnknownTopics(const LeaderAndIsrRequest& request, const TopicAdmin& admin) {
  std::vector<std::string> topics;
  const auto note = [&topics, &admin](std::string_view name, bool made) {
    if (!topics.empty() && topics.back() == name) return;
    if (std::string topic(name); made || !admin.Knows(topic)) topics.push_back(std::move(topic));
  };
  for (const auto& topic : request.topic_states) {
    note(topic.topic_name, std::ranges::any_of(topic.partition_states, [](const auto& state) { return state.is_new; }));
  }
  // Below v2 there is no is_new to go by that old controllers set reliably.
  for (const auto& state : request.ungrouped_partition_states) note(state.topic_name, true);
  return topics;
}

void Apply(ApiServices& services, RequestContext context, const LeaderAndIsrRequest& request, Responder responder) {
  const std::int16_t version = context.header.api_version;
  services.replicas.LeaderAndIsr(
      request, version,
      [context = std::move(context), responder = std::move(responder), version](const ControlOutcome& outcome) mutable {
        Responder::OnLoop(std::move(responder), [context = std::move(context), outcome, version](Responder back) {
          AnswerWith(context.header, ToResponse(outcome, version), std::move(back));
        });
      });
}

}  // namespace

void HandleLeaderAndIsr(ApiLoop& loop, RequestContext context, Responder responder) {
  LeaderAndIsrRequest request;
  if (!DecodeOrClose(context, &request, responder)) return;
  loop.services.executors.Control().Post([&services = loop.services, context = std::move(context),
                                          request = std::move(request), responder = std::move(responder)]() mutable {
    std::vector<std::string> unknown = UnknownTopics(request, services.topics);
    services.topics.Load(std::move(unknown), [&services, context = std::move(context), request = std::move(request),
                                              responder = std::move(responder)]() mutable {
      Apply(services, std::move(context), request, std::move(responder));
    });
  });
}

}  // namespace ottla
