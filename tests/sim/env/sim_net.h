// Network of simulated machines: TCP as a program sees it. Bytes arrive in order, late, in pieces of any size, or not
// at all; a writer is held back by a bounded socket buffer; a cut link holds bytes until it heals or the connection
// breaks; a killed process resets its connections; a machine without power just falls silent, and resets what still
// reaches its old connections once it is back.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "common/net/network.h"
#include "tests/sim/env/sim_scheduler.h"

namespace ottla::sim {

struct SimConnection;
struct SimListenerState;

struct NetFaults {
  Micros latency_low{40};
  Micros latency_high{400};
  double slow = 0;          // chance that a piece takes up to a hundred times longer
  double reset = 0;         // chance per piece that the connection breaks instead
  double short_read = 0.2;  // a Read() gives fewer bytes than there are
  double short_write = 0.1;
  std::size_t socket_buffer = 128 * 1024;
};

class SimNet {
 public:
  explicit SimNet(SimScheduler& scheduler) : scheduler_(scheduler) {}
  ~SimNet();
  SimNet(const SimNet&) = delete;
  SimNet& operator=(const SimNet&) = delete;

  // `host` resolves to the node; so does its address, which peers see.
  void AddHost(int node, const std::string& host);
  std::string AddressOf(int node) const;

  // The network as one process on `node` uses it.
  std::unique_ptr<Network> NewProcess(int node);
  // The kernel's part of a process's end: listeners close, connections are reset (or, without power, fall silent).
  void EndProcess(int node, bool power_lost);
  void SetPowered(int node, bool powered);

  // One direction.
  void Cut(int from, int to) { cut_.insert({from, to}); }
  void Heal(int from, int to);
  void HealAll();  // cuts and slowness
  // One direction: every piece takes up to this much longer. 0: as usual.
  void SetSlow(int from, int to, Micros most);
  bool Reachable(int from, int to) const;
  bool BothWays(int a, int b) const { return Reachable(a, b) && Reachable(b, a); }

  NetFaults& faults() { return faults_; }
  const std::map<std::string, std::uint64_t>& fired() const { return fired_; }

 private:
  friend class SimNetwork;
  friend class SimStream;
  friend class SimListener;
  using ConnectionPtr = std::shared_ptr<SimConnection>;

  Result<std::unique_ptr<Listener>> Listen(int node, Executor& executor, const Endpoint& at,
                                           Network::AcceptCallback on_accept);
  std::unique_ptr<Stream> Connect(int node, Executor& executor, const Endpoint& to, Stream::Handler* handler);
  void ConnectArrives(const ConnectionPtr& connection, int target);
  void FinishConnect(const ConnectionPtr& connection, Micros delay, const Status& status);
  int Resolve(int node, const std::string& host) const;  // -2: unknown
  bool Fires(double chance, const char* name);
  Micros Latency();
  Micros LatencyOf(int from, int to);

  // Side 0 connected, side 1 accepted. `from` is the sender.
  void Send(const ConnectionPtr& connection, int from, std::string bytes, bool fin);
  void Arrive(const ConnectionPtr& connection, int from);
  void DeliverDue(const ConnectionPtr& connection, int from);
  void Retransmit(const ConnectionPtr& connection, int from);
  void CloseSide(const ConnectionPtr& connection, int side);
  void Break(const ConnectionPtr& connection, int side, Micros delay);
  void NotifyReadable(const ConnectionPtr& connection, int side);
  void NotifyWritable(const ConnectionPtr& connection, int side);
  std::size_t Window(const SimConnection& connection, int from) const;
  void Forget();

  SimScheduler& scheduler_;
  NetFaults faults_;
  std::map<std::string, int> hosts_;
  std::set<int> unpowered_;
  std::set<std::pair<int, int>> cut_;
  std::map<std::pair<int, int>, Micros> slow_;
  std::map<std::pair<int, std::uint16_t>, std::shared_ptr<SimListenerState>> listeners_;
  std::vector<ConnectionPtr> connections_;
  std::uint16_t next_port_ = 30000;
  std::map<std::string, std::uint64_t> fired_;
};

}  // namespace ottla::sim
