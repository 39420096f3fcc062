// What the checkers are shown of a simulated cluster, and when.
#include <utility>

#include "common/zk/zk_paths.h"
#include "tests/sim/cluster/sim_cluster.h"

namespace ottla::sim {

namespace {

constexpr Micros kReplicaCheckEvery{20'000'000};
constexpr Micros kPresentAfter{8'000'000};  // longer than a session lives, and its end takes to be dealt with
constexpr std::int64_t kZooKeeperBegan = 1'731'000'000'000;  // its clock in ms when virtual time is 0

}  // namespace

// There for all the controller knows: whatever else happens to a broker, its session lives and no log dir has failed. A
// younger session may have followed one whose end the controller is still dealing with.
bool SimCluster::Present(int broker) const {
  const SimZkTree::Node* node = Registration(broker);
  if (node == nullptr || !Alive(broker) || Stopping(broker) || HasFailedDir(broker)) return false;
  return Millis(kZooKeeperBegan + ToMillis(world_.now()) - node->stat.ctime_ms) > kPresentAfter;
}

const SimZkTree::Node* SimCluster::Registration(int broker) const {
  const std::string path = kSimChroot + std::string(zk::kBrokerIds) + "/" + std::to_string(broker + 1);
  return const_cast<SimWorld&>(world_).zk().Read(path);  // NOLINT: only reads
}

BrokerEpoch SimCluster::EpochOf(int broker) const {
  const SimZkTree::Node* node = Registration(broker);
  return BrokerEpoch(node == nullptr ? -1 : node->stat.czxid);
}

void SimCluster::AfterEvent() {
  ++events_;
  state_.Check();
  CheckChanged();
  if (world_.now() - replicas_checked_ < kReplicaCheckEvery) return;
  replicas_checked_ = world_.now();
  CheckReplicas();
}

// Only a task of the loop that owns a replica can have changed it.
void SimCluster::CheckChanged() {
  const SimExecutor* const ran = world_.scheduler().last_ran();
  if (ran == nullptr || ran->node() >= options_.brokers) return;
  const Slot& slot = slots_[static_cast<std::size_t>(ran->node())];
  const std::optional<std::size_t> loop = ran->data_loop();
  if (slot.process == nullptr || !loop.has_value()) return;
  slot.process->ForEachReplicaOf(*loop, [&](const ReplicaView& replica) { CheckOne(ran->node(), replica); });
}

void SimCluster::CheckOne(int broker, const ReplicaView& replica) {
  if (!state_.IsStored(replica.tp, replica.topic_id)) return;
  const std::uint64_t incarnation = slots_[static_cast<std::size_t>(broker)].incarnation;
  leaders_.Check(broker + 1, incarnation, replica);
  if (Trusted(broker, replica)) {
    const bool says = !history_.forgiven(replica.tp) ||
                      (replica.leader && state_.IsStoredLeader(replica.tp, broker + 1, replica.leader_epoch));
    committed_.Check(broker + 1, incarnation, world_.node(broker).files(), replica, says);
  } else {
    committed_.Skip(broker + 1, replica.tp);
  }
}

// Once promises were taken back, a replica outside the ISR may hold what was lost elsewhere, until it has cut it off.
bool SimCluster::Trusted(int broker, const ReplicaView& replica) const {
  return !history_.forgiven(replica.tp) || state_.InStoredIsr(replica.tp, broker + 1);
}

void SimCluster::CheckReplicas() {
  std::map<TopicPartition, std::vector<ReplicaChecker::Replica>> all;
  for (int i = 0; i < options_.brokers; ++i) {
    const Slot& slot = slots_[static_cast<std::size_t>(i)];
    if (slot.process == nullptr) continue;
    slot.process->ForEachReplica([&](const ReplicaView& replica) {
      if (!state_.IsStored(replica.tp, replica.topic_id) || !Trusted(i, replica)) return;
      all[replica.tp].push_back({i + 1, &world_.node(i).files(), replica});
    });
  }
  for (const auto& entry : all) replicas_.Check(entry.second);
}

}  // namespace ottla::sim
