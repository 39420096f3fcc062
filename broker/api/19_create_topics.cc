// CreateTopics (key 19), v0..v7. The controller creates; any other broker answers NOT_CONTROLLER per topic. Answered
// when this broker's own view shows a leader for every partition of the new topics, or REQUEST_TIMED_OUT after
// timeout_ms (the topics exist all the same). validate_only checks and creates nothing. v5+ tells the topic's configs,
// v7 its id.
#include "common/protocol/messages/19_create_topics.h"
#include "common/base/broker_ids.h"

#include <algorithm>
#include <map>
#include <memory>
#include <set>
#include <utility>

#include "broker/api/answer.h"
#include "broker/api/api_context.h"
#include "broker/api/controller_calls.h"
#include "broker/api/handlers.h"
#include "common/config/describe.h"

namespace ottla {
namespace {

using controller::CreatedTopic;

struct Operation {
  RequestContext context;
  Responder responder;
  std::vector<std::string> names;  // in the order of the request
  std::map<std::string, CreatedTopic> results;
  bool validate_only = false;
  std::int32_t timeout_ms = 0;
};
using OperationPtr = std::shared_ptr<Operation>;
using Result = CreateTopicsResponse::CreatableTopicResult;

controller::CreatableTopic ToCommand(const CreateTopicsRequest::CreatableTopic& topic) {
  controller::CreatableTopic out;
  out.name = topic.name;
  out.partitions = topic.num_partitions;
  out.replication_factor = topic.replication_factor;
  for (const auto& placed : topic.assignments) out.assignment[placed.partition_index] = ToBrokerIds(placed.broker_ids);
  for (const auto& config : topic.configs) {
    std::optional<std::string> value;
    if (config.value) value = std::string(*config.value);
    out.configs[std::string(config.name)] = std::move(value);
  }
  return out;
}

constexpr std::string_view kMetadataLog = "__cluster_metadata";  // of KRaft clusters
constexpr std::size_t kPartitionsMax = 200'000;                  // the controller takes no more either

// What is wrong with the request itself; empty: nothing. Kafka takes the last of several lists for one partition.
std::string FaultOf(const CreateTopicsRequest::CreatableTopic& topic, bool repeated) {
  if (topic.name == kMetadataLog) return "Creation of internal topic __cluster_metadata is prohibited.";
  if (repeated) return "Found multiple entries for this topic.";
  if (topic.assignments.size() > kPartitionsMax) return "More partitions are assigned than a topic can have.";
  std::set<std::int32_t> seen;
  for (const auto& placed : topic.assignments) {
    if (!seen.insert(placed.partition_index).second) {
      return "Partition " + std::to_string(placed.partition_index) + " is assigned more than once.";
    }
  }
  return "";
}

// The part of the request the controller is asked for; everything else is answered here.
controller::CreateTopicsCommand Sort(const CreateTopicsRequest& request, Operation& op) {
  controller::CreateTopicsCommand command;
  command.validate_only = request.validate_only;
  const std::set<std::string_view> repeated = RepeatedNames(request.topics);
  for (const auto& topic : request.topics) {
    const std::string name(topic.name);
    const std::string fault = FaultOf(topic, repeated.contains(topic.name));
    op.names.push_back(name);
    CreatedTopic& result = op.results[name];
    result.name = name;
    if (!fault.empty()) {
      result.error = ErrorCode::kInvalidRequest;
      result.message = fault;
      continue;
    }
    command.topics.push_back(ToCommand(topic));
  }
  return command;
}

void Fill(const ApiServices& services, const CreatedTopic& topic, std::vector<ConfigEntry>* entries, Result* out) {
  out->name = topic.name;
  out->topic_id = topic.id;
  out->error_code = topic.error;
  out->error_message = NullIfEmpty(topic.message);
  if (topic.error != ErrorCode::kNone) return;  // with an empty list of configs
  out->num_partitions = topic.partitions;
  out->replication_factor = topic.replication_factor;
  *entries = DescribeTopic(*services.config, topic.configs, std::nullopt);
  for (const ConfigEntry& entry : *entries) {
    auto& to = out->configs->emplace_back();
    to.name = entry.name;
    to.value.reset();
    if (entry.value) to.value = *entry.value;
    to.read_only = entry.read_only;
    to.config_source = static_cast<std::int8_t>(entry.source);
    to.is_sensitive = entry.sensitive;
  }
}

void Answer(ApiLoop& loop, Operation& op) {
  CreateTopicsResponse response;
  std::vector<std::vector<ConfigEntry>> entries(op.names.size());  // what the response points to
  for (std::size_t i = 0; i < op.names.size(); ++i) {
    Fill(loop.services, op.results[op.names[i]], &entries[i], &response.topics.emplace_back());
  }
  AnswerWith(op.context.header, response, std::move(op.responder));
}

bool HasAllLeaders(const MetadataView& view, const CreatedTopic& topic) {
  const MetadataTopic* known = view.FindTopic(topic.name);
  if (known == nullptr || static_cast<std::int32_t>(known->partitions.size()) < topic.partitions) return false;
  return std::ranges::all_of(known->partitions, [](const auto& partition) { return partition->leader.value >= 0; });
}

bool Awaited(const CreatedTopic& topic) { return topic.error == ErrorCode::kNone; }

void AwaitLeaders(ApiLoop& loop, const OperationPtr& op) {
  const auto settled = [op](const MetadataView& view) {
    return std::ranges::all_of(
        op->results, [&view](const auto& item) { return !Awaited(item.second) || HasAllLeaders(view, item.second); });
  };
  loop.waiters.Wait(*loop.metadata(), Millis(op->timeout_ms), settled, [&loop, op](bool met) {
    for (auto& [name, topic] : op->results) {
      if (met || !Awaited(topic)) continue;
      if (op->timeout_ms > 0 && HasAllLeaders(*loop.metadata(), topic)) continue;
      topic.error = ErrorCode::kRequestTimedOut;
    }
    Answer(loop, *op);
  });
}

void OnAnswer(ApiLoop& loop, const OperationPtr& op, controller::CreateTopicsAnswer answer) {
  for (CreatedTopic& topic : answer.topics) op->results[topic.name] = std::move(topic);
  if (answer.error != ErrorCode::kNone) {
    for (auto& [name, topic] : op->results) topic.error = answer.error;
  }
  if (op->validate_only || std::ranges::none_of(op->results, [](const auto& item) { return Awaited(item.second); })) {
    Answer(loop, *op);
  } else {
    AwaitLeaders(loop, op);
  }
}

}  // namespace

void HandleCreateTopics(ApiLoop& loop, RequestContext context, Responder responder) {
  CreateTopicsRequest request;
  if (!DecodeOrClose(context, &request, responder)) return;
  auto op = std::make_shared<Operation>();
  controller::CreateTopicsCommand command = Sort(request, *op);
  op->validate_only = request.validate_only;
  op->timeout_ms = request.timeout_ms;
  op->context = std::move(context);
  op->responder = std::move(responder);
  loop.services.controller.CreateTopics(
      std::move(command), loop.executor,
      [&loop, op](controller::CreateTopicsAnswer answer) { OnAnswer(loop, op, std::move(answer)); });
}

}  // namespace ottla
