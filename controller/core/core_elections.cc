// ControllerCore: elections, whatever asks for them.
#include <algorithm>
#include <utility>

#include "common/zk/zk_paths.h"
#include "controller/core/controller_core.h"

namespace ottla::controller {
namespace {

constexpr char kUncleanKey[] = "unclean.leader.election.enable";

}  // namespace

ReconsiderInput ControllerCore::InputFor(const TopicPartition& tp, const Partition& partition,
                                         const Reborn& reborn) const {
  const zk::PartitionStateData& data = partition.state->data;
  const auto unclean = unclean_topics_.find(tp.topic);
  return {partition.assignment.replicas,
          data.isr,
          data.leader,
          [this, &partition](BrokerId id) { return state_.ReplicaOnline(partition, id); },
          [&tp, &reborn](BrokerId id) { return reborn && reborn(tp, id); },
          state_.shutting_down.contains(data.leader) && !partition.failed_dirs.contains(data.leader),
          unclean != unclean_topics_.end() && unclean->second};
}

void ControllerCore::ReconsiderAll(Partitions partitions, const Reborn& reborn, Then then) {
  ReadUncleanConfigs(partitions, reborn, [this, partitions, reborn, then = std::move(then)]() mutable {
    Store(
        std::move(partitions), [this, reborn](const TopicPartition& tp) { return DecideOne(tp, reborn); },
        std::move(then));
  });
}

std::optional<ControllerCore::Change> ControllerCore::DecideOne(const TopicPartition& tp, const Reborn& reborn) const {
  const Partition* partition = state_.Find(tp);
  if (partition == nullptr || !partition->usable() || state_.Deleting(tp.topic)) return std::nullopt;
  if (!partition->state) {
    const auto first =
        ElectFirst(partition->assignment.replicas, [&](BrokerId id) { return state_.ReplicaOnline(*partition, id); });
    if (!first) return std::nullopt;
    Change change{{first->leader, LeaderEpoch(0), first->isr, epoch_, false}, true, {}, first->isr};
    return change;
  }
  const auto elected = Reconsider(InputFor(tp, *partition, reborn));
  if (!elected) return std::nullopt;
  return ChangeTo(*partition, *elected);
}

ControllerCore::Change ControllerCore::ChangeTo(const Partition& partition, const Elected& elected) const {
  const zk::PartitionStateData& now = partition.state->data;
  // A clean election keeps the recovery mark; the elected leader clears it with its first proposal.
  const bool recovering = options_.leader_recovery && (elected.unclean || now.recovering);
  return {{elected.leader, LeaderEpoch(now.leader_epoch.value + 1), elected.isr, epoch_, recovering},
          false,
          Recipients(partition),
          {}};
}

std::vector<BrokerId> ControllerCore::Recipients(const Partition& partition) const {
  std::vector<BrokerId> brokers;
  std::ranges::copy_if(partition.assignment.replicas, std::back_inserter(brokers),
                       [&](BrokerId id) { return state_.Registered(id); });
  return brokers;
}

// The topic's config is read only where no member of the ISR is online; a failed read allows nothing.
void ControllerCore::ReadUncleanConfigs(const Partitions& partitions, const Reborn& reborn, Then then) {
  std::set<std::string> topics;
  for (const TopicPartition& tp : partitions) {
    const Partition* partition = state_.Find(tp);
    if (partition == nullptr || !partition->usable() || !partition->state || state_.Deleting(tp.topic)) continue;
    if (!unclean_topics_.contains(tp.topic) && NeedsUnclean(InputFor(tp, *partition, reborn))) topics.insert(tp.topic);
  }
  ZkRequest request;
  for (const std::string& topic : topics) request.reads.push_back(zk::TopicConfig(topic));
  Ask(std::move(request), [this, topics, then = std::move(then)](ZkDone& done) mutable {
    std::size_t i = 0;
    for (const std::string& topic : topics) {
      const ZkReadResult& read = done.reads[i++];
      bool allowed = unclean_default_;
      const Result<zk::ConfigMap> config = zk::DecodeConfig(read.data);
      if ((read.error != ZkError::kOk && read.error != ZkError::kNoNode) || !config.ok()) {
        Say(Note::Level::kError, "the config of " + topic + " cannot be read: no unclean election",
            "config_read_failures");
        allowed = false;
      } else if (const auto value = config->find(kUncleanKey); value != config->end()) {
        allowed = value->second == "true";
      }
      unclean_topics_[topic] = allowed;
    }
    then();
  });
}

ControllerCore::Partitions ControllerCore::Leaderless() const {
  Partitions found;
  for (const auto& [name, topic] : state_.topics) {
    if (topic.deletion) continue;
    for (const auto& [number, partition] : topic.partitions) {
      if (!partition.usable()) continue;
      const bool led = partition.has_leader() && state_.Registered(partition.state->data.leader) &&
                       !partition.failed_dirs.contains(partition.state->data.leader);
      if (!led) found.push_back({name, number});
    }
  }
  return found;
}

// Why there is nothing to elect; nullopt: go on.
std::optional<ElectedPartition> ControllerCore::CannotElect(const TopicPartition& tp, bool unclean) const {
  const Partition* partition = state_.Find(tp);
  if (partition == nullptr) {
    return ElectedPartition{tp, ErrorCode::kUnknownTopicOrPartition, "The partition does not exist."};
  }
  if (state_.Deleting(tp.topic)) {
    return ElectedPartition{tp, ErrorCode::kInvalidTopicException, "The topic is being deleted"};
  }
  const ErrorCode unavailable =
      unclean ? ErrorCode::kEligibleLeadersNotAvailable : ErrorCode::kPreferredLeaderNotAvailable;
  if (!partition->usable()) return ElectedPartition{tp, unavailable, "Set aside: " + partition->set_aside};
  if (!partition->state) return ElectedPartition{tp, unavailable, "The partition has never had a leader."};
  const BrokerId leader = partition->state->data.leader;
  const bool fine =
      unclean ? leader != kNoBroker && state_.Live(leader) : leader == partition->assignment.replicas.front();
  if (fine)
    return ElectedPartition{tp, ErrorCode::kElectionNotNeeded, "Leader election not needed for topic partition."};
  return std::nullopt;
}

void ControllerCore::ElectPartitions(const Partitions& partitions, bool unclean, const Elections& outcome, Then then) {
  Partitions wanted;
  for (const TopicPartition& tp : partitions) {
    if (auto cannot = CannotElect(tp, unclean)) {
      (*outcome)[tp] = std::move(*cannot);
    } else {
      wanted.push_back(tp);
    }
  }
  Store(
      std::move(wanted),
      [this, unclean, outcome](const TopicPartition& tp) -> std::optional<Change> {
        const Partition* partition = state_.Find(tp);
        if (partition == nullptr || !partition->usable() || !partition->state) return std::nullopt;
        const BrokerTest online = [&](BrokerId id) { return state_.ReplicaOnline(*partition, id); };
        const std::vector<BrokerId>& isr = partition->state->data.isr;
        const auto elected = unclean ? ElectUnclean(partition->assignment.replicas, isr, online)
                                     : ElectPreferred(partition->assignment.replicas, isr, online);
        if (!elected) {
          (*outcome)[tp] = {tp,
                            unclean ? ErrorCode::kEligibleLeadersNotAvailable : ErrorCode::kPreferredLeaderNotAvailable,
                            unclean ? "No replica is online." : "The preferred leader is not online or not in sync."};
          return std::nullopt;
        }
        (*outcome)[tp] = {tp, ErrorCode::kNone, ""};
        return ChangeTo(*partition, *elected);
      },
      std::move(then));
}

void ControllerCore::Handle(ElectLeadersCommand& command) {
  const bool all = !command.partitions.has_value();
  auto outcome = std::make_shared<std::map<TopicPartition, ElectedPartition>>();
  ElectPartitions(all ? AllPartitions() : *command.partitions, command.unclean, outcome, [this, all, outcome] {
    ElectLeadersAnswer answer;
    for (auto& [tp, elected] : *outcome) {
      if (all && elected.error == ErrorCode::kElectionNotNeeded) continue;
      answer.partitions.push_back(std::move(elected));
    }
    Answer_(std::move(answer));
    Finish();
  });
}

void ControllerCore::Handle(PreferredElectionAsked& event) {
  PreferredFromZk(event.data, [this] { Finish(); });
}

// The node is deleted after one attempt, whatever came of it: it is a queue of one that blocks its writers.
void ControllerCore::PreferredFromZk(const ZkData& data, Then then) {
  Result<Partitions> partitions = zk::DecodePartitionSet(data);
  if (!partitions.ok()) {
    Say(Note::Level::kError, std::string(zk::kPreferredElection) + ": " + partitions.status().ToString(), "bad_znodes");
  }
  auto outcome = std::make_shared<std::map<TopicPartition, ElectedPartition>>();
  ElectPartitions(partitions.ok() ? *partitions : Partitions(), false, outcome,
                  [this, then = std::move(then)]() mutable {
                    Write({{{ZkOp::Delete(zk::kPreferredElection, -1)}, ""}},
                          [then = std::move(then)](ZkDone&) mutable { then(); });
                  });
}

void ControllerCore::Handle(RebalanceDue&) {
  Partitions due = OutOfBalance();
  if (due.empty()) return;
  Say(Note::Level::kInfo, "moving " + std::to_string(due.size()) + " partitions to their preferred leaders");
  auto outcome = std::make_shared<std::map<TopicPartition, ElectedPartition>>();
  ElectPartitions(due, false, outcome, [this] { Finish(); });
}

// Partitions that a live preferred broker could lead, of brokers that miss more than the allowed share of theirs.
ControllerCore::Partitions ControllerCore::OutOfBalance() const {
  struct Share {
    std::size_t preferred = 0;
    Partitions elsewhere;
  };
  std::map<BrokerId, Share> shares;
  for (const TopicPartition& tp : AllPartitions()) {
    const Partition* partition = state_.Find(tp);
    if (!partition->usable() || !partition->has_leader() || state_.Deleting(tp.topic)) continue;
    const BrokerId preferred = partition->assignment.replicas.front();
    Share& share = shares[preferred];
    ++share.preferred;
    if (partition->state->data.leader != preferred) share.elsewhere.push_back(tp);
  }
  Partitions due;
  for (const auto& [broker, share] : shares) {
    if (share.elsewhere.size() * 100 <= share.preferred * static_cast<std::size_t>(options_.imbalance_percentage))
      continue;
    for (const TopicPartition& tp : share.elsewhere) {
      const Partition* partition = state_.Find(tp);
      if (state_.ReplicaOnline(*partition, broker) && Contains(partition->state->data.isr, broker)) due.push_back(tp);
    }
  }
  return due;
}

void ControllerCore::Handle(TopicConfigChanged& event) {
  Partitions leaderless = Leaderless();
  std::erase_if(leaderless, [&](const TopicPartition& tp) { return tp.topic != event.topic; });
  ReconsiderAll(std::move(leaderless), nullptr, [this] { Finish(); });
}

void ControllerCore::Handle(UncleanDefaultChanged& event) {
  unclean_default_ = event.enabled;
  ReconsiderAll(Leaderless(), nullptr, [this] { Finish(); });
}

}  // namespace ottla::controller
