// ControllerCore: CreateTopics. Every topic is checked, placed and answered for itself; those that are fine are
// written, and their partitions are given leaders before anybody is answered.
#include <algorithm>
#include <utility>

#include "common/zk/zk_paths.h"
#include "controller/core/controller_core.h"
#include "controller/core/placement.h"
#include "controller/core/topic_commands.h"
#include "controller/core/topic_rules.h"

namespace ottla::controller {
namespace {

CreatedTopic Refused(const std::string& name, ErrorCode error, std::string message) {
  CreatedTopic refused;
  refused.name = name;
  refused.error = error;
  refused.message = std::move(message);
  return refused;
}

}  // namespace

struct ControllerCore::PendingTopic {
  CreatedTopic answer;
  zk::TopicAssignment assignment;
  bool config_exists = false;  // a node left over or written before: overwritten
  bool write = false;
};

ErrorCode ControllerCore::Place(const CreatableTopic& topic, zk::TopicAssignment& assignment, std::string& message) {
  const auto listed = static_cast<std::int64_t>(topic.assignment.size());
  message = TopicSizeFault(topic.name, std::max<std::int64_t>(topic.partitions, listed), "");
  if (!message.empty()) return ErrorCode::kInvalidPartitions;
  if (!topic.assignment.empty()) {
    for (const auto& [number, replicas] : topic.assignment) assignment.partitions[number].replicas = replicas;
    return ErrorCode::kNone;
  }
  PlacementRequest request;
  request.partitions = topic.partitions == -1 ? options_.default_partitions : topic.partitions;
  request.replication_factor =
      topic.replication_factor == -1 ? options_.default_replication_factor : topic.replication_factor;
  Placement placed = PlaceReplicas(PlacementBrokers(state_), request, random_);
  message = std::move(placed.message);
  for (auto& [number, replicas] : placed.assignment) assignment.partitions[number].replicas = std::move(replicas);
  return ToWire(placed.error);
}

// Why the name cannot be given to a new topic; kNone: it can.
CreatedTopic ControllerCore::CheckNewName(const std::string& name) const {
  if (const std::string fault = TopicNameFault(name); !fault.empty()) {
    return Refused(name, ErrorCode::kInvalidTopicException, fault);
  }
  if (state_.Deleting(name)) {
    return Refused(name, ErrorCode::kTopicAlreadyExists, "Topic '" + name + "' is marked for deletion.");
  }
  for (const auto& [other, topic] : state_.topics) {
    if (!Collide(name, other)) continue;
    return Refused(name, ErrorCode::kInvalidTopicException,
                   std::string("Topic '").append(name).append("' collides with existing topics: ").append(other));
  }
  CreatedTopic fine;
  fine.name = name;
  return fine;
}

// The order is Kafka's: a request with several faults is told the same one.
CreatedTopic ControllerCore::CheckCreatable(const CreatableTopic& topic, zk::TopicAssignment& assignment) {
  if (state_.topics.contains(topic.name) && !state_.Deleting(topic.name)) {
    return Refused(topic.name, ErrorCode::kTopicAlreadyExists, "Topic '" + topic.name + "' already exists.");
  }
  CreatedTopic answer;
  answer.name = topic.name;
  std::string nulls;
  for (const auto& [key, value] : topic.configs) {
    if (!value) nulls += (nulls.empty() ? "" : ",") + key;
    answer.configs[key] = value.value_or("");
  }
  if (!nulls.empty()) {
    return Refused(topic.name, ErrorCode::kInvalidConfig, "Null value not supported for topic configs: " + nulls);
  }
  if (!topic.assignment.empty() && (topic.partitions != -1 || topic.replication_factor != -1)) {
    return Refused(topic.name, ErrorCode::kInvalidRequest,
                   "Both numPartitions or replicationFactor and replicasAssignments were set. Both cannot be used at "
                   "the same time.");
  }
  answer.error = Place(topic, assignment, answer.message);
  if (answer.error != ErrorCode::kNone) return Refused(topic.name, answer.error, answer.message);
  if (CreatedTopic bad_name = CheckNewName(topic.name); bad_name.error != ErrorCode::kNone) return bad_name;
  if (!topic.assignment.empty()) {
    const std::string fault = AssignmentFault(topic.assignment);
    if (!fault.empty()) return Refused(topic.name, ErrorCode::kInvalidReplicaAssignment, fault);
  }
  if (options_.validate_config) {
    if (const Status status = options_.validate_config(topic.name, answer.configs); !status.ok()) {
      return Refused(topic.name, ErrorCode::kInvalidConfig, status.message());
    }
  }
  if (const std::string fault = SizeFault(topic.name, assignment); !fault.empty()) {
    return Refused(topic.name, ErrorCode::kInvalidPartitions, fault);
  }
  answer.partitions = static_cast<std::int32_t>(assignment.partitions.size());
  answer.replication_factor = static_cast<std::int16_t>(assignment.partitions.begin()->second.replicas.size());
  return answer;
}

void ControllerCore::Handle(CreateTopicsCommand& command) {
  const std::set<std::string> repeated = Repeated(command.topics);
  auto topics = std::make_shared<std::vector<PendingTopic>>();
  std::size_t partitions = 0;
  for (const CreatableTopic& topic : command.topics) {
    PendingTopic pending;
    if (repeated.contains(topic.name)) {
      pending.answer = Refused(topic.name, ErrorCode::kInvalidRequest, "Found multiple entries for this topic.");
    } else if (partitions > kRequestPartitionsMax) {
      pending.answer = Refused(topic.name, ErrorCode::kPolicyViolation, kTooManyPartitions);
    } else {
      pending.answer = CheckCreatable(topic, pending.assignment);
      pending.write = pending.answer.error == ErrorCode::kNone && !command.validate_only;
      partitions += pending.assignment.partitions.size();
    }
    if (pending.write) {
      pending.assignment.id = NewTopicId();
      pending.answer.id = *pending.assignment.id;
    }
    topics->push_back(std::move(pending));
  }
  WriteNewTopics(topics, [this, topics] {
    Partitions fresh;
    for (const PendingTopic& pending : *topics) {
      if (pending.answer.error != ErrorCode::kNone || pending.answer.id.IsZero()) continue;
      Topic& topic = state_.topics[pending.answer.name];
      SetTopicId(pending.answer.name, topic, pending.answer.id);
      for (const auto& [number, assignment] : pending.assignment.partitions) {
        topic.partitions[number].assignment = assignment;
        fresh.push_back({pending.answer.name, number});
      }
    }
    CreateStates(std::move(fresh), [this, topics] {
      CreateTopicsAnswer answer;
      for (PendingTopic& pending : *topics) answer.topics.push_back(std::move(pending.answer));
      Answer_(std::move(answer));
      Finish();
    });
  });
}

// Config and topic in one write each: no broker can see the one without the other.
void ControllerCore::WriteNewTopics(const std::shared_ptr<std::vector<PendingTopic>>& topics, Then then) {
  std::vector<ZkWrite> writes;
  std::vector<std::size_t> index;
  for (std::size_t i = 0; i < topics->size(); ++i) {
    PendingTopic& pending = (*topics)[i];
    if (!pending.write) continue;
    const std::string& name = pending.answer.name;
    const std::string config = zk::EncodeConfig(pending.answer.configs);
    writes.push_back({{pending.config_exists ? ZkOp::Set(zk::TopicConfig(name), config, -1)
                                             : ZkOp::Create(zk::TopicConfig(name), config),
                       ZkOp::Create(zk::Topic(name), zk::Encode(pending.assignment))},
                      ""});
    index.push_back(i);
  }
  Write(std::move(writes), [this, topics, index, then = std::move(then)](ZkDone& done) mutable {
    bool again = false;
    for (std::size_t i = 0; i < index.size(); ++i) {
      PendingTopic& pending = (*topics)[index[i]];
      const ZkWriteResult& result = done.writes[i];
      const bool on_config = result.failed_op == 0;
      pending.write = false;
      if (result.error == ZkError::kOk) continue;
      if (on_config && (result.error == ZkError::kNodeExists || result.error == ZkError::kNoNode)) {
        pending.config_exists = result.error == ZkError::kNodeExists;
        pending.write = again = true;
      } else if (result.error == ZkError::kNodeExists) {
        pending.answer = Refused(pending.answer.name, ErrorCode::kTopicAlreadyExists,
                                 "Topic '" + pending.answer.name + "' already exists.");
      } else {
        pending.answer = Refused(pending.answer.name, ErrorCode::kUnknownServerError,
                                 "ZooKeeper: " + std::string(ToString(result.error)));
      }
    }
    if (again) {
      WriteNewTopics(topics, std::move(then));
    } else {
      then();
    }
  });
}

}  // namespace ottla::controller
