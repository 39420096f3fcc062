// ControllerCore: asking ZooKeeper, and the one way by which a partition's state moves.
#include <algorithm>
#include <utility>

#include "common/base/check.h"
#include "common/zk/zk_paths.h"
#include "controller/core/controller_core.h"

namespace ottla::controller {

void ControllerCore::Ask(ZkRequest request, ZkThen then) {
  OTTLA_CHECK(!busy());
  if (request.reads.empty() && request.writes.empty()) {
    ZkDone nothing;
    then(nothing);
    return;
  }
  on_zk_ = std::move(then);
  effects_.emplace_back(std::move(request));
}

// Decides each partition anew, stores what changes, and does so again for those that someone else wrote meanwhile.
void ControllerCore::Store(Partitions partitions, Decide decide, Then then) {
  StoreRound(std::move(partitions), std::make_shared<Decide>(std::move(decide)),
             std::make_shared<std::set<TopicPartition>>(), std::move(then));
}

// `orphans`: partitions whose new state found no directory above it once.
void ControllerCore::StoreRound(Partitions partitions, const std::shared_ptr<Decide>& decide,
                                const std::shared_ptr<std::set<TopicPartition>>& orphans, Then then) {
  auto changes = std::make_shared<Changes>();
  for (TopicPartition& tp : partitions) {
    if (std::optional<Change> change = (*decide)(tp)) changes->emplace_back(std::move(tp), std::move(*change));
  }
  if (changes->empty()) {
    then();
    return;
  }
  std::vector<ZkWrite> writes = Directories(*changes);
  const std::size_t first = writes.size();  // those that exist are fine, and of others the states' errors tell
  for (const auto& [tp, change] : *changes) writes.push_back({{StateOp(tp, change)}, ""});
  Write(std::move(writes), [this, changes, decide, orphans, first, then = std::move(then)](ZkDone& done) mutable {
    OTTLA_CHECK(done.writes.size() == first + changes->size());
    Partitions again;
    for (std::size_t i = 0; i < changes->size(); ++i) {
      const auto& [tp, change] = (*changes)[i];
      if (StateWritten(tp, change, done.writes[first + i], *orphans)) again.push_back(tp);
    }
    if (again.empty()) {
      then();
    } else {
      StoreRound(std::move(again), decide, orphans, std::move(then));
    }
  });
}

// True: to be decided again.
bool ControllerCore::StateWritten(const TopicPartition& tp, const Change& change, ZkWriteResult& result,
                                  std::set<TopicPartition>& orphans) {
  if (result.error == ZkError::kOk) {
    Stored(tp, change, PartitionEpoch(change.create ? 0 : result.results.back().stat.version));
    return false;
  }
  const bool conflict = result.error == ZkError::kBadVersion || result.error == ZkError::kNodeExists;
  if (conflict && result.found_error == ZkError::kOk) {
    AdoptState(tp, result.found, result.found_stat);
    // A state that nobody here knew of: its replicas have not been told yet.
    if (change.create) plan_.AddLeaderAndIsr(change.tell_new, tp, false);
    return true;
  }
  if (result.error == ZkError::kNoNode && change.create && orphans.insert(tp).second) return true;
  Say(Note::Level::kError, "storing the state of " + tp.ToString() + ": " + std::string(ToString(result.error)),
      "state_write_failures");
  return false;
}

ZkOp ControllerCore::StateOp(const TopicPartition& tp, const Change& change) const {
  const std::string path = zk::State(tp.topic, tp.partition);
  if (change.create) return ZkOp::Create(path, zk::Encode(change.next));
  const Partition* partition = state_.Find(tp);
  OTTLA_CHECK(partition != nullptr && partition->state) << tp;
  return ZkOp::Set(path, zk::Encode(change.next), partition->state->partition_epoch.value);
}

// What stands above new states, in Kafka's order: /brokers/topics/T/partitions (of topics none of whose partitions has
// a state yet), then /P of each; the states come behind them.
std::vector<ZkWrite> ControllerCore::Directories(const Changes& changes) const {
  std::vector<ZkWrite> writes;
  std::set<std::string> seen;
  for (const auto& [tp, change] : changes) {
    if (!change.create || !seen.insert(tp.topic).second) continue;
    const auto topic = state_.topics.find(tp.topic);
    const bool known =
        topic != state_.topics.end() &&
        std::ranges::any_of(topic->second.partitions, [](const auto& entry) { return entry.second.state.has_value(); });
    if (!known) writes.push_back({{ZkOp::Create(zk::Partitions(tp.topic), std::nullopt)}, ""});
  }
  for (const auto& [tp, change] : changes) {
    if (change.create) writes.push_back({{ZkOp::Create(zk::Partition(tp.topic, tp.partition), std::nullopt)}, ""});
  }
  return writes;
}

void ControllerCore::Stored(const TopicPartition& tp, const Change& change, PartitionEpoch epoch) {
  Partition* partition = state_.Find(tp);
  OTTLA_CHECK(partition != nullptr) << tp;
  touched_.push_back(tp);
  partition->state = LeaderAndIsr{change.next, epoch};
  UpdateStatus(*partition);
  if (!state_.Deleting(tp.topic)) plan_.AddMetadata(tp);  // of a topic that goes everybody has heard the last word
  if (!change.tell.empty()) plan_.AddLeaderAndIsr(change.tell, tp, false);
  if (!change.tell_new.empty()) plan_.AddLeaderAndIsr(change.tell_new, tp, true);
}

// What another writer stored becomes what is known; a state that cannot be believed sets the partition aside.
void ControllerCore::AdoptState(const TopicPartition& tp, const ZkData& data, const ZkStat& stat) {
  Partition* partition = state_.Find(tp);
  OTTLA_CHECK(partition != nullptr) << tp;
  touched_.push_back(tp);
  Result<zk::PartitionStateData> decoded = zk::DecodeState(data);
  if (decoded.ok()) DropForeign(tp, partition->assignment, *decoded);
  partition->set_aside = decoded.ok() ? Contradiction(partition->assignment, &*decoded) : decoded.status().ToString();
  if (!partition->usable()) {
    Say(Note::Level::kError, tp.ToString() + " is set aside: " + partition->set_aside, "partitions_set_aside");
    return;
  }
  partition->state = LeaderAndIsr{std::move(*decoded), PartitionEpoch(stat.version)};
  UpdateStatus(*partition);
}

// A cancelled move, or an edit by hand, that was cut off between topic and state: those that are no replicas any more
// are out of sync, if the leader is not one of them.
void ControllerCore::DropForeign(const TopicPartition& tp, const zk::PartitionReplicas& assignment,
                                 zk::PartitionStateData& state) {
  std::vector<BrokerId> kept;
  std::ranges::copy_if(state.isr, std::back_inserter(kept),
                       [&](BrokerId id) { return Contains(assignment.replicas, id); });
  const bool led = state.leader == kNoBroker || Contains(kept, state.leader);
  if (kept.size() == state.isr.size() || kept.empty() || !led) return;
  Say(Note::Level::kWarning, tp.ToString() + ": the ISR " + ToText(state.isr) + " has members that are no replicas");
  state.isr = std::move(kept);
}

void ControllerCore::UpdateStatus(Partition& partition) {
  if (!partition.state) return;
  const bool led = partition.has_leader() && state_.Registered(partition.state->data.leader) &&
                   !partition.failed_dirs.contains(partition.state->data.leader);
  partition.MoveTo(led ? PartitionStatus::kOnline : PartitionStatus::kOffline);
}

void ControllerCore::Finish() {
  CompleteMoves([this] {
    ResumeDeletions([this] {
      Emit(plan_.Take(state_, epoch_, options_.listener));
      unclean_topics_.clear();
      caller_.reset();
    });
  });
}

void ControllerCore::Say(Note::Level level, std::string text, std::string counter) {
  effects_.emplace_back(Note{level, std::move(text), std::move(counter)});
}

void ControllerCore::Emit(Effects effects) { std::ranges::move(effects, std::back_inserter(effects_)); }

}  // namespace ottla::controller
