// What brokers and clients asked of the controller, asked of ours.
#include <utility>

#include "common/zk/zk_paths.h"
#include "player.h"

namespace ottla::timelines {
namespace {

std::string Code(ErrorCode error) {
  return error == ErrorCode::kNone ? "" : "error " + std::to_string(static_cast<int>(error));
}

template <class Items>
std::string First(ErrorCode error, const Items& items) {
  if (error != ErrorCode::kNone || items.empty()) return Code(error);
  return Code(items.front().error);
}

}  // namespace

template <class A>
void Player::Ask(const std::string& what, const std::function<void(controller::ControllerHandle::Done<A>)>& ask,
                 const std::function<std::string(const A&)>& fault) {
  std::optional<A> answer;
  On(boss_, [&] { ask([&answer](A given) { answer = std::move(given); }); });
  if (!world_.RunUntil([&answer] { return answer.has_value(); }, Millis(60'000))) {
    faults_.push_back(what + ": no answer");
  } else if (const std::string text = fault(*answer); !text.empty()) {
    faults_.push_back(what + ": " + text);
  }
  Settle();
}

void Player::AskTopic(const std::string& topic, const ZkOp& op) {
  controller::CreatableTopic wanted;
  wanted.name = topic;
  const zk::TopicAssignment topic_node = zk::DecodeTopic(op.data).value();
  for (const auto& [number, replicas] : topic_node.partitions) {
    wanted.assignment[number] = replicas.replicas;
  }
  const zk::ConfigMap configs = zk::DecodeConfig(tree_.Data(zk::TopicConfig(topic))).value();
  for (const auto& [key, value] : configs) {
    wanted.configs[key] = value;
  }
  Ask<controller::CreateTopicsAnswer>(
      "creating " + topic,
      [&](auto done) {
        boss().CreateTopics({{wanted}, false}, node(boss_).executors().control(), std::move(done));
      },
      [](const auto& answer) { return First(answer.error, answer.topics); });
}

void Player::AskGrowth(const std::string& topic, const ZkOp& op) {
  const auto before = zk::DecodeTopic(tree_.Data(op.path)).value().partitions;
  const auto after = zk::DecodeTopic(op.data).value().partitions;
  controller::GrowableTopic wanted{topic, static_cast<std::int32_t>(after.size()), std::nullopt};
  wanted.assignment.emplace();
  for (const auto& [number, replicas] : after) {
    if (!before.contains(number)) wanted.assignment->push_back(replicas.replicas);
  }
  Ask<controller::CreatePartitionsAnswer>(
      "growing " + topic,
      [&](auto done) {
        boss().CreatePartitions({{wanted}, false}, node(boss_).executors().control(), std::move(done));
      },
      [](const auto& answer) { return First(answer.error, answer.topics); });
}

void Player::AskDeletion(const std::string& topic) {
  Ask<controller::DeleteTopicsAnswer>(
      "deleting " + topic,
      [&](auto done) {
        boss().DeleteTopics({{{topic, {}}}}, node(boss_).executors().control(), std::move(done));
      },
      [](const auto& answer) { return First(answer.error, answer.topics); });
}

void Player::AskProducerIds(const ZkOp& op) {
  const BrokerId broker = zk::DecodeProducerIdBlock(op.data).value().broker;
  const auto known = boss().state().brokers.find(broker);
  if (known == boss().state().brokers.end()) {
    faults_.push_back("producer ids for a broker that is not there");
    return;
  }
  Ask<controller::AllocateProducerIdsAnswer>(
      "producer ids",
      [&](auto done) {
        boss().AllocateProducerIds({broker, known->second.epoch}, node(boss_).executors().control(), std::move(done));
      },
      [](const auto& answer) { return Code(answer.error); });
}

// As the leader asks it: by what it was last told.
void Player::AskIsr(const TopicPartition& tp, const zk::PartitionStateData& wanted) {
  const controller::Partition* partition = boss().state().Find(tp);
  const auto leader = boss().state().brokers.find(wanted.leader);
  if (partition == nullptr || !partition->state || partition->state->data.leader != wanted.leader ||
      leader == boss().state().brokers.end()) {
    faults_.push_back(tp.ToString() + " is not led by broker " + std::to_string(wanted.leader.value));
    return;
  }
  const controller::IsrProposal proposal{"",
                                         boss().state().topics.at(tp.topic).id,
                                         tp.partition,
                                         partition->state->data.leader_epoch,
                                         partition->state->partition_epoch,
                                         wanted.isr,
                                         wanted.recovering};
  Ask<controller::AlterPartitionAnswer>(
      "the ISR of " + tp.ToString(),
      [&](auto done) {
        boss().AlterPartition({wanted.leader, leader->second.epoch, 3, {proposal}}, node(boss_).executors().control(),
                              std::move(done));
      },
      [](const auto& answer) { return First(answer.error, answer.partitions); });
}

void Player::AskShutdown(std::int32_t broker) {
  const auto known = boss().state().brokers.find(BrokerId(broker));
  if (known == boss().state().brokers.end()) {
    faults_.push_back("a broker leaves that is not there");
    return;
  }
  Ask<controller::ControlledShutdownAnswer>(
      "the leave of broker " + std::to_string(broker),
      [&](auto done) {
        boss().ControlledShutdown({BrokerId(broker), known->second.epoch}, node(boss_).executors().control(),
                                  std::move(done));
      },
      [](const auto& answer) { return Code(answer.error); });
}

void Player::AskElection(const TopicPartition& tp, bool unclean) {
  Ask<controller::ElectLeadersAnswer>(
      "an election of " + tp.ToString(),
      [&](auto done) {
        boss().ElectLeaders({unclean, std::vector<TopicPartition>{tp}}, node(boss_).executors().control(),
                            std::move(done));
      },
      [](const auto& answer) { return First(answer.error, answer.partitions); });
}

void Player::AskMove(const TopicPartition& tp, std::optional<std::vector<BrokerId>> target) {
  Ask<controller::AlterReassignmentsAnswer>(
      "a move of " + tp.ToString(),
      [&](auto done) {
        boss().AlterReassignments({{{tp, target}}}, node(boss_).executors().control(), std::move(done));
      },
      [](const auto& answer) { return First(answer.error, answer.partitions); });
}

}  // namespace ottla::timelines
