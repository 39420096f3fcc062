// One class per promise of the cluster. They look at ZooKeeper, at replicas and at disks from outside and say nothing
// as long as all is well. Who says "sorry, never again" after a violation is the History that collects them.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "common/record/record_batch.h"
#include "tests/sim/env/sim_files.h"
#include "tests/sim/env/sim_zk.h"
#include "tests/sim/kit/history.h"
#include "tests/sim/kit/replica_view.h"

namespace ottla::sim {

// Which replicas still hold everything that was acknowledged. acks=all promises that a record lives while one member of
// the ISR neither lost its power nor is taken for dead; when the last such member is gone, the history is told to
// expect no more than what comes then. One that kept its power but died meanwhile may be passed over, as nobody can
// tell it from one that did not: then a member that lost its power may be elected, and what it holds is the truth.
// Elected by mistake, as its old session lives, it never hears of it, and nothing is lost.
class IntactTracker {
 public:
  // `present`: whether the broker has been there, for all the controller knows, for longer than a session lasts.
  // `registered`: the broker epoch it is registered with; -1: it is not.
  IntactTracker(History& history, std::function<bool(int broker)> present,
                std::function<BrokerEpoch(int broker)> registered)
      : history_(history), present_(std::move(present)), registered_(std::move(registered)) {}
  // The broker's page cache is lost, and with it any subset of what was not synced.
  void PowerLost(BrokerId broker);
  void Stored(const TopicPartition& tp, BrokerId leader, LeaderEpoch epoch, const std::vector<BrokerId>& isr);
  void Forget(const TopicPartition& tp) { known_.erase(tp); }

 private:
  struct Known {
    std::vector<BrokerId> isr;
    std::map<BrokerId, BrokerEpoch> sessions;  // of the members, when the ISR was stored
    std::map<BrokerId, BrokerEpoch> lost;      // members that have lost their power since they joined, and as whom
    LeaderEpoch epoch;
    int unsettled = 0;  // leadership changes after which a leader of before may still have been believed
  };
  bool AnyIntact(const Known& known) const;
  bool Leads(const Known& known, BrokerId lost) const;
  void BlamePassedOver(const TopicPartition& tp, const Known& before);
  void Forgive(const TopicPartition& tp, Known& known);

  History& history_;
  const std::function<bool(int)> present_;
  const std::function<BrokerEpoch(int)> registered_;
  std::map<TopicPartition, Known> known_;
};

// What the controller stores: a leader is in its ISR, the ISR within the assignment and never empty, leader epochs only
// grow, one leader per epoch, and a new leader comes out of the ISR that was stored before (no unclean election).
// Ask after every event; it looks only when ZooKeeper has changed.
class StateChecker {
 public:
  StateChecker(const SimZk& zk, std::string chroot, History& history, IntactTracker* intact = nullptr)
      : zk_(zk), chroot_(std::move(chroot)), history_(history), intact_(intact) {}
  void Check();
  void AllowUnclean() { unclean_ = true; }
  // Told of a topic that is gone, or came anew under the name of one that is.
  void set_on_forgotten(std::function<void(const TopicPartition&)> told) { on_forgotten_ = std::move(told); }
  bool InStoredIsr(const TopicPartition& tp, int broker) const;
  bool IsStoredLeader(const TopicPartition& tp, int broker, LeaderEpoch epoch) const;
  // Whether a topic of this name and id is stored: not one that was deleted, or not yet seen here.
  bool IsStored(const TopicPartition& tp, const Uuid& topic_id) const;
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
  void CheckState(const TopicPartition& tp, const std::vector<BrokerId>& replicas);
  void ForgetTopic(const std::string& topic);

  const SimZk& zk_;
  const std::string chroot_;
  History& history_;
  IntactTracker* const intact_;
  std::function<void(const TopicPartition&)> on_forgotten_;
  struct Topic {
    std::int64_t created = 0;  // zxid
    std::optional<Uuid> id;
  };
  std::map<std::string, Topic> topics_;
  std::int64_t seen_zxid_ = 0;
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
  void Forget(const TopicPartition& tp);

 private:
  History& history_;
  std::map<std::pair<TopicPartition, LeaderEpoch>, int> leader_of_;
  struct Reign {
    LeaderEpoch epoch = kNoLeaderEpoch;
    Offset high_watermark;
  };
  std::map<std::pair<std::uint64_t, TopicPartition>, Reign> reigns_;
};

// What stands below the high watermark of any replica stands there in every other, for ever. Asked after each event
// about the replicas that the event may have changed; reads from their disks what is new below their high watermarks.
class CommittedChecker {
 public:
  explicit CommittedChecker(History& history) : history_(history) {}
  // `says`: what this replica takes for committed is; else only what others have said before is compared with it.
  void Check(int broker, std::uint64_t incarnation, const SimFiles& files, ReplicaView replica, bool says = true);
  // Begins anew when the history has taken promises back. The replica may hold what is not agreed on (yet); when it may
  // not any more, all of it is looked at anew.
  void Skip(int broker, const TopicPartition& tp) { copies_.erase({tp, broker}); }
  void Forget(const TopicPartition& tp);
  std::uint64_t batches() const { return batches_; }

 private:
  struct Batch {
    std::uint64_t hash = 0;
    Offset last;
  };
  struct Committed {
    History::Era era = 0;
    std::map<Offset, Batch> batches;
    Offset end{0};
  };
  struct Copy {
    std::uint64_t incarnation = 0;
    Offset checked{0};
    std::string file;  // where `checked` is to be found; empty: not known
    std::uint64_t position = 0;
  };
  // kBeyond: what comes next reaches over the high watermark.
  enum class Read { kSome, kBeyond, kNothing };
  bool FindSegment(const SimFiles& files, const std::string& dir, Copy& copy) const;
  Read ReadSome(int broker, const SimFiles& files, const ReplicaView& replica, Copy& copy);
  void Compare(int broker, const ReplicaView& replica, const BatchFrame& frame);

  History& history_;
  std::map<TopicPartition, Committed> committed_;
  std::map<std::pair<TopicPartition, int>, Copy> copies_;
  std::uint64_t batches_ = 0;
};

// Replicas agree byte for byte below the high watermark, from their start. Reads the disks past any fault; slow.
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
