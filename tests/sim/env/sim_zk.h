// A ZooKeeper shared by the simulated machines: one tree, sessions that end when nobody is heard, watches, and clients
// that lose their connection with a write done or not done. One thread; server and clients meet only through events.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "common/zk/zk_client.h"
#include "tests/sim/env/sim_net.h"
#include "tests/sim/env/sim_scheduler.h"
#include "tests/sim/env/sim_zk_tree.h"

namespace ottla::sim {

struct SimZkLink;  // one client and the server's view of it
struct SimZkRequest;

struct ZkFaults {
  double lost_before = 0;  // chance per request: the connection is lost and the request was never seen
  double lost_after = 0;   // ... and the request was carried out
  Micros latency_low{200};
  Micros latency_high{3000};
};

struct SimZkClientOptions {
  std::string chroot;  // "/a/b" or empty
  Millis session_timeout{18000};
  // What the broker's keeper process does: the session of a killed process is closed a few ms later.
  bool keeper = false;
};

class SimZk {
 public:
  // `self` is ZooKeeper's own place in the network, for cutting links to it.
  SimZk(SimScheduler& scheduler, SimNet& net, int self);
  ~SimZk();
  SimZk(const SimZk&) = delete;
  SimZk& operator=(const SimZk&) = delete;

  // One client of a process on `node`; owner: `control`. It must be destroyed before this.
  std::unique_ptr<ZkClient> NewClient(int node, Executor& control, const SimZkClientOptions& options);
  void EndProcess(int node, bool power_lost);
  void SetPaused(int node, bool paused);

  // Faults by hand.
  void ExpireSessions(int node);
  void DropConnections(int node);
  // The next write of this node's process is done, but before it is answered its session expires.
  void ExpireAtNextWrite(int node) { expire_at_write_ = node; }
  // The ensemble has no leader: nothing is served and no session ends; afterwards every session lives a full timeout.
  void SetDown(bool down);
  ZkFaults& faults() { return faults_; }
  const std::map<std::string, std::uint64_t>& fired() const { return fired_; }

  // A person with a shell: at once, past any network; watches fire.
  ZkError Operate(const std::vector<ZkOp>& ops, std::vector<ZkOpResult>* results = nullptr);
  ZkError CreateWithParents(const std::string& path, const ZkData& data);
  const SimZkTree::Node* Read(const std::string& path) const { return tree_.Find(path); }
  std::int64_t zxid() const { return tree_.zxid(); }  // grows with every change
  // Hears of every transaction that changed something, in order; session 0 is the person with a shell.
  using Observer = std::function<void(std::int64_t session, const std::vector<ZkOp>& ops)>;
  void Observe(Observer observer) { observer_ = std::move(observer); }
  SimZkTree& tree() { return tree_; }  // Load() before clients start
  int self() const { return self_; }
  std::size_t sessions() const { return sessions_.size(); }

 private:
  friend class SimZkClient;
  friend struct SimZkLink;
  using LinkPtr = std::shared_ptr<SimZkLink>;

  struct Session {
    std::string password;
    Millis timeout{0};
    MonoTime heard{};
    std::weak_ptr<SimZkLink> link;  // whose connection it is
  };

  bool Reaches(const SimZkLink& link) const;
  void Tick();
  void TryConnect(const LinkPtr& link);
  void ScheduleConnect(const LinkPtr& link, Micros low, Micros high);
  void Handshake(const LinkPtr& link);
  void Expire(const LinkPtr& link);
  ZkError Transact(const std::vector<ZkOp>& ops, std::int64_t session, std::vector<ZkOpResult>& results);
  void Disconnect(const LinkPtr& link);
  void RestoreWatches(const LinkPtr& link);
  void CloseSession(std::int64_t id);
  void MakeChroot(const std::string& chroot);
  void Transmit(const LinkPtr& link, std::shared_ptr<SimZkRequest> request);
  void Serve(const LinkPtr& link);
  void Reply(const LinkPtr& link, Task task, bool answers);
  void Deliver(const LinkPtr& link);
  void Fire(const std::vector<ZkWatchEvent>& events);
  bool Fires(double chance, const char* name);
  Micros Latency() { return scheduler_.Between(faults_.latency_low, faults_.latency_high); }
  std::int64_t NowMillis() const;

  SimScheduler& scheduler_;
  SimNet& net_;
  const int self_;
  SimZkTree tree_;
  ZkFaults faults_;
  std::map<std::int64_t, Session> sessions_;
  std::vector<LinkPtr> links_;
  std::set<int> paused_;
  int expire_at_write_ = kDriver;  // none
  bool down_ = false;
  std::int64_t next_session_ = 0x100000000;
  SimScheduler::EventId tick_;
  std::map<std::string, std::uint64_t> fired_;
  Observer observer_;
};

}  // namespace ottla::sim
