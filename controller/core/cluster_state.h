// What the active controller knows: brokers, topics, assignments, and each partition's state as it is stored. Pure data
// with a few questions; controller_core alone changes it.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/broker_ids.h"
#include "common/base/ids.h"
#include "common/zk/zk_codec.h"

namespace ottla::controller {

struct Broker {
  BrokerId id;
  BrokerEpoch epoch;
  zk::BrokerRegistration registration;
};

// The state znode: its content and its data version, which is the partition epoch.
struct LeaderAndIsr {
  zk::PartitionStateData data;
  PartitionEpoch partition_epoch;
};

enum class PartitionStatus { kNew, kOnline, kOffline };
// New: no state is stored yet. Online: it has a leader that is registered. Offline: it has none.
bool MayMove(PartitionStatus from, PartitionStatus to);

struct Partition {
  zk::PartitionReplicas assignment;
  PartitionStatus status = PartitionStatus::kNew;
  std::optional<LeaderAndIsr> state;
  std::set<BrokerId> failed_dirs;  // replicas whose log dir is known to have failed
  // The znodes contradict each other (a hand edited them): no election and no request until they change. The reason.
  std::string set_aside;

  void MoveTo(PartitionStatus to);  // CHECKs that the move is legal
  bool usable() const { return set_aside.empty(); }
  bool has_leader() const { return state && state->data.leader != kNoBroker; }
  bool reassigning() const { return !assignment.adding.empty() || !assignment.removing.empty(); }
};

enum class ReplicaDeletion { kWaiting, kStarted, kDone, kIneligible };
bool MayMove(ReplicaDeletion from, ReplicaDeletion to);

// A topic that is to be deleted: metadata goes at once (`announced`), then every replica, at last the znodes.
struct Deletion {
  bool announced = false;
  bool ineligible = false;  // waits for a broker to return, or for a reassignment to end
  bool finishing = false;   // every replica is gone; the znodes are going
  std::map<std::pair<std::int32_t, BrokerId>, ReplicaDeletion> replicas;  // by partition and broker

  void MoveTo(std::int32_t partition, BrokerId broker, ReplicaDeletion to);  // CHECKs that the move is legal
};

struct Topic {
  Uuid id;  // zero: none
  std::map<std::int32_t, Partition> partitions;
  std::optional<Deletion> deletion;
  std::string set_aside;  // the topic znode does not parse: the reason; it then has no partitions here
};

struct ClusterState {
  std::map<BrokerId, Broker> brokers;  // all registered ones
  std::set<BrokerId> shutting_down;    // registered, and asked for controlled shutdown
  std::map<std::string, Topic> topics;
  std::map<Uuid, std::string> topic_by_id;

  bool Registered(BrokerId id) const { return brokers.contains(id); }
  bool Live(BrokerId id) const { return Registered(id) && !shutting_down.contains(id); }
  // The broker is live and the replica's log dir is not known to have failed.
  bool ReplicaOnline(const Partition& partition, BrokerId id) const {
    return Live(id) && !partition.failed_dirs.contains(id);
  }
  Partition* Find(const TopicPartition& tp);
  const Partition* Find(const TopicPartition& tp) const;
  Topic* FindTopic(const std::string& name);
  std::vector<BrokerId> RegisteredIds() const;
  bool Deleting(const std::string& topic) const;
};

// Why these two znodes cannot be believed together; empty: they can.
std::string Contradiction(const zk::PartitionReplicas& assignment, const zk::PartitionStateData* state);

std::vector<BrokerId> Without(const std::vector<BrokerId>& ids, BrokerId id);
std::string ToText(const std::vector<BrokerId>& ids);  // "1,2,3"

}  // namespace ottla::controller
