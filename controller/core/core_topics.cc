// ControllerCore: topics as ZooKeeper shows them: created, grown, repaired, vanished.
#include <algorithm>
#include <utility>

#include "common/base/topic_name.h"
#include "common/zk/zk_paths.h"
#include "controller/core/controller_core.h"

namespace ottla::controller {

Uuid ControllerCore::NewTopicId() {
  for (;;) {
    const std::uint64_t high = random_.Next();
    const Uuid id = Uuid::FromRandom(high, random_.Next());
    if (!id.IsReserved() && !state_.topic_by_id.contains(id)) return id;
  }
}

void ControllerCore::SetTopicId(const std::string& name, Topic& topic, const Uuid& id) {
  if (!topic.id.IsZero()) state_.topic_by_id.erase(topic.id);
  topic.id = id;
  state_.topic_by_id[id] = name;
}

zk::TopicAssignment ControllerCore::AssignmentOf(const std::string& name) const {
  zk::TopicAssignment assignment;
  const Topic& topic = state_.topics.at(name);
  if (!topic.id.IsZero()) assignment.id = topic.id;
  for (const auto& [number, partition] : topic.partitions) assignment.partitions[number] = partition.assignment;
  return assignment;
}

ControllerCore::Partitions ControllerCore::AllPartitions() const {
  Partitions all;
  for (const auto& [name, topic] : state_.topics) {
    for (const auto& [number, partition] : topic.partitions) all.push_back({name, number});
  }
  return all;
}

ControllerCore::Partitions ControllerCore::PartitionsOn(const std::vector<BrokerId>& brokers) const {
  Partitions found;
  if (brokers.empty()) return found;
  for (const auto& [name, topic] : state_.topics) {
    for (const auto& [number, partition] : topic.partitions) {
      const bool there = std::ranges::any_of(
          brokers, [&, &p = partition](BrokerId id) { return Contains(p.assignment.replicas, id); });
      if (there) found.push_back({name, number});
    }
  }
  return found;
}

void ControllerCore::ForgetTopic(const std::string& name) {
  const auto it = state_.topics.find(name);
  if (it == state_.topics.end()) return;
  if (!it->second.id.IsZero()) state_.topic_by_id.erase(it->second.id);
  for (const auto& [number, partition] : it->second.partitions) {
    moving_.erase({name, number});
    zk_moves_dropped_ |= zk_moves_.erase({name, number}) > 0;
  }
  deleting_.erase(name);
  state_.topics.erase(it);
}

// A tool may have made a node of any name; brokers could not store every one.
Result<zk::TopicAssignment> ControllerCore::DecodeTopic(const TopicNode& node) {
  const Status name = ValidateTopicName(node.name);
  return name.ok() ? zk::DecodeTopic(node.data) : Result<zk::TopicAssignment>(name);
}

// Replica lists of known partitions are not touched: edits by hand count from the next takeover on, as in Kafka.
ControllerCore::Partitions ControllerCore::TakeTopic(const TopicNode& node, std::vector<ZkWrite>& repairs) {
  Result<zk::TopicAssignment> decoded = DecodeTopic(node);
  const bool known = state_.topics.contains(node.name);
  Topic& topic = state_.topics[node.name];
  if (!decoded.ok()) {
    if (!known) topic.set_aside = decoded.status().ToString();
    Say(Note::Level::kError, "topic " + node.name + " is set aside: " + decoded.status().ToString(),
        "topics_set_aside");
    return {};
  }
  topic.set_aside.clear();
  if (topic.id.IsZero()) SetTopicId(node.name, topic, decoded->id.value_or(NewTopicId()));
  if (decoded->id && *decoded->id != topic.id) {
    Say(Note::Level::kError, "the id of topic " + node.name + " was changed by hand; it stays " + topic.id.ToString(),
        "topics_set_aside");
  }
  if (!decoded->id) {
    // An old tool wrote the node and dropped the id, or never knew of ids.
    zk::TopicAssignment repaired = *decoded;
    repaired.id = topic.id;
    repairs.push_back({{ZkOp::Set(zk::Topic(node.name), zk::Encode(repaired), node.stat.version)}, ""});
  }
  Partitions fresh;
  if (topic.deletion) return fresh;  // growth of a topic that goes: the node goes with it
  for (auto& [number, assignment] : decoded->partitions) {
    if (topic.partitions.contains(number)) continue;
    Partition& partition = topic.partitions[number];
    partition.assignment = std::move(assignment);
    partition.set_aside = Contradiction(partition.assignment, nullptr);
    if (partition.usable()) {
      fresh.push_back({node.name, number});
    } else {
      Say(Note::Level::kError, node.name + "-" + std::to_string(number) + " is set aside: " + partition.set_aside,
          "partitions_set_aside");
    }
  }
  return fresh;
}

// A node that changed under a repair comes again as an event, and is repaired then.
void ControllerCore::RepairTopics(std::vector<ZkWrite> repairs, Then then) {
  Write(std::move(repairs), [this, then = std::move(then)](ZkDone& done) mutable {
    for (const ZkWriteResult& result : done.writes) {
      if (result.error == ZkError::kOk || result.error == ZkError::kNoNode) continue;
      Say(Note::Level::kWarning, "repairing a topic znode: " + std::string(ToString(result.error)));
    }
    then();
  });
}

void ControllerCore::Handle(TopicsChanged& event) {
  const std::set<std::string> present(event.names.begin(), event.names.end());
  std::vector<std::string> vanished;
  for (const auto& [name, topic] : state_.topics) {
    if (!present.contains(name)) vanished.push_back(name);
  }
  for (const std::string& name : vanished) {
    Say(Note::Level::kWarning, "topic " + name + " vanished from ZooKeeper: forgotten, brokers keep its data");
    ForgetTopic(name);
  }
  std::vector<ZkWrite> repairs;
  Partitions fresh;
  for (const TopicNode& node : event.nodes) {
    if (!present.contains(node.name)) continue;
    for (TopicPartition& tp : TakeTopic(node, repairs)) fresh.push_back(std::move(tp));
  }
  RepairTopics(std::move(repairs),
               [this, fresh = std::move(fresh)]() mutable { CreateStates(std::move(fresh), [this] { Finish(); }); });
}

void ControllerCore::Handle(TopicChanged& event) {
  if (!state_.topics.contains(event.node.name)) return;  // its creation has not been seen yet, or it has gone
  std::vector<ZkWrite> repairs;
  Partitions fresh = TakeTopic(event.node, repairs);
  RepairTopics(std::move(repairs),
               [this, fresh = std::move(fresh)]() mutable { CreateStates(std::move(fresh), [this] { Finish(); }); });
}

void ControllerCore::CreateStates(Partitions partitions, Then then) {
  ReconsiderAll(std::move(partitions), nullptr, std::move(then));
}

}  // namespace ottla::controller
