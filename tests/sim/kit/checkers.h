// One class per promise of the cluster. They look at ZooKeeper, at replicas and at disks from outside and say nothing
// as long as all is well. Who says "sorry, never again" after a violation is the History that collects them.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "tests/sim/env/sim_files.h"
#include "tests/sim/env/sim_zk.h"
#include "tests/sim/kit/history.h"
#include "tests/sim/kit/replica_view.h"

namespace ottla::sim {

// What the controller stores: a leader is in its ISR, the ISR within the assignment and never empty, leader epochs only
// grow, one leader per epoch, and a new leader comes out of the ISR that was stored before (no unclean election).
// Ask after every event; it looks only when ZooKeeper has changed.
class StateChecker {
 public:
  StateChecker(const SimZk& zk, std::string chroot, History& history)
      : zk_(zk), chroot_(std::move(chroot)), history_(history) {}
  void Check();
  void AllowUnclean() { unclean_ = true; }
  // Called with the name of a topic that was deleted and made again: what was known of it is of another topic.
  void set_on_reborn(std::function<void(const std::string&)> on_reborn) { on_reborn_ = std::move(on_reborn); }
  // Every partition of the cluster has a leader and all its assigned replicas in the ISR.
  bool AllInSync() const;
  std::uint64_t elections() const { return elections_; }

 private:
  struct Known {
    std::int32_t leader = -1;
    std::int32_t epoch = -1;
    std::vector<BrokerId> isr;
  };
  void CheckTopic(const std::string& topic);
  void NoteBirth(const std::string& topic, std::int64_t czxid);
  void CheckState(const TopicPartition& tp, const std::vector<BrokerId>& replicas);

  const SimZk& zk_;
  const std::string chroot_;
  History& history_;
  std::int64_t seen_zxid_ = 0;
  std::map<std::string, std::int64_t> born_;  // czxid of the topic's znode
  std::function<void(const std::string&)> on_reborn_;
  std::map<TopicPartition, Known> known_;
  std::map<std::pair<TopicPartition, std::int32_t>, std::int32_t> leader_of_epoch_;
  bool unclean_ = false;
  std::uint64_t elections_ = 0;
};

// What replicas say of themselves: one leader per epoch; on one leader the high watermark never falls and lies between
// log start and log end.
class LeaderChecker {
 public:
  explicit LeaderChecker(History& history) : history_(history) {}
  // `incarnation` tells the processes of one broker apart.
  void Check(int broker, std::uint64_t incarnation, const ReplicaView& replica);
  void Forget(const std::string& topic);

 private:
  History& history_;
  std::map<std::pair<TopicPartition, LeaderEpoch>, int> leader_of_;
  struct Reign {
    LeaderEpoch epoch = kNoLeaderEpoch;
    Offset high_watermark;
  };
  std::map<std::pair<std::uint64_t, TopicPartition>, Reign> reigns_;
};

// Replicas agree byte for byte below the high watermark. Reads the disks past any fault.
class ReplicaChecker {
 public:
  struct Replica {
    int broker = 0;
    const SimFiles* files = nullptr;
    ReplicaView view;
  };
  explicit ReplicaChecker(History& history) : history_(history) {}
  // All replicas of one partition.
  void Check(const std::vector<Replica>& replicas);
  std::uint64_t batches() const { return batches_; }  // compared so far

 private:
  using Batches = std::map<Offset, std::string>;  // by base offset
  Batches Load(const Replica& replica);

  History& history_;
  std::uint64_t batches_ = 0;
};

}  // namespace ottla::sim
