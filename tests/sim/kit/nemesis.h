// What goes wrong, drawn from the seed: processes die, machines lose power, links are cut or slow, disks are slow, full
// or broken, sessions expire. Every fault ends by itself after a while, and HealAll() ends all. Runs as events of the
// driver.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>

#include "tests/sim/env/sim_world.h"

namespace ottla::sim {

// What a fault does to the cluster beyond the simulated world.
class FaultTarget {
 public:
  virtual ~FaultTarget() = default;
  virtual int brokers() const = 0;
  virtual bool Alive(int broker) const = 0;
  virtual void Kill(int broker) = 0;
  virtual void LosePower(int broker) = 0;
  virtual void Restart(int broker) = 0;
  virtual void BeginStop(int broker) = 0;  // orderly; the process ends by itself, or not
  virtual bool Stopping(int broker) const = 0;
  virtual bool AllInSync() const = 0;
  virtual int controller() const = 0;  // the node; -1: none
  // Some log dir of the process has failed: it stays so until the process is started anew.
  virtual bool HasFailedDir(int broker) const = 0;
  virtual std::string LogDir(int broker, std::size_t disk) const = 0;
};

// Chances per second of virtual time, for the whole cluster.
struct FaultRates {
  double rough = 1;  // all of these times so much
  double kill = 0.02;
  double lose_power = 0.015;  // struck only in a quiet moment, unless `overlap`; see nemesis.cc
  double break_sync = 0.01;
  bool overlap = false;            // power fails at any time
  double lose_power_many = 0.004;  // with `overlap`: on several machines at once
  double pause = 0.02;
  double stop = 0.01;
  double cut_link = 0.03;
  double slow_link = 0.02;
  double cut_zookeeper = 0.02;
  double cut_client = 0.02;
  double zookeeper_down = 0.01;
  double slow_disk = 0.03;
  double break_disk = 0.01;
  double fill_disk = 0.01;
  double expire_session = 0.01;
  double expire_controller = 0.01;  // in the middle of a write
  double drop_zk_connection = 0.05;
  double skew_clock = 0.01;
  // Per call, all the time.
  double zk_lost = 0.02;
  double net_reset = 0.00002;
  double net_slow = 0.001;
  double try_read_unavailable = 0.05;
};

class Nemesis {
 public:
  // Nodes [0, brokers) are brokers; clients live on the nodes after them.
  Nemesis(SimWorld& world, FaultTarget& target, const FaultRates& rates);
  ~Nemesis();
  Nemesis(const Nemesis&) = delete;
  Nemesis& operator=(const Nemesis&) = delete;

  void Start();
  void HealAll();  // ends all faults, restarts what is down, and starts no more
  const std::map<std::string, std::uint64_t>& fired() const { return fired_; }
  // Whether the broker has been undisturbed (alive, running, reachable, disk at its usual speed) for so long.
  bool UndisturbedFor(int broker, Micros time) const;
  void Disturb(int broker) { disturbed_[broker] = world_.now(); }  // by somebody else's hand

  // False: the machine is to stay as it is (its disk has lost writes) until its power is cut.
  bool MayRestart(int broker) const { return broker != sync_victim_; }

 private:
  void Tick();
  void TickPower();
  void TickDeadly();
  void TickHarmless();
  bool Quiet() const;
  bool Wanted(double per_second, const char* name);  // to be struck and counted later
  bool Roll(double per_second, const char* name);    // counted
  int AnyBroker();
  void For(Micros low, Micros high, Task undo);
  void RestartLater(int victim);
  void Kill(int victim, bool power);
  void Stop();
  void Pause();
  void CutBetween(int a, int b);
  void SlowBetween(int a, int b);
  void SlowDisk();
  void BreakDisk();
  void FillDisk();
  void BreakSync(int victim);
  void StopZooKeeper();
  FileFaults& FaultsOf(int broker) { return world_.node(broker).files().faults(); }
  void RepairDisk(int broker);

  SimWorld& world_;
  FaultTarget& target_;
  const FaultRates rates_;
  Random random_;
  bool running_ = false;
  std::uint64_t round_ = 0;  // HealAll() voids undos of earlier rounds
  // Lost power: wanted (no new faults that make brokers look dead, until all is quiet), then recovering (the same,
  // until the machine is back in sync).
  enum class Power { kFine, kWanted, kRecovering } power_ = Power::kFine;
  bool want_sync_ = false;  // not power is to fail but fsync
  int sync_victim_ = -1;    // its disk has lost writes, its power will fail
  std::map<int, MonoTime> disturbed_;
  std::map<std::string, std::uint64_t> fired_;
  SimScheduler::EventId tick_;
};

}  // namespace ottla::sim
