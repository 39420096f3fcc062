#include "tools/topic_admin.h"

#include <algorithm>
#include <charconv>
#include <map>

#include "common/protocol/messages/03_metadata.h"
#include "common/protocol/messages/19_create_topics.h"
#include "common/protocol/messages/20_delete_topics.h"
#include "common/protocol/messages/32_describe_configs.h"
#include "common/protocol/messages/37_create_partitions.h"
#include "common/protocol/messages/46_list_partition_reassignments.h"
#include "tools/map_order.h"

namespace ottla::tools {
namespace {

constexpr std::int8_t kTopicResource = 2;
constexpr std::int8_t kSourceDefault = 5;
constexpr std::int16_t kFirstDeleteWithStates = 6;

Status FromWire(ErrorCode code, std::optional<std::string_view> message) {
  if (code == ErrorCode::kNone) return Status::Ok();
  const bool has_text = message.has_value() && !message->empty();
  std::string text(has_text ? *message : DefaultMessage(code));
  const bool exists = code == ErrorCode::kTopicAlreadyExists;
  return Status(exists ? StatusCode::kAlreadyExists : StatusCode::kInvalidArgument, std::move(text));
}

// Answers that the controller's change of hands explains: to be asked again.
bool AskAgain(ErrorCode code) { return code == ErrorCode::kNotController || code == ErrorCode::kBrokerNotAvailable; }

template <class Rows>
bool AnyAskAgain(const Rows& rows) {
  return std::ranges::any_of(rows, [](const auto& row) { return AskAgain(row.error_code); });
}

template <class Rows>
Status FirstError(const Rows& rows) {
  for (const auto& row : rows) OTTLA_RETURN_IF_ERROR(FromWire(row.error_code, row.error_message));
  return Status::Ok();
}

MetadataRequest AllTopics(std::int16_t version) {
  MetadataRequest request;
  request.topics = std::nullopt;
  if (version == 0) request.topics.emplace();  // version 0 says "all" with an empty list
  if (version >= 4) request.allow_auto_topic_creation = false;
  return request;
}

PartitionView MakeView(const MetadataResponse::MetadataResponsePartition& partition) {
  return {.partition = partition.partition_index,
          .leader = partition.leader_id,
          .replicas = partition.replica_nodes,
          .isr = partition.isr_nodes};
}

}  // namespace

Result<std::vector<std::string>> TopicAdmin::ListNames() {
  auto answer = client_.CallAny<MetadataResponse>("listTopics", AllTopics);
  if (!answer.ok()) return answer.status();
  std::vector<std::string> names;
  for (const auto& topic : answer->body.topics) names.emplace_back(topic.name.value_or(""));
  std::ranges::sort(names);
  return names;
}

Result<std::optional<std::string>> TopicAdmin::FindById(const Uuid& id) {
  auto answer = client_.CallAny<MetadataResponse>("describeTopics", AllTopics);
  if (!answer.ok()) return answer.status();
  for (const auto& topic : answer->body.topics) {
    if (topic.topic_id == id) return std::optional(std::string(topic.name.value_or("")));
  }
  return std::optional<std::string>();
}

Status TopicAdmin::Create(const NewTopic& topic) {
  const auto build = [&](std::int16_t) {
    CreateTopicsRequest request;
    request.timeout_ms = client_.BrokerTimeoutMs();
    auto& row = request.topics.emplace_back();
    row.name = topic.name;
    row.num_partitions = topic.assignment.empty() ? topic.partitions : -1;
    row.replication_factor = topic.assignment.empty() ? topic.replication_factor : std::int16_t{-1};
    for (std::size_t i = 0; i < topic.assignment.size(); ++i) {
      row.assignments.push_back({.partition_index = static_cast<std::int32_t>(i), .broker_ids = topic.assignment[i]});
    }
    for (const auto& [name, value] : topic.configs) row.configs.push_back({.name = name, .value = value});
    return request;
  };
  auto answer = client_.CallController<CreateTopicsResponse>(
      "createTopics", build, [](const CreateTopicsResponse& body) { return AnyAskAgain(body.topics); });
  return answer.ok() ? FirstError(answer->body.topics) : answer.status();
}

Status TopicAdmin::Delete(const std::vector<std::string>& names) {
  const auto build = [&](std::int16_t version) {
    DeleteTopicsRequest request;
    request.timeout_ms = client_.BrokerTimeoutMs();
    for (const std::string& name : names) {
      if (version >= kFirstDeleteWithStates) {
        request.topics.push_back({.name = name, .topic_id = Uuid{}});
      } else {
        request.topic_names.push_back(name);
      }
    }
    return request;
  };
  auto answer = client_.CallController<DeleteTopicsResponse>(
      "deleteTopics", build, [](const DeleteTopicsResponse& body) { return AnyAskAgain(body.responses); });
  return answer.ok() ? FirstError(answer->body.responses) : answer.status();
}

Status TopicAdmin::AddPartitions(const std::vector<std::string>& names, std::int32_t count,
                                 const std::vector<std::vector<std::int32_t>>& assignment) {
  std::map<std::string, std::size_t> existing;
  if (!assignment.empty()) {
    const Result<std::vector<TopicView>> topics = DescribePartitions(names);
    if (!topics.ok()) return topics.status();
    for (const TopicView& topic : *topics) existing[topic.name] = topic.partitions.size();
  }
  const auto build = [&](std::int16_t) {
    CreatePartitionsRequest request;
    request.timeout_ms = client_.BrokerTimeoutMs();
    for (const std::string& name : names) {
      auto& row = request.topics.emplace_back();
      row.name = name;
      row.count = count;
      row.assignments = std::nullopt;
      if (assignment.empty()) continue;
      row.assignments.emplace();
      for (std::size_t i = existing[name]; i < assignment.size(); ++i) {
        row.assignments->push_back({.broker_ids = assignment[i]});
      }
    }
    return request;
  };
  auto answer = client_.CallController<CreatePartitionsResponse>(
      "createPartitions", build, [](const CreatePartitionsResponse& body) { return AnyAskAgain(body.results); });
  return answer.ok() ? FirstError(answer->body.results) : answer.status();
}

namespace {

void SortForDescribe(std::vector<TopicView>* topics) {
  std::vector<std::string> names;
  for (const TopicView& topic : *topics) names.push_back(topic.name);
  std::map<std::string, std::size_t> place;
  for (std::string& name : DescribeOrder(std::move(names))) place.emplace(std::move(name), place.size());
  std::ranges::sort(*topics, {}, [&](const TopicView& topic) { return place.at(topic.name); });
}

}  // namespace

Result<std::vector<TopicView>> TopicAdmin::Describe(const std::vector<std::string>& names) {
  Result<std::vector<TopicView>> topics = DescribePartitions(names);
  if (!topics.ok()) return topics;
  OTTLA_RETURN_IF_ERROR(AddConfigs(&topics.value()));
  OTTLA_RETURN_IF_ERROR(AddReassignments(&topics.value()));
  SortForDescribe(&topics.value());
  return topics;
}

Result<std::vector<TopicView>> TopicAdmin::DescribePartitions(const std::vector<std::string>& names) {
  const auto build = [&](std::int16_t version) {
    MetadataRequest request;
    if (version >= 4) request.allow_auto_topic_creation = false;
    for (const std::string& name : names) request.topics->push_back({.topic_id = Uuid{}, .name = name});
    return request;
  };
  auto answer = client_.CallAny<MetadataResponse>("describeTopics", build);
  if (!answer.ok()) return answer.status();
  std::vector<TopicView> views;
  for (const auto& topic : answer->body.topics) {
    // A topic may exist whose partitions have no leader yet; that is no reason not to show it.
    const bool shown = topic.error_code == ErrorCode::kNone || topic.error_code == ErrorCode::kLeaderNotAvailable;
    if (!shown) return FromWire(topic.error_code, std::nullopt);
    TopicView view{.name = std::string(topic.name.value_or("")), .id = topic.topic_id};
    for (const auto& partition : topic.partitions) view.partitions.push_back(MakeView(partition));
    std::ranges::sort(view.partitions, {}, &PartitionView::partition);
    views.push_back(std::move(view));
  }
  std::ranges::sort(views, {}, &TopicView::name);
  return views;
}

Status TopicAdmin::AddConfigs(std::vector<TopicView>* topics) {
  const auto build = [&](std::int16_t) {
    DescribeConfigsRequest request;
    for (const TopicView& topic : *topics) {
      request.resources.push_back(
          {.resource_type = kTopicResource, .resource_name = topic.name, .configuration_keys = std::nullopt});
    }
    return request;
  };
  auto answer = client_.CallAny<DescribeConfigsResponse>("describeConfigs", build);
  if (!answer.ok()) return answer.status();
  for (const auto& result : answer->body.results) {
    OTTLA_RETURN_IF_ERROR(FromWire(result.error_code, result.error_message));
    const auto topic = std::ranges::find(*topics, result.resource_name, &TopicView::name);
    if (topic == topics->end()) continue;
    for (const auto& config : result.configs) {
      const std::string value(config.value.value_or(""));
      if (config.name == "min.insync.replicas") {
        std::from_chars(value.data(), value.data() + value.size(), topic->min_insync_replicas);
      }
      // Version 0 has no source, only a flag.
      const bool is_default = config.config_source == -1 ? config.is_default : config.config_source == kSourceDefault;
      if (!is_default) topic->configs.emplace_back(config.name, value);
    }
  }
  return Status::Ok();
}

Status TopicAdmin::AddReassignments(std::vector<TopicView>* topics) {
  const auto build = [&](std::int16_t) {
    ListPartitionReassignmentsRequest request;
    request.timeout_ms = client_.BrokerTimeoutMs();
    request.topics.emplace();
    for (const TopicView& topic : *topics) {
      auto& row = request.topics->emplace_back();
      row.name = topic.name;
      for (const PartitionView& partition : topic.partitions) row.partition_indexes.push_back(partition.partition);
    }
    return request;
  };
  auto answer = client_.CallController<ListPartitionReassignmentsResponse>(
      "listPartitionReassignments", build,
      [](const ListPartitionReassignmentsResponse& body) { return AskAgain(body.error_code); });
  // Brokers before 2.4 do not know the question, and a reader may lack the right to ask: shown without, as Kafka does.
  if (answer.status().code() == StatusCode::kUnsupported) return Status::Ok();
  if (!answer.ok()) return answer.status();
  if (answer->body.error_code == ErrorCode::kClusterAuthorizationFailed) return Status::Ok();
  OTTLA_RETURN_IF_ERROR(FromWire(answer->body.error_code, answer->body.error_message));
  for (const auto& moving : answer->body.topics) {
    const auto topic = std::ranges::find(*topics, moving.name, &TopicView::name);
    if (topic == topics->end()) continue;
    for (const auto& row : moving.partitions) {
      const auto partition = std::ranges::find(topic->partitions, row.partition_index, &PartitionView::partition);
      if (partition == topic->partitions.end()) continue;
      partition->reassigning = true;
      partition->adding = row.adding_replicas;
      partition->removing = row.removing_replicas;
    }
  }
  return Status::Ok();
}

}  // namespace ottla::tools
