// ControllerCore: moving replicas. Let `target` be where a partition shall live and `origin` where it did. While it
// moves, its replica list is target followed by the rest of origin; `adding` and `removing` say which are which.
//
//   start       topic znode with the longer list; leader epoch + 1; the new replicas are told isNew
//   complete    once all of target is in sync: leader and ISR within target, leader epoch + 1; then the others are
//               stopped and deleted; then the topic znode with target alone
//   called off  those that leave are taken out of the ISR; topic znode with origin alone; a leader epoch that tells the
//               leader of it
//
// Replicas that leave the list are first taken out of the ISR, in a state that is stored, before the list shrinks: cut
// off anywhere, the next controller finds an ISR within the replicas.
//
// /admin/reassign_partitions is written when what it asks for changes: after the topic znode of a move that has ended,
// before that of a request which overrules it.
#include <algorithm>
#include <utility>

#include "common/zk/zk_paths.h"
#include "controller/core/controller_core.h"

namespace ottla::controller {
namespace {

std::vector<BrokerId> Minus(const std::vector<BrokerId>& ids, const std::vector<BrokerId>& others) {
  std::vector<BrokerId> rest;
  std::ranges::copy_if(ids, std::back_inserter(rest), [&](BrokerId id) { return !Contains(others, id); });
  return rest;
}

std::vector<BrokerId> Common(const std::vector<BrokerId>& ids, const std::vector<BrokerId>& others) {
  return Minus(ids, Minus(ids, others));
}

std::vector<BrokerId> Origin(const zk::PartitionReplicas& now) { return Minus(now.replicas, now.adding); }
std::vector<BrokerId> Target(const zk::PartitionReplicas& now) { return Minus(now.replicas, now.removing); }

zk::PartitionReplicas MovingTo(const zk::PartitionReplicas& now, const std::vector<BrokerId>& target) {
  const std::vector<BrokerId> origin = Origin(now);
  zk::PartitionReplicas next;
  next.replicas = target;
  for (const BrokerId id : Minus(origin, target)) next.replicas.push_back(id);
  next.adding = Minus(next.replicas, origin);
  next.removing = Minus(next.replicas, target);
  return next;
}

std::string TargetFault(const std::vector<BrokerId>& target) {
  if (target.empty()) return "Empty replica list specified in partition reassignment.";
  if (std::ranges::any_of(target, [](BrokerId id) { return id.value < 0; })) {
    return "Invalid broker id in replica list.";
  }
  for (std::size_t i = 0; i < target.size(); ++i) {
    if (std::ranges::find(target.begin() + static_cast<std::ptrdiff_t>(i) + 1, target.end(), target[i]) !=
        target.end()) {
      return "Duplicate replica ids in partition reassignment replica list: " + ToText(target);
    }
  }
  return "";
}

}  // namespace

// What the asker is told when the move cannot start; otherwise `next` is the partition's new assignment.
ElectedPartition ControllerCore::CheckMove(const TopicPartition& tp, const std::optional<std::vector<BrokerId>>& target,
                                           bool must_live, zk::PartitionReplicas& next) const {
  const Partition* partition = state_.Find(tp);
  if (partition == nullptr || state_.Deleting(tp.topic) || !partition->state || !partition->usable()) {
    return {tp, ErrorCode::kUnknownTopicOrPartition, "The partition does not exist."};
  }
  const zk::PartitionReplicas& now = partition->assignment;
  if (!target && !partition->reassigning()) {
    return {tp, ErrorCode::kNoReassignmentInProgress, "No partition reassignment is in progress."};
  }
  const std::vector<BrokerId> wanted = target ? *target : Origin(now);
  if (std::string fault = TargetFault(wanted); !fault.empty()) {
    return {tp, ErrorCode::kInvalidReplicaAssignment, std::move(fault)};
  }
  next = MovingTo(now, wanted);
  for (const BrokerId id : next.adding) {
    if (must_live && !state_.Live(id)) {
      return {tp, ErrorCode::kInvalidReplicaAssignment,
              "Replica assignment has brokers that are not alive: " + ToText({id})};
    }
  }
  const std::vector<BrokerId> staying = Common(partition->state->data.isr, next.replicas);
  if (staying.empty()) {
    return {tp, ErrorCode::kInvalidReplicaAssignment, "No replica that is in sync would be left."};
  }
  return {tp, ErrorCode::kNone, ""};
}

// Starts or changes the moves of `next`; errors go to `outcome`.
void ControllerCore::StartMoves(const Moves& next, const Elections& outcome, Then then) {
  Partitions shrinking;  // those whose list loses members of the ISR
  Partitions all;
  for (const auto& [tp, assignment] : *next) {
    all.push_back(tp);
    if (!Minus(state_.Find(tp)->state->data.isr, assignment.replicas).empty()) shrinking.push_back(tp);
  }
  const auto shrink = [this, next](const TopicPartition& tp) -> std::optional<Change> {
    const Partition* partition = state_.Find(tp);
    if (partition == nullptr || !partition->usable() || !partition->state) return std::nullopt;
    return WithinList(*partition, next->at(tp).replicas);
  };
  Store(shrinking, shrink, [this, next, outcome, all, shrinking, then = std::move(then)]() mutable {
    for (const TopicPartition& tp : all) {
      const Partition* partition = state_.Find(tp);
      if (Minus(partition->state->data.isr, next->at(tp).replicas).empty()) continue;
      (*outcome)[tp] = {tp, ErrorCode::kInvalidReplicaAssignment, "No replica that would stay can lead now."};
      next->erase(tp);
    }
    WriteMoves(next, std::move(shrinking), outcome, std::move(then));
  });
}

// Leader and ISR without those that leave the list; nullopt when nobody that stays can lead.
std::optional<ControllerCore::Change> ControllerCore::WithinList(const Partition& partition,
                                                                 const std::vector<BrokerId>& list) const {
  const zk::PartitionStateData& now = partition.state->data;
  const std::vector<BrokerId> isr = Common(now.isr, list);
  const BrokerTest online = [&](BrokerId id) { return state_.ReplicaOnline(partition, id); };
  const bool stays = Contains(list, now.leader) && online(now.leader);
  const auto elected = stays ? std::optional(Elected{now.leader, isr, false}) : ElectForTarget(list, isr, online);
  if (!elected || isr.empty()) return std::nullopt;
  Change change = ChangeTo(partition, *elected);
  change.tell = Common(change.tell, list);
  return change;
}

// `shrunk`: partitions that have a new leader epoch already.
void ControllerCore::WriteMoves(const Moves& next, Partitions shrunk, const Elections& outcome, Then then) {
  std::map<std::string, zk::TopicAssignment> topics;
  for (const auto& [tp, assignment] : *next) {
    const auto topic = topics.try_emplace(tp.topic, AssignmentOf(tp.topic)).first;
    topic->second.partitions[tp.partition] = assignment;
  }
  std::vector<ZkWrite> writes;
  auto names = std::make_shared<std::vector<std::string>>();
  for (const auto& [name, assignment] : topics) {
    writes.push_back({{ZkOp::Set(zk::Topic(name), zk::Encode(assignment), -1)}, ""});
    names->push_back(name);
  }
  Write(std::move(writes), [this, next, names, shrunk, outcome, then = std::move(then)](ZkDone& done) mutable {
    std::set<std::string> failed;
    for (std::size_t i = 0; i < names->size(); ++i) {
      if (done.writes[i].error != ZkError::kOk) failed.insert((*names)[i]);
    }
    Partitions started;
    for (const auto& [tp, assignment] : *next) {
      if (failed.contains(tp.topic)) {
        (*outcome)[tp] = {tp, ErrorCode::kUnknownServerError, "ZooKeeper refused the topic's new replicas."};
        continue;
      }
      Partition& partition = *state_.Find(tp);
      for (const BrokerId id : Minus(partition.assignment.replicas, assignment.replicas)) {
        plan_.AddStopReplica(id, tp, partition.state->data.leader_epoch, true);
      }
      partition.assignment = assignment;
      touched_.push_back(tp);
      plan_.AddMetadata(tp);
      (*outcome)[tp] = {tp, ErrorCode::kNone, ""};
      if (partition.reassigning()) {
        moving_.insert(tp);
        started.push_back(tp);
      } else {
        moving_.erase(tp);
        // Called off, or in another order: the leader hears of the replicas that are left, by an epoch it heeds.
        if (!std::ranges::binary_search(shrunk, tp)) started.push_back(tp);
      }
    }
    const auto announce = [this](const TopicPartition& tp) -> std::optional<Change> {
      const Partition* partition = state_.Find(tp);
      if (partition == nullptr || !partition->state || !partition->usable() || Movable(*partition)) return std::nullopt;
      Change change = ChangeTo(*partition, {partition->state->data.leader, partition->state->data.isr, false});
      change.next.recovering = partition->state->data.recovering;
      change.tell = Minus(change.tell, partition->assignment.adding);
      change.tell_new = partition->assignment.adding;
      return change;
    };
    Store(std::move(started), announce, std::move(then));
  });
}

// All of the target is in sync, so that the others can go.
bool ControllerCore::Movable(const Partition& partition) const {
  return partition.reassigning() && partition.state &&
         Minus(Target(partition.assignment), partition.state->data.isr).empty();
}

// Completes every move that can be completed; part of the end of every event.
void ControllerCore::CompleteMoves(Then then) {
  Partitions ready;
  for (const TopicPartition& tp : moving_) {
    const Partition* partition = state_.Find(tp);
    if (partition != nullptr && partition->usable() && Movable(*partition) && !state_.Deleting(tp.topic)) {
      ready.push_back(tp);
    }
  }
  const auto settle = [this](const TopicPartition& tp) -> std::optional<Change> {
    const Partition* partition = state_.Find(tp);
    if (partition == nullptr || !partition->usable() || !Movable(*partition)) return std::nullopt;
    return WithinList(*partition, Target(partition->assignment));
  };
  Store(ready, settle, [this, ready, then = std::move(then)]() mutable {
    std::set<std::string> topics;
    bool asked = std::exchange(zk_moves_dropped_, false);  // for one at least by /admin/reassign_partitions
    for (const TopicPartition& tp : ready) {
      Partition* partition = state_.Find(tp);
      if (partition == nullptr || !partition->state) continue;
      const std::vector<BrokerId> target = Target(partition->assignment);
      const zk::PartitionStateData& now = partition->state->data;
      if (!Minus(now.isr, target).empty() || !Contains(target, now.leader)) continue;  // nobody of it could lead
      for (const BrokerId id : partition->assignment.removing) plan_.AddStopReplica(id, tp, now.leader_epoch, true);
      partition->assignment = {target, {}, {}};
      touched_.push_back(tp);
      plan_.AddMetadata(tp);
      Say(Note::Level::kInfo, "moved " + tp.ToString() + " to " + ToText(target));
      moving_.erase(tp);
      asked = zk_moves_.erase(tp) > 0 || asked;
      topics.insert(tp.topic);
    }
    std::vector<ZkWrite> writes;
    writes.reserve(topics.size() + 1);
    for (const std::string& name : topics) {
      writes.push_back({{ZkOp::Set(zk::Topic(name), zk::Encode(AssignmentOf(name)), -1)}, ""});
    }
    if (asked) AppendZkMoves(writes);
    Write(std::move(writes), [then = std::move(then)](ZkDone&) mutable { then(); });
  });
}

// /admin/reassign_partitions holds what is still to be done, and goes with the last of it.
void ControllerCore::AppendZkMoves(std::vector<ZkWrite>& writes) {
  if (!zk_moves_asked_) return;
  if (zk_moves_.empty()) {
    zk_moves_asked_ = false;
    writes.push_back({{ZkOp::Delete(zk::kReassignPartitions, -1)}, ""});
    return;
  }
  std::vector<zk::ReassignmentEntry> entries;
  entries.reserve(zk_moves_.size());
  for (const auto& [tp, replicas] : zk_moves_) entries.push_back({tp, replicas});
  writes.push_back({{ZkOp::Set(zk::kReassignPartitions, zk::EncodeReassignment(entries), -1)}, ""});
}

void ControllerCore::Handle(AlterReassignmentsCommand& command) {
  auto outcome = std::make_shared<std::map<TopicPartition, ElectedPartition>>();
  auto next = std::make_shared<std::map<TopicPartition, zk::PartitionReplicas>>();
  bool replaced = false;
  for (const AlterReassignmentsCommand::Item& item : command.items) {
    zk::PartitionReplicas assignment;
    ElectedPartition checked = CheckMove(item.partition, item.replicas, true, assignment);
    if (checked.error == ErrorCode::kNone) {
      replaced = zk_moves_.erase(item.partition) > 0 || replaced;  // the newer word counts
      // Under way already: nothing to start.
      if (state_.Find(item.partition)->assignment != assignment) (*next)[item.partition] = std::move(assignment);
    }
    (*outcome)[item.partition] = std::move(checked);
  }
  // First the older word goes: a controller that takes over would believe it.
  std::vector<ZkWrite> writes;
  if (replaced) AppendZkMoves(writes);
  Write(std::move(writes), [this, next, outcome](ZkDone&) {
    StartMoves(next, outcome, [this, outcome] {
      AlterReassignmentsAnswer answer;
      for (auto& [tp, moved] : *outcome) answer.partitions.push_back(std::move(moved));
      Answer_(std::move(answer));
      Finish();
    });
  });
}

void ControllerCore::Handle(ReassignmentAsked& event) {
  MovesFromZk(event.data, [this] { Finish(); });
}

// Entries that cannot be started leave the node; a target that is not there is waited for.
void ControllerCore::MovesFromZk(const ZkData& data, Then then) {
  const Result<std::vector<zk::ReassignmentEntry>> entries = zk::DecodeReassignment(data);
  if (!entries.ok()) {
    Say(Note::Level::kError, std::string(zk::kReassignPartitions) + ": " + entries.status().ToString() + "; left alone",
        "bad_znodes");
    then();
    return;
  }
  zk_moves_asked_ = true;
  zk_moves_.clear();  // of a node that is no more
  auto outcome = std::make_shared<std::map<TopicPartition, ElectedPartition>>();
  auto next = std::make_shared<std::map<TopicPartition, zk::PartitionReplicas>>();
  for (const zk::ReassignmentEntry& entry : *entries) {
    zk::PartitionReplicas assignment;
    const ElectedPartition checked = CheckMove(entry.partition, entry.replicas, false, assignment);
    if (checked.error != ErrorCode::kNone) {
      Say(Note::Level::kWarning, "moving " + entry.partition.ToString() + ": " + checked.message);
      continue;
    }
    zk_moves_[entry.partition] = entry.replicas;
    (*outcome)[entry.partition] = checked;
    if (state_.Find(entry.partition)->assignment != assignment) (*next)[entry.partition] = std::move(assignment);
  }
  StartMoves(next, outcome, [this, outcome, listed = entries->size(), then = std::move(then)]() mutable {
    for (const auto& [tp, moved] : *outcome) {
      const Partition* partition = state_.Find(tp);
      const bool done = moved.error != ErrorCode::kNone || partition == nullptr || !partition->reassigning();
      if (done) zk_moves_.erase(tp);
    }
    std::vector<ZkWrite> writes;
    if (zk_moves_.size() < listed) AppendZkMoves(writes);
    Write(std::move(writes), [then = std::move(then)](ZkDone&) mutable { then(); });
  });
}

void ControllerCore::Handle(ListReassignmentsCommand& command) {
  ListReassignmentsAnswer answer;
  for (const TopicPartition& tp : command.partitions ? *command.partitions : AllPartitions()) {
    const Partition* partition = state_.Find(tp);
    if (partition == nullptr || !partition->reassigning()) continue;
    answer.partitions.push_back(
        {tp, partition->assignment.replicas, partition->assignment.adding, partition->assignment.removing});
  }
  Answer_(std::move(answer));
}

}  // namespace ottla::controller
