#include "tests/sim/kit/checkers.h"

#include <algorithm>

#include "common/base/check.h"
#include "common/record/record_batch.h"
#include "common/zk/zk_codec.h"
#include "common/zk/zk_paths.h"

namespace ottla::sim {

namespace {

bool Has(const std::vector<BrokerId>& ids, BrokerId id) { return std::find(ids.begin(), ids.end(), id) != ids.end(); }

}  // namespace

void StateChecker::Check() {
  if (zk_.zxid() == seen_zxid_) return;
  const SimZkTree::Node* topics = zk_.Read(chroot_ + zk::kBrokerTopics);
  if (topics != nullptr) {
    for (auto at = topics_.begin(); at != topics_.end();) {
      const std::string name = (at++)->first;
      if (!topics->children.contains(name)) ForgetTopic(name);
    }
    for (const std::string& topic : topics->children) CheckTopic(topic);
  }
  seen_zxid_ = zk_.zxid();
}

void StateChecker::ForgetTopic(const std::string& topic) {
  topics_.erase(topic);
  std::erase_if(leader_of_epoch_, [&](const auto& entry) { return entry.first.first.topic == topic; });
  for (auto at = known_.begin(); at != known_.end();) {
    const TopicPartition tp = at->first;
    if (tp.topic != topic) {
      ++at;
      continue;
    }
    at = known_.erase(at);
    if (intact_ != nullptr) intact_->Forget(tp);
    if (on_forgotten_) on_forgotten_(tp);
  }
}

bool StateChecker::IsStored(const TopicPartition& tp, const Uuid& topic_id) const {
  const auto found = topics_.find(tp.topic);
  return found != topics_.end() && found->second.id == topic_id;
}

bool StateChecker::IsStoredLeader(const TopicPartition& tp, int broker, LeaderEpoch epoch) const {
  const auto known = known_.find(tp);
  return known != known_.end() && known->second.leader == broker && known->second.epoch == epoch.value;
}

bool StateChecker::InStoredIsr(const TopicPartition& tp, int broker) const {
  const auto known = known_.find(tp);
  return known != known_.end() && Has(known->second.isr, BrokerId(broker));
}

void StateChecker::CheckTopic(const std::string& topic) {
  const SimZkTree::Node* node = zk_.Read(chroot_ + zk::Topic(topic));
  const auto found = topics_.find(topic);
  if (found != topics_.end() && found->second.created != node->stat.czxid) ForgetTopic(topic);
  topics_[topic].created = node->stat.czxid;
  const Result<zk::TopicAssignment> assignment = zk::DecodeTopic(node->data);
  if (!assignment.ok()) {
    if (node->stat.mzxid > seen_zxid_) history_.Violation("unreadable znode of topic " + topic);
    return;
  }
  topics_[topic].id = assignment->id;
  for (const auto& [partition, replicas] : assignment->partitions) CheckState({topic, partition}, replicas.replicas);
}

void StateChecker::CheckState(const TopicPartition& tp, const std::vector<BrokerId>& replicas) {
  const SimZkTree::Node* node = zk_.Read(chroot_ + zk::State(tp.topic, tp.partition));
  if (node == nullptr || node->stat.mzxid <= seen_zxid_) return;
  const Result<zk::PartitionStateData> state = zk::DecodeState(node->data);
  const std::string what = "stored state of " + tp.ToString() + " (" + node->data.value_or("null") + ")";
  if (!state.ok()) {
    history_.Violation(what + ": unreadable");
    return;
  }
  if (state->isr.empty()) history_.Violation(what + ": the ISR is empty");
  if (state->leader != kNoBroker && !Has(state->isr, state->leader))
    history_.Violation(what + ": leader outside the ISR");
  for (const BrokerId id : state->isr) {
    if (!Has(replicas, id)) history_.Violation(what + ": ISR outside the assignment");
  }
  const std::int32_t epoch = state->leader_epoch.value;
  Known& known = known_[tp];
  if (epoch < known.epoch) history_.Violation(what + ": leader epoch was " + std::to_string(known.epoch));
  if (state->leader != kNoBroker) {
    const auto first = leader_of_epoch_.emplace(std::pair(tp, epoch), state->leader.value).first;
    if (first->second != state->leader.value) {
      history_.Violation(what + ": epoch had leader " + std::to_string(first->second));
    }
    if (state->leader.value != known.leader) {
      ++elections_;
      if (known.epoch >= 0 && !Has(known.isr, state->leader)) {
        if (!unclean_) history_.Violation(what + ": the new leader was not in the ISR");
        history_.GiveUp(tp);
      }
    }
  }
  known = {state->leader.value, epoch, state->isr};
  VLOG(2) << what;
  if (intact_ != nullptr) intact_->Stored(tp, state->leader, state->leader_epoch, state->isr);
}

bool StateChecker::AllInSync() const {
  const SimZkTree::Node* topics = zk_.Read(chroot_ + zk::kBrokerTopics);
  if (topics == nullptr) return true;
  for (const std::string& topic : topics->children) {
    const Result<zk::TopicAssignment> assignment = zk::DecodeTopic(zk_.Read(chroot_ + zk::Topic(topic))->data);
    if (!assignment.ok()) return false;
    for (const auto& [partition, replicas] : assignment->partitions) {
      const SimZkTree::Node* node = zk_.Read(chroot_ + zk::State(topic, partition));
      if (node == nullptr) return false;
      const Result<zk::PartitionStateData> state = zk::DecodeState(node->data);
      if (!state.ok() || state->leader == kNoBroker || state->isr.size() != replicas.replicas.size()) return false;
    }
  }
  return true;
}

void LeaderChecker::Check(int broker, std::uint64_t incarnation, const ReplicaView& replica) {
  if (!replica.leader || replica.offline) return;
  const std::string what = "leader " + std::to_string(broker) + " of " + replica.tp.ToString() + " in epoch " +
                           std::to_string(replica.leader_epoch.value);
  const auto first = leader_of_.emplace(std::pair(replica.tp, replica.leader_epoch), broker).first;
  if (first->second != broker) history_.Violation(what + ": the epoch had leader " + std::to_string(first->second));
  const Offset hw = replica.high_watermark;
  if (hw < replica.log_start || hw > replica.log_end) {
    history_.Violation(what + ": high watermark " + std::to_string(hw.value) + " outside " +
                       std::to_string(replica.log_start.value) + ".." + std::to_string(replica.log_end.value));
  }
  Reign& reign = reigns_[{incarnation, replica.tp}];
  if (reign.epoch == replica.leader_epoch && hw < reign.high_watermark) {
    history_.Violation(what + ": high watermark fell from " + std::to_string(reign.high_watermark.value) + " to " +
                       std::to_string(hw.value));
  }
  reign = {replica.leader_epoch, hw};
}

void LeaderChecker::Forget(const TopicPartition& tp) {
  std::erase_if(leader_of_, [&](const auto& entry) { return entry.first.first == tp; });
  std::erase_if(reigns_, [&](const auto& entry) { return entry.first.second == tp; });
}

ReplicaChecker::Batches ReplicaChecker::Load(const Replica& replica) {
  Batches batches;
  const std::string dir = replica.view.log_dir + "/" + replica.view.tp.ToString();
  for (const std::string& name : replica.files->PeekNames(dir)) {
    if (name.size() < 4 || name.substr(name.size() - 4) != ".log") continue;
    const std::string bytes = replica.files->Peek(dir + "/" + name).value_or("");
    BatchScanner scanner(bytes);
    BatchFrame frame;
    while (scanner.Next(frame) == BatchScanner::Step::kBatch) {
      if (frame.header.last_offset >= replica.view.high_watermark) break;
      if (!CrcMatches(frame)) {
        history_.Violation("broker " + std::to_string(replica.broker) + " " + replica.view.tp.ToString() + " offset " +
                           std::to_string(frame.header.base_offset.value) + ": wrong CRC below the high watermark");
      }
      batches[frame.header.base_offset] = std::string(frame.bytes);
    }
  }
  return batches;
}

void ReplicaChecker::Check(const std::vector<Replica>& replicas) {
  std::vector<Batches> loaded;
  loaded.reserve(replicas.size());
  for (const Replica& replica : replicas) loaded.push_back(replica.view.offline ? Batches{} : Load(replica));
  for (std::size_t i = 0; i < replicas.size(); ++i) {
    for (std::size_t j = i + 1; j < replicas.size(); ++j) {
      const Offset low = std::max(replicas[i].view.log_start, replicas[j].view.log_start);
      const Offset high = std::min(replicas[i].view.high_watermark, replicas[j].view.high_watermark);
      for (auto it = loaded[i].lower_bound(low); it != loaded[i].end() && it->first < high; ++it) {
        ++batches_;
        const auto other = loaded[j].find(it->first);
        // A batch that reaches over the other's high watermark is not among its loaded ones.
        const std::int64_t last = RecordBatchView(it->second).last_offset().value;
        if (last >= high.value) continue;
        if (other != loaded[j].end() && other->second == it->second) continue;
        history_.Violation(replicas[i].view.tp.ToString() + " offset " + std::to_string(it->first.value) +
                           ": brokers " + std::to_string(replicas[i].broker) + " and " +
                           std::to_string(replicas[j].broker) +
                           (other == loaded[j].end() ? " differ: missing at the second" : " hold different bytes") +
                           " below the high watermark " + std::to_string(high.value));
        break;
      }
    }
  }
}

}  // namespace ottla::sim
