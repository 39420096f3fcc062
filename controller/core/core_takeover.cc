// ControllerCore: becoming the controller, and ceasing to be.
#include <algorithm>
#include <utility>

#include "common/zk/zk_paths.h"
#include "controller/core/controller_core.h"

namespace ottla::controller {

// Order: every broker first hears of all live brokers (a broker drops a become-follower whose leader it does not know),
// then states are put right, then everybody is told everything.
void ControllerCore::Handle(BecameController& event) {
  OTTLA_CHECK(!active_);
  active_ = true;
  epoch_ = event.epoch;
  unclean_default_ = unclean_default_ || options_.unclean_default;
  LoadBrokers(event.brokers);
  for (const auto& [id, broker] : state_.brokers) effects_.emplace_back(OpenChannel{broker});
  Emit(MetadataTo(state_, epoch_, state_.RegisteredIds(), {}));

  LoadTopics(event);
  for (const std::string& name : event.delete_topics) QueueDeletion(name, true);
  std::vector<ZkWrite> repairs;
  for (const TopicNode& node : event.topics) {
    Topic* topic = state_.FindTopic(node.name);
    if (topic == nullptr || !topic->set_aside.empty() || !topic->id.IsZero()) continue;
    SetTopicId(node.name, *topic, NewTopicId());
    repairs.push_back({{ZkOp::Set(zk::Topic(node.name), zk::Encode(AssignmentOf(node.name)), node.stat.version)}, ""});
  }
  std::vector<ZkWrite> stale;
  for (const std::string& name : event.delete_topics) {
    if (state_.Deleting(name)) continue;
    stale.push_back({{ZkOp::Delete(zk::DeleteTopic(name), -1)}, ""});
  }
  std::ranges::move(stale, std::back_inserter(repairs));
  const Reborn reborn = RebornSinceStored(event);
  RepairTopics(std::move(repairs), [this, reborn, preferred = event.preferred_election, moves = event.reassignment] {
    ReconsiderAll(AllPartitions(), reborn, [this, preferred, moves] {
      AnnounceAfterTakeover();
      const auto elect = [this, preferred] {
        if (preferred) {
          PreferredFromZk(*preferred, [this] { Finish(); });
        } else {
          Finish();
        }
      };
      if (moves) {
        MovesFromZk(*moves, elect);
      } else {
        elect();
      }
    });
  });
}

void ControllerCore::LoadBrokers(const std::vector<BrokerNode>& nodes) { state_.brokers = ParseBrokers(nodes); }

void ControllerCore::LoadTopics(BecameController& event) {
  std::vector<ZkWrite> repairs;  // ids are given by the caller, once deletions are known
  for (TopicNode& node : event.topics) {
    Result<zk::TopicAssignment> decoded = DecodeTopic(node);
    Topic& topic = state_.topics[node.name];
    if (!decoded.ok()) {
      topic.set_aside = decoded.status().ToString();
      Say(Note::Level::kError, "topic " + node.name + " is set aside: " + topic.set_aside, "topics_set_aside");
      continue;
    }
    if (decoded->id) SetTopicId(node.name, topic, *decoded->id);
    for (auto& [number, assignment] : decoded->partitions) {
      const TopicPartition tp{node.name, number};
      Partition& partition = topic.partitions[number];
      partition.assignment = std::move(assignment);
      if (partition.reassigning()) moving_.insert(tp);
      partition.set_aside = Contradiction(partition.assignment, nullptr);
      const auto stored = event.states.find(tp);
      if (!partition.usable()) {
        Say(Note::Level::kError, tp.ToString() + " is set aside: " + partition.set_aside, "partitions_set_aside");
      } else if (stored != event.states.end()) {
        AdoptState(tp, stored->second.data, stored->second.stat);
      }
    }
  }
}

// A registration newer than the state it stands in was never looked at by any controller: that broker may have lost an
// unsynced tail when its earlier incarnation died.
ControllerCore::Reborn ControllerCore::RebornSinceStored(const BecameController& event) const {
  auto stored_at = std::make_shared<std::map<TopicPartition, std::int64_t>>();
  for (const auto& [tp, node] : event.states) (*stored_at)[tp] = node.stat.mzxid;
  return [this, stored_at](const TopicPartition& tp, BrokerId id) {
    const auto at = stored_at->find(tp);
    const auto broker = state_.brokers.find(id);
    if (at == stored_at->end() || broker == state_.brokers.end()) return false;
    const Partition* partition = state_.Find(tp);
    const bool follower_or_leader =
        partition != nullptr && partition->state && Contains(partition->state->data.isr, id);
    return follower_or_leader && broker->second.epoch.value > at->second;
  };
}

void ControllerCore::AnnounceAfterTakeover() {
  for (const TopicPartition& tp : AllPartitions()) {
    const Partition* partition = state_.Find(tp);
    if (partition->state && partition->usable()) plan_.AddLeaderAndIsr(Recipients(*partition), tp, false);
  }
}

void ControllerCore::Handle(Resigned&) {
  if (caller_) effects_.emplace_back(Reply{caller_->first, NotActiveAnswer(caller_->second)});
  for (const auto& [id, broker] : state_.brokers) effects_.emplace_back(CloseChannel{id});
  active_ = false;
  on_zk_ = nullptr;
  caller_.reset();
  plan_ = RequestPlan();
  state_ = ClusterState();
  unclean_topics_.clear();
  moving_.clear();
  zk_moves_.clear();
  zk_moves_asked_ = false;
  zk_moves_dropped_ = false;
  deleting_.clear();
  touched_.clear();
}

}  // namespace ottla::controller
