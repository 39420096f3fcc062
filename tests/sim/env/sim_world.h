// Machines, a network and a ZooKeeper under one scheduler: what a test builds first. A machine keeps its disk; a
// process on it is born by Boot() with fresh loops, clock, network and ZooKeeper client, and ends by Kill() or
// LosePower().
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "tests/sim/env/sim_executors.h"
#include "tests/sim/env/sim_files.h"
#include "tests/sim/env/sim_net.h"
#include "tests/sim/env/sim_scheduler.h"
#include "tests/sim/env/sim_zk.h"

namespace ottla::sim {

struct SimNodeOptions {
  std::size_t data_loops = 1;
  std::size_t log_dirs = 1;
  SimZkClientOptions zk;
};

class SimNode {
 public:
  SimNode(SimScheduler& scheduler, SimNet& net, SimZk& zk, int id, SimNodeOptions options);
  ~SimNode();
  SimNode(const SimNode&) = delete;
  SimNode& operator=(const SimNode&) = delete;

  int id() const { return id_; }
  const std::string& host() const { return host_; }  // "n<id>"
  SimFiles& files() { return files_; }
  bool alive() const { return alive_; }
  bool paused() const { return paused_; }

  // A new process. The one before has ended and its objects are gone. `data_loops` 0: as the node's options say.
  void Boot(std::size_t data_loops = 0);
  // The process ends at once. `destroy` then ends the objects that lived in it: loops, disk, network and ZooKeeper take
  // nothing from them any more. Only between tasks.
  void Kill(const std::function<void()>& destroy) { End(false, destroy); }
  void LosePower(const std::function<void()>& destroy) { End(true, destroy); }
  void SetPaused(bool paused);  // SIGSTOP: loops stand still, the kernel still takes bytes

  // Of the living process.
  SimExecutors& executors() { return *executors_; }
  SimClock& clock() { return clock_; }
  Network& network() { return *network_; }
  ZkClient& zk() { return *zk_client_; }
  Random& random() { return random_; }

 private:
  void End(bool power_lost, const std::function<void()>& destroy);

  SimScheduler& scheduler_;
  SimNet& net_;
  SimZk& zk_;
  const int id_;
  const std::string host_;
  const SimNodeOptions options_;
  SimFiles files_;
  SimClock clock_;
  Random random_;
  bool alive_ = false;
  bool paused_ = false;
  std::unique_ptr<SimExecutors> executors_;
  std::unique_ptr<Network> network_;
  std::unique_ptr<ZkClient> zk_client_;
};

class SimWorld {
 public:
  explicit SimWorld(std::uint64_t seed);
  ~SimWorld();
  SimWorld(const SimWorld&) = delete;
  SimWorld& operator=(const SimWorld&) = delete;

  // Nodes are numbered from 0 in the order added, and not yet booted.
  SimNode& AddNode(const SimNodeOptions& options = {});
  SimNode& node(int id) { return *nodes_.at(static_cast<std::size_t>(id)); }
  std::size_t nodes() const { return nodes_.size(); }

  SimScheduler& scheduler() { return scheduler_; }
  SimNet& net() { return net_; }
  SimZk& zk() { return zk_; }
  MonoTime now() const { return scheduler_.now(); }
  void RunFor(Micros duration) { scheduler_.RunFor(duration); }
  bool RunUntil(const std::function<bool()>& done, Micros limit) { return scheduler_.RunUntil(done, limit); }
  std::map<std::string, std::uint64_t> fired() const;  // all faults of all parts

 private:
  static constexpr int kZkNode = 200;
  SimScheduler scheduler_;
  SimNet net_;
  SimZk zk_;
  std::vector<std::unique_ptr<SimNode>> nodes_;
};

}  // namespace ottla::sim
