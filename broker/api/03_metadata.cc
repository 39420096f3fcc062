// Metadata (key 3), v0..v12. Which topics and brokers there are, on the listener that was asked. v0 lists all topics
// for an empty list, v1+ for null. Names that are unknown are created when the broker and the request allow it and
// answered with LEADER_NOT_AVAILABLE until the controller has told of them. Any broker answers, from its own view.
#include "common/protocol/messages/03_metadata.h"
#include "common/base/broker_ids.h"

#include <algorithm>
#include <set>
#include <utility>

#include "broker/api/answer.h"
#include "broker/api/api_context.h"
#include "broker/api/first_view.h"
#include "broker/api/handlers.h"
#include "broker/api/operations.h"
#include "common/base/topic_name.h"

namespace ottla {
namespace {

using Topic = MetadataResponse::MetadataResponseTopic;
using Partition = MetadataResponse::MetadataResponsePartition;

// v0 clients cannot make sense of replicas that are down: they are left out of the lists and the partition is flagged.
std::vector<std::int32_t> AliveNumbers(const MetadataView& view, const std::vector<BrokerId>& ids,
                                       std::string_view listener) {
  std::vector<std::int32_t> numbers;
  for (const BrokerId id : ids) {
    const MetadataBroker* broker = view.FindBroker(id);
    if (broker != nullptr && broker->EndpointOf(listener) != nullptr) numbers.push_back(id.value);
  }
  return numbers;
}

class Builder {
 public:
  Builder(const MetadataView& view, std::string_view listener, std::int16_t version)
      : view_(view), listener_(listener), version_(version) {}

  Topic Describe(const MetadataTopic& topic) const {
    Topic out;
    out.name = topic.name;
    out.topic_id = topic.id;
    out.is_internal = IsInternalTopic(topic.name);
    out.partitions.reserve(topic.partitions.size());
    for (const auto& partition : topic.partitions) out.partitions.push_back(Describe(*partition));
    return out;
  }

 private:
  Partition Describe(const MetadataPartition& partition) const {
    Partition out;
    out.partition_index = partition.partition;
    out.leader_epoch = partition.leader_epoch.value;
    DescribeReplicas(partition, &out);
    const MetadataBroker* leader = view_.FindBroker(partition.leader);
    if (leader == nullptr) {
      out.error_code = ErrorCode::kLeaderNotAvailable;
      out.leader_id = -1;
    } else if (leader->EndpointOf(listener_) == nullptr) {
      out.error_code = version_ >= 6 ? ErrorCode::kListenerNotFound : ErrorCode::kLeaderNotAvailable;
      out.leader_id = -1;
    } else {
      out.leader_id = partition.leader.value;
    }
    return out;
  }

  void DescribeReplicas(const MetadataPartition& partition, Partition* out) const {
    if (version_ >= 1) {
      out->replica_nodes = ToNumbers(partition.replicas);
      out->isr_nodes = ToNumbers(partition.isr);
      for (const BrokerId id : partition.replicas) {
        const MetadataBroker* broker = view_.FindBroker(id);
        const bool reachable = broker != nullptr && broker->EndpointOf(listener_) != nullptr;
        if (!reachable || std::ranges::count(partition.offline_replicas, id) > 0) {
          out->offline_replicas.push_back(id.value);
        }
      }
      return;
    }
    out->replica_nodes = AliveNumbers(view_, partition.replicas, listener_);
    out->isr_nodes = AliveNumbers(view_, partition.isr, listener_);
    if (out->replica_nodes.size() < partition.replicas.size() || out->isr_nodes.size() < partition.isr.size()) {
      out->error_code = ErrorCode::kReplicaNotAvailable;
    }
  }

  const MetadataView& view_;
  std::string_view listener_;
  std::int16_t version_;
};

struct Asked {
  // What the asker wants to be told, v8+: with no authorizer everybody may do everything.
  bool topic_operations = false;
  bool cluster_operations = false;
  std::vector<Topic> topics;                // answers so far
  std::vector<std::string_view> to_create;  // names nobody knows, to be made
};

bool WantsAll(const MetadataRequest& request, std::int16_t version) {
  return !request.topics.has_value() || (version == 0 && request.topics->empty());
}

Topic Unknown(std::optional<std::string_view> name, const Uuid& id, ErrorCode error) {
  Topic out;
  out.name = name;
  out.topic_id = id;
  out.error_code = error;
  out.is_internal = name.has_value() && IsInternalTopic(*name);
  return out;
}

// v10 and v11 have the field, but only names may be asked for: Kafka refuses the request as a whole.
bool AsksById(const MetadataRequest& request) {
  return request.topics.has_value() && std::ranges::any_of(*request.topics, [](const auto& topic) {
           return !topic.name.has_value() || !topic.topic_id.IsZero();
         });
}

void Refuse(const ReceivedHeader& header, const MetadataRequest& request, ErrorCode error, Responder responder) {
  MetadataResponse response;
  for (const auto& topic : *request.topics) {
    auto& out = response.topics.emplace_back(Unknown(topic.name.value_or(""), topic.topic_id, error));
    out.is_internal = false;
  }
  AnswerWith(header, response, std::move(responder));
}

Asked Look(ApiLoop& loop, const MetadataRequest& request, std::string_view listener, std::int16_t version) {
  const MetadataView& view = *loop.metadata();
  const Builder builder(view, listener, version);
  Asked asked;
  asked.topic_operations = request.include_topic_authorized_operations;
  asked.cluster_operations = request.include_cluster_authorized_operations;
  if (WantsAll(request, version)) {
    view.ForEachTopic([&](const MetadataTopic& topic) { asked.topics.push_back(builder.Describe(topic)); });
    return asked;
  }
  std::set<std::string_view> seen;  // a name asked for twice is answered once
  const bool ids_only = std::ranges::any_of(*request.topics, [](const auto& t) { return !t.topic_id.IsZero(); });
  std::set<Uuid> seen_ids;
  const bool may_create = request.allow_auto_topic_creation && loop.services.config->auto_create_topics_enable;
  for (const auto& wanted : *request.topics) {
    const bool by_id = ids_only || !wanted.name.has_value();
    if (ids_only && (wanted.topic_id.IsZero() || !seen_ids.insert(wanted.topic_id).second)) continue;
    if (!by_id && !seen.insert(*wanted.name).second) continue;
    const MetadataTopic* topic = by_id ? view.FindTopic(wanted.topic_id) : view.FindTopic(*wanted.name);
    if (topic != nullptr) {
      asked.topics.push_back(builder.Describe(*topic));
    } else if (by_id) {
      asked.topics.push_back(Unknown(std::nullopt, wanted.topic_id, ErrorCode::kUnknownTopicId));
    } else if (!ValidateTopicName(*wanted.name).ok()) {
      asked.topics.push_back(Unknown(wanted.name, {}, ErrorCode::kInvalidTopicException));
    } else if (may_create && !IsInternalTopic(*wanted.name)) {
      asked.to_create.push_back(*wanted.name);
    } else {
      asked.topics.push_back(Unknown(wanted.name, {}, ErrorCode::kUnknownTopicOrPartition));
    }
  }
  return asked;
}

void Finish(ApiLoop& loop, const RequestContext& context, const MetadataView& view, Asked asked, Responder responder) {
  MetadataResponse response;
  for (const MetadataBroker& broker : view.brokers()) {
    const MetadataEndpoint* at = broker.EndpointOf(context.connection->listener);
    if (at == nullptr) continue;
    auto& out = response.brokers.emplace_back();
    out.node_id = broker.id.value;
    out.host = at->address.host;
    out.port = at->address.port;
    if (broker.rack) out.rack = *broker.rack;
  }
  response.cluster_id = loop.services.cluster_id;
  response.controller_id = view.controller().value_or(kNoBroker).value;
  if (asked.cluster_operations) response.cluster_authorized_operations = kClusterOperations;
  response.topics = std::move(asked.topics);
  for (Topic& topic : response.topics) {
    if (asked.topic_operations && topic.name) topic.topic_authorized_operations = kTopicOperations;
  }
  AnswerWith(context.header, response, std::move(responder));
}

// Waits for all creations of one request. Lives until the last has answered.
struct Creation {
  RequestContext context;
  MetadataPtr view;
  Asked asked;
  std::vector<std::string> names;
  std::size_t open = 0;
  Responder responder;
};

ErrorCode ToClient(ErrorCode created) {
  switch (created) {
    case ErrorCode::kNone:
    case ErrorCode::kTopicAlreadyExists:
      return ErrorCode::kLeaderNotAvailable;  // exists now; the next request will see its leaders
    default: return created;
  }
}

void CreateThenAnswer(ApiLoop& loop, RequestContext context, Asked asked, Responder responder) {
  auto creation = std::make_shared<Creation>();
  creation->context = std::move(context);
  creation->view = loop.metadata();
  creation->names.assign(asked.to_create.begin(), asked.to_create.end());
  creation->asked = std::move(asked);
  creation->open = creation->names.size();
  creation->responder = std::move(responder);
  for (const std::string& name : creation->names) {
    loop.services.topics.CreateAutomatically(name, loop.executor, [&loop, creation, &name](ErrorCode error) {
      creation->asked.topics.push_back(Unknown(name, {}, ToClient(error)));
      if (--creation->open > 0) return;
      Finish(loop, creation->context, *creation->view, std::move(creation->asked), std::move(creation->responder));
    });
  }
}

void AnswerMetadata(ApiLoop& loop, RequestContext context, const MetadataRequest& request, Responder responder) {
  const MetadataPtr view = loop.metadata();  // the answer's strings point into it
  Asked asked = Look(loop, request, context.connection->listener, context.header.api_version);
  if (asked.to_create.empty()) {
    Finish(loop, context, *view, std::move(asked), std::move(responder));
    return;
  }
  CreateThenAnswer(loop, std::move(context), std::move(asked), std::move(responder));
}

}  // namespace

void HandleMetadata(ApiLoop& loop, RequestContext context, Responder responder) {
  MetadataRequest request;
  if (!DecodeOrClose(context, &request, responder)) return;
  if (context.header.api_version < 12 && AsksById(request)) {
    Refuse(context.header, request, ErrorCode::kInvalidRequest, std::move(responder));
    return;
  }
  const bool of_topics = WantsAll(request, context.header.api_version) || !request.topics->empty();
  AfterFirstView(
      loop, of_topics ? FirstView::kTopics : FirstView::kBrokers,
      [&loop, context = std::move(context), request = std::move(request), responder = std::move(responder)]() mutable {
        AnswerMetadata(loop, std::move(context), request, std::move(responder));
      });
}

}  // namespace ottla
