// ControllerCore: topics and producer ids by request.
#include <algorithm>
#include <utility>

#include "common/zk/zk_paths.h"
#include "controller/core/controller_core.h"
#include "controller/core/placement.h"
#include "controller/core/topic_rules.h"

namespace ottla::controller {
namespace {

std::vector<PlacementBroker> PlacementBrokers(const ClusterState& cluster) {
  std::vector<PlacementBroker> brokers;
  for (const auto& [id, broker] : cluster.brokers) brokers.push_back({id, broker.registration.rack});
  return brokers;
}

ErrorCode ToWire(PlacementError error) {
  switch (error) {
    case PlacementError::kNone: return ErrorCode::kNone;
    case PlacementError::kPartitions: return ErrorCode::kInvalidPartitions;
    case PlacementError::kReplicationFactor: return ErrorCode::kInvalidReplicationFactor;
    case PlacementError::kMixedRacks: return ErrorCode::kUnknownServerError;
  }
  return ErrorCode::kUnknownServerError;
}

// Places in `asked` whose name comes more than once.
template <class Asked>
std::set<std::string> Repeated(const Asked& asked) {
  std::set<std::string> seen;
  std::set<std::string> repeated;
  for (const auto& item : asked) {
    if (!seen.insert(item.name).second) repeated.insert(item.name);
  }
  return repeated;
}

std::string SizeFault(const std::string& topic, const zk::TopicAssignment& assignment) {
  return TopicSizeFault(topic, static_cast<std::int64_t>(assignment.partitions.size()), zk::Encode(assignment));
}

constexpr const char* kTooManyPartitions = "Excessively large number of partitions per request.";

CreatedTopic Refused(const std::string& name, ErrorCode error, std::string message) {
  CreatedTopic refused;
  refused.name = name;
  refused.error = error;
  refused.message = std::move(message);
  return refused;
}

}  // namespace

void ControllerCore::Handle(CommandReceived& event) {
  caller_.emplace(event.id, event.command);
  std::visit([this](auto& command) { Handle(command); }, event.command);
}

void ControllerCore::Answer_(Answer answer) {
  OTTLA_CHECK(caller_.has_value());
  effects_.emplace_back(Reply{caller_->first, std::move(answer)});
  caller_.reset();
}

// --- CreateTopics ---

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

// --- DeleteTopics ---

void ControllerCore::Handle(DeleteTopicsCommand& command) {
  auto answer = std::make_shared<DeleteTopicsAnswer>();
  auto index = std::make_shared<std::vector<std::size_t>>();
  std::vector<ZkWrite> writes;
  for (const DeletableTopic& asked : command.topics) {
    DeletedTopic deleted{asked.name, asked.id, ErrorCode::kNone, ""};
    const bool by_id = asked.name.empty() && !asked.id.IsZero();
    if (by_id) {
      const auto name = state_.topic_by_id.find(asked.id);
      if (name != state_.topic_by_id.end()) deleted.name = name->second;
    }
    const Topic* topic = state_.FindTopic(deleted.name);
    if (topic == nullptr) {
      deleted.error = by_id ? ErrorCode::kUnknownTopicId : ErrorCode::kUnknownTopicOrPartition;
    } else if (!options_.delete_topics) {
      deleted.error = ErrorCode::kTopicDeletionDisabled;
    } else {
      writes.push_back({{ZkOp::Create(zk::DeleteTopic(deleted.name), std::nullopt)}, ""});
      index->push_back(answer->topics.size());
    }
    answer->topics.push_back(std::move(deleted));
  }
  Write(std::move(writes), [this, answer, index](ZkDone& done) {
    for (std::size_t i = 0; i < index->size(); ++i) {
      DeletedTopic& deleted = answer->topics[(*index)[i]];
      const ZkError error = done.writes[i].error;
      if (error == ZkError::kOk || error == ZkError::kNodeExists) {
        QueueDeletion(deleted.name, false);
      } else {
        deleted.error = ErrorCode::kUnknownServerError;
        deleted.message = "ZooKeeper: " + std::string(ToString(error));
      }
    }
    Answer_(std::move(*answer));
    Finish();
  });
}

// --- CreatePartitions ---

GrownTopic ControllerCore::CheckGrowable(const GrowableTopic& asked,
                                         std::map<std::int32_t, std::vector<BrokerId>>& added) {
  const Topic* topic = state_.FindTopic(asked.name);
  if (topic == nullptr) {
    return {asked.name, ErrorCode::kUnknownTopicOrPartition, "The topic '" + asked.name + "' does not exist."};
  }
  if (topic->deletion) return {asked.name, ErrorCode::kInvalidTopicException, "The topic is queued for deletion."};
  const auto count = static_cast<std::int32_t>(topic->partitions.size());
  const bool moving = std::ranges::any_of(topic->partitions, [](const auto& p) { return p.second.reassigning(); });
  if (moving)
    return {asked.name, ErrorCode::kReassignmentInProgress,
            "A partition reassignment is in progress for the topic '" + asked.name + "'."};
  if (!topic->set_aside.empty() || !topic->partitions.contains(0) || !topic->partitions.at(0).usable()) {
    return {asked.name, ErrorCode::kInvalidPartitions, "The topic's znode cannot be read."};
  }
  if (asked.count < count) {
    return {asked.name, ErrorCode::kInvalidPartitions,
            "Topic currently has " + std::to_string(count) + " partitions, which is higher than the requested " +
                std::to_string(asked.count) + "."};
  }
  if (asked.count == count) {
    return {asked.name, ErrorCode::kInvalidPartitions, "Topic already has " + std::to_string(count) + " partitions."};
  }
  if (const std::string fault = TopicSizeFault(asked.name, asked.count, ""); !fault.empty()) {
    return {asked.name, ErrorCode::kInvalidPartitions, fault};
  }
  const std::vector<BrokerId>& first = topic->partitions.at(0).assignment.replicas;
  if (asked.assignment) {
    const std::string fault =
        GrowthFault(*asked.assignment, count, asked.count - count, first.size(), state_.RegisteredIds());
    for (std::size_t i = 0; i < asked.assignment->size(); ++i) {
      added[count + static_cast<std::int32_t>(i)] = (*asked.assignment)[i];
    }
    return {asked.name, fault.empty() ? ErrorCode::kNone : ErrorCode::kInvalidReplicaAssignment, fault};
  }
  const std::vector<PlacementBroker> brokers = PlacementBrokers(state_);
  const auto at = std::ranges::find_if(brokers, [&](const PlacementBroker& b) { return b.id >= first.front(); });
  const auto start = static_cast<std::uint32_t>(at == brokers.end() ? 0 : at - brokers.begin());
  Placement placed =
      PlaceReplicas(brokers, {asked.count - count, static_cast<std::int32_t>(first.size()), count, start}, random_);
  added = std::move(placed.assignment);
  return {asked.name, ToWire(placed.error), placed.message};
}

void ControllerCore::Handle(CreatePartitionsCommand& command) {
  const std::set<std::string> repeated = Repeated(command.topics);
  auto answer = std::make_shared<CreatePartitionsAnswer>();
  auto growth = std::make_shared<std::vector<std::pair<std::size_t, zk::TopicAssignment>>>();
  std::vector<ZkWrite> writes;
  std::size_t partitions = 0;
  for (const GrowableTopic& asked : command.topics) {
    std::map<std::int32_t, std::vector<BrokerId>> added;
    GrownTopic grown{asked.name, ErrorCode::kInvalidRequest, "Duplicate topic in request."};
    if (partitions > kRequestPartitionsMax) {
      grown = {asked.name, ErrorCode::kPolicyViolation, kTooManyPartitions};
    } else if (!repeated.contains(asked.name)) {
      grown = CheckGrowable(asked, added);
    }
    partitions += added.size();
    zk::TopicAssignment assignment;
    if (grown.error == ErrorCode::kNone) {
      assignment = AssignmentOf(asked.name);
      for (auto& [number, replicas] : added) assignment.partitions[number].replicas = std::move(replicas);
      grown.message = SizeFault(asked.name, assignment);
      if (!grown.message.empty()) grown.error = ErrorCode::kInvalidPartitions;
    }
    if (grown.error == ErrorCode::kNone && !command.validate_only) {
      writes.push_back({{ZkOp::Set(zk::Topic(asked.name), zk::Encode(assignment), -1)}, ""});
      growth->emplace_back(answer->topics.size(), std::move(assignment));
    }
    answer->topics.push_back(std::move(grown));
  }
  Write(std::move(writes), [this, answer, growth](ZkDone& done) {
    Partitions fresh;
    for (std::size_t i = 0; i < growth->size(); ++i) {
      GrownTopic& grown = answer->topics[(*growth)[i].first];
      if (done.writes[i].error != ZkError::kOk) {
        grown.error = ErrorCode::kUnknownServerError;
        grown.message = "ZooKeeper: " + std::string(ToString(done.writes[i].error));
        continue;
      }
      Topic& topic = state_.topics.at(grown.name);
      for (auto& [number, assignment] : (*growth)[i].second.partitions) {
        if (topic.partitions.contains(number)) continue;
        topic.partitions[number].assignment = std::move(assignment);
        fresh.push_back({grown.name, number});
      }
    }
    CreateStates(std::move(fresh), [this, answer] {
      Answer_(std::move(*answer));
      Finish();
    });
  });
}

// --- AllocateProducerIds ---

void ControllerCore::Handle(AllocateProducerIdsCommand& command) {
  const auto broker = state_.brokers.find(command.broker);
  if (broker == state_.brokers.end()) {
    Answer_(AllocateProducerIdsAnswer{ErrorCode::kBrokerIdNotRegistered, 0, 0});
    return;
  }
  if (broker->second.epoch != command.broker_epoch) {
    Answer_(AllocateProducerIdsAnswer{ErrorCode::kStaleBrokerEpoch, 0, 0});
    return;
  }
  Ask({{zk::kProducerIdBlock}, {}},
      [this, id = command.broker](ZkDone& done) { AllocateBlock(id, done.reads.front()); });
}

// Compare and set; a block that another broker took meanwhile is read and passed over.
void ControllerCore::AllocateBlock(BrokerId broker, const ZkReadResult& now) {
  zk::ProducerIdBlock block{broker, 0, kProducerIdBlockSize - 1};
  if (now.error != ZkError::kOk) {
    Answer_(AllocateProducerIdsAnswer{ErrorCode::kUnknownServerError, 0, 0});
    return;
  }
  if (now.data) {
    const Result<zk::ProducerIdBlock> last = zk::DecodeProducerIdBlock(now.data);
    if (!last.ok() || last->last > std::numeric_limits<std::int64_t>::max() - kProducerIdBlockSize) {
      Say(Note::Level::kError, std::string(zk::kProducerIdBlock) + " cannot be used: no producer ids", "bad_znodes");
      Answer_(AllocateProducerIdsAnswer{ErrorCode::kUnknownServerError, 0, 0});
      return;
    }
    block.first = last->last + 1;
    block.last = last->last + kProducerIdBlockSize;
  }
  Write({{{ZkOp::Set(zk::kProducerIdBlock, zk::Encode(block), now.stat.version)}, ""}},
        [this, broker, block](ZkDone& done) {
          const ZkWriteResult& result = done.writes.front();
          if (result.error == ZkError::kOk) {
            Answer_(AllocateProducerIdsAnswer{ErrorCode::kNone, block.first, kProducerIdBlockSize});
          } else if (result.error == ZkError::kBadVersion) {
            AllocateBlock(broker, {result.found_error, result.found, result.found_stat});
          } else {
            Answer_(AllocateProducerIdsAnswer{ErrorCode::kUnknownServerError, 0, 0});
          }
        });
}

}  // namespace ottla::controller
