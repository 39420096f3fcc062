// ControllerCore: CreatePartitions. The placement goes on with the round that partition 0 began.
#include <algorithm>
#include <utility>

#include "common/zk/zk_paths.h"
#include "controller/core/controller_core.h"
#include "controller/core/placement.h"
#include "controller/core/topic_commands.h"
#include "controller/core/topic_rules.h"

namespace ottla::controller {

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

}  // namespace ottla::controller
