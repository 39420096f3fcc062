// Collects what brokers must be told by one decision and makes at most one LeaderAndIsr, one UpdateMetadata and one
// StopReplica per broker out of it, in that order. A later entry for a partition replaces an earlier one, but isNew and
// delete stay once set. Every LeaderAndIsr entry also goes into the UpdateMetadata of all brokers. Pure.
#pragma once

#include <map>
#include <set>
#include <vector>

#include "controller/core/cluster_state.h"
#include "controller/core/effects.h"

namespace ottla::controller {

class RequestPlan {
 public:
  // LeaderAndIsr to those of `brokers` that are registered when the plan is taken.
  void AddLeaderAndIsr(const std::vector<BrokerId>& brokers, const TopicPartition& partition, bool is_new);
  // The partition as it is when the plan is taken (a topic being deleted: leader -2), to all brokers.
  void AddMetadata(const TopicPartition& partition);
  // To all, even without any partition: brokers or endpoints changed.
  void RefreshBrokers() { refresh_ = true; }
  void AddStopReplica(BrokerId broker, const TopicPartition& partition, LeaderEpoch leader_epoch, bool remove);

  // The requests, and an empty plan again. Partitions without a stored state are left out.
  Effects Take(const ClusterState& cluster, ControllerEpoch epoch, const std::string& listener);

  bool empty() const { return leader_and_isr_.empty() && metadata_.empty() && stop_.empty() && !refresh_; }

 private:
  struct Stop {
    LeaderEpoch leader_epoch;
    bool remove = false;
  };
  std::map<BrokerId, std::map<TopicPartition, bool>> leader_and_isr_;  // to is_new
  std::set<TopicPartition> metadata_;
  std::map<BrokerId, std::map<TopicPartition, Stop>> stop_;
  bool refresh_ = false;
};

// UpdateMetadata with `partitions` to `to` alone: first word to brokers that have just come.
Effects MetadataTo(const ClusterState& cluster, ControllerEpoch epoch, const std::vector<BrokerId>& to,
                   const std::vector<TopicPartition>& partitions);

}  // namespace ottla::controller
