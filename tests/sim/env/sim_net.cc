#include "tests/sim/env/sim_net.h"

#include <algorithm>

#include "tests/sim/env/sim_connection.h"

namespace ottla::sim {

namespace {

constexpr int kUnknownHost = -2;
constexpr Micros kBreakLow{5'000'000};  // a stalled connection is given up after this long
constexpr Micros kBreakHigh{20'000'000};
constexpr Micros kConnectTimeoutLow{1'000'000};
constexpr Micros kConnectTimeoutHigh{10'000'000};

}  // namespace

SimNet::~SimNet() {
  for (const ConnectionPtr& connection : connections_) {
    for (SimSide& side : connection->side) side.handler = nullptr;
  }
}

void SimNet::AddHost(int node, const std::string& host) {
  hosts_[host] = node;
  hosts_[AddressOf(node)] = node;
}

std::string SimNet::AddressOf(int node) const { return "10.0.0." + std::to_string(node + 1); }

std::unique_ptr<Network> SimNet::NewProcess(int node) { return std::make_unique<SimNetwork>(*this, node); }

int SimNet::Resolve(int node, const std::string& host) const {
  if (host.empty() || host == "localhost" || host == "127.0.0.1" || host == "0.0.0.0") return node;
  const auto found = hosts_.find(host);
  return found == hosts_.end() ? kUnknownHost : found->second;
}

bool SimNet::Fires(double chance, const char* name) {
  if (chance <= 0 || !scheduler_.random().Chance(chance)) return false;
  ++fired_[name];
  return true;
}

Micros SimNet::Latency() {
  const Micros base = scheduler_.Between(faults_.latency_low, faults_.latency_high);
  return Fires(faults_.slow, "net.slow") ? base * static_cast<std::int64_t>(1 + scheduler_.random().Below(100)) : base;
}

Micros SimNet::LatencyOf(int from, int to) {
  const auto slow = slow_.find({from, to});
  return slow == slow_.end() ? Latency() : Latency() + scheduler_.Between(Micros(0), slow->second);
}

void SimNet::SetSlow(int from, int to, Micros most) {
  if (most > Micros(0)) {
    slow_[{from, to}] = most;
  } else {
    slow_.erase({from, to});
  }
}

bool SimNet::Reachable(int from, int to) const {
  if (unpowered_.contains(from) || unpowered_.contains(to)) return false;
  return from == to || !cut_.contains({from, to});
}

Result<std::unique_ptr<Listener>> SimNet::Listen(int node, Executor& executor, const Endpoint& at,
                                                 Network::AcceptCallback on_accept) {
  auto state = std::make_shared<SimListenerState>();
  state->node = node;
  state->port = at.port != 0 ? at.port : next_port_++;
  state->executor = &executor;
  state->on_accept = std::move(on_accept);
  if (!listeners_.emplace(std::pair(node, state->port), state).second) {
    return Status(StatusCode::kAlreadyExists, at.ToString() + ": address in use");
  }
  return std::unique_ptr<Listener>(std::make_unique<SimListener>(*this, std::move(state)));
}

std::unique_ptr<Stream> SimNet::Connect(int node, Executor& executor, const Endpoint& to, Stream::Handler* handler) {
  executor.CheckOnLoop();
  auto connection = std::make_shared<SimConnection>();
  connections_.push_back(connection);
  SimSide& own = connection->side[0];
  own.node = node;
  own.local = {AddressOf(node), next_port_++};
  if (next_port_ < 30000) next_port_ = 30000;
  own.executor = &executor;
  own.handler = handler;
  const int target = Resolve(node, to.host);
  SimSide& other = connection->side[1];
  other.node = target;
  other.local = {target == kUnknownHost ? to.host : AddressOf(target), to.port};
  other.open = false;  // until a listener takes it
  if (target == kUnknownHost) {
    FinishConnect(connection, Latency(), {StatusCode::kUnavailable, to.host + ": unknown host"});
  } else {
    scheduler_.After(Latency(), [this, connection, target] { ConnectArrives(connection, target); });
  }
  return std::make_unique<SimStream>(*this, std::move(connection), 0);
}

void SimNet::ConnectArrives(const ConnectionPtr& connection, int target) {
  SimSide& own = connection->side[0];
  SimSide& other = connection->side[1];
  if (!own.open) return;
  if (!BothWays(own.node, target)) {
    ++fired_["net.connect_timeout"];
    FinishConnect(connection, scheduler_.Between(kConnectTimeoutLow, kConnectTimeoutHigh),
                  {StatusCode::kTimeout, other.local.ToString() + ": no answer"});
    return;
  }
  const auto found = listeners_.find({target, other.local.port});
  if (found == listeners_.end()) {
    ++fired_["net.refused"];
    FinishConnect(connection, Latency(), {StatusCode::kUnavailable, other.local.ToString() + ": connection refused"});
    return;
  }
  other.open = true;
  other.connected = true;
  const std::shared_ptr<SimListenerState> listener = found->second;
  listener->executor->Post([this, connection, listener] {
    auto stream = std::make_unique<SimStream>(*this, connection, 1);
    if (listener->open && connection->side[1].open) listener->on_accept(std::move(stream));
  });
  FinishConnect(connection, Latency(), {});
}

void SimNet::FinishConnect(const ConnectionPtr& connection, Micros delay, const Status& status) {
  scheduler_.After(delay, [this, connection, status] {
    SimSide& own = connection->side[0];
    if (!own.open || own.handler == nullptr) return;
    own.executor->Post([this, connection, status] {
      SimSide& side = connection->side[0];
      if (!side.open || side.handler == nullptr) return;
      side.connected = status.ok();
      side.broken = side.broken || !status.ok();
      side.handler->OnConnected(status);
      NotifyReadable(connection, 0);
      NotifyWritable(connection, 0);
    });
  });
}

std::size_t SimNet::Window(const SimConnection& connection, int from) const {
  const std::size_t used = connection.side[from].flight_bytes + connection.side[1 - from].unread();
  return used >= faults_.socket_buffer ? 0 : faults_.socket_buffer - used;
}

void SimNet::Send(const ConnectionPtr& connection, int from, std::string bytes, bool fin) {
  SimSide& sender = connection->side[from];
  sender.flight_bytes += bytes.size();
  sender.flight.push_back({std::move(bytes), fin});
  const Micros latency = LatencyOf(sender.node, connection->side[1 - from].node);
  sender.last_arrival = std::max(sender.last_arrival + Micros(1), scheduler_.now() + latency);
  scheduler_.At(sender.last_arrival, [this, connection, from] { Arrive(connection, from); });
}

void SimNet::Arrive(const ConnectionPtr& connection, int from) {
  SimSide& sender = connection->side[from];
  ++sender.due;
  if (!sender.flight.empty() && Fires(faults_.reset, "net.reset")) {
    Break(connection, from, Micros(0));
    Break(connection, 1 - from, Micros(0));
    return;
  }
  if (Reachable(sender.node, connection->side[1 - from].node)) {
    DeliverDue(connection, from);
    return;
  }
  if (sender.stalled) return;
  sender.stalled = true;
  ++fired_["net.stalled"];
  scheduler_.After(scheduler_.Between(kBreakLow, kBreakHigh), [this, connection, from] {
    if (!connection->side[from].stalled) return;
    ++fired_["net.broken"];
    Break(connection, from, Micros(0));
    Break(connection, 1 - from, scheduler_.Between(Micros(0), kBreakLow));
  });
}

void SimNet::DeliverDue(const ConnectionPtr& connection, int from) {
  SimSide& sender = connection->side[from];
  SimSide& receiver = connection->side[1 - from];
  sender.stalled = false;
  while (sender.due > 0 && !sender.flight.empty()) {
    --sender.due;
    const SimSide::Piece piece = std::move(sender.flight.front());
    sender.flight.pop_front();
    sender.flight_bytes -= piece.bytes.size();
    scheduler_.Trace(TraceKind::kNet, receiver.node, HashBytes(piece.bytes), piece.bytes.size());
    if (receiver.broken || !receiver.open) {
      // Nobody there, or a kernel that knows of no such connection (it gave up, or started anew): a reset comes back.
      if (!piece.fin) Break(connection, from, Latency());
      continue;
    }
    receiver.inbox.append(piece.bytes);
    receiver.eof = receiver.eof || piece.fin;
  }
  NotifyReadable(connection, 1 - from);
  NotifyWritable(connection, from);
}

void SimNet::Break(const ConnectionPtr& connection, int side, Micros delay) {
  scheduler_.After(delay, [this, connection, side] {
    SimSide& own = connection->side[side];
    if (own.broken) return;
    own.broken = true;
    own.inbox.clear();
    own.inbox_at = 0;
    own.flight.clear();
    own.flight_bytes = 0;
    own.stalled = false;
    NotifyReadable(connection, side);
    NotifyWritable(connection, side);
  });
}

void SimNet::CloseSide(const ConnectionPtr& connection, int side) {
  SimSide& own = connection->side[side];
  own.handler = nullptr;
  if (!own.open) return;
  own.open = false;
  if (!own.broken && own.connected) Send(connection, side, {}, true);
  own.inbox.clear();
  own.inbox_at = 0;
  Forget();
}

void SimNet::NotifyReadable(const ConnectionPtr& connection, int side) {
  SimSide& own = connection->side[side];
  const bool ready = own.connected && (own.unread() > 0 || own.eof || own.broken);
  if (!ready || !own.open || !own.read_on || own.read_posted || own.handler == nullptr) return;
  own.read_posted = true;
  own.executor->Post([this, connection, side] {
    SimSide& now = connection->side[side];
    now.read_posted = false;
    if (!now.open || !now.read_on || now.handler == nullptr) return;
    if (now.unread() > 0 || now.eof || now.broken) now.handler->OnReadable();
    NotifyReadable(connection, side);
  });
}

void SimNet::NotifyWritable(const ConnectionPtr& connection, int side) {
  SimSide& own = connection->side[side];
  const bool ready = own.connected && (own.broken || Window(*connection, side) > 0);
  if (!ready || !own.open || !own.write_on || own.write_posted || own.handler == nullptr) return;
  own.write_posted = true;
  own.executor->Post([this, connection, side] {
    SimSide& now = connection->side[side];
    now.write_posted = false;
    if (!now.open || !now.write_on || now.handler == nullptr) return;
    if (now.broken || Window(*connection, side) > 0) now.handler->OnWritable();
    NotifyWritable(connection, side);
  });
}

void SimNet::EndProcess(int node, bool power_lost) {
  std::erase_if(listeners_, [node](const auto& entry) { return entry.first.first == node; });
  const std::vector<ConnectionPtr> connections = connections_;
  for (const ConnectionPtr& connection : connections) {
    for (int side = 0; side < 2; ++side) {
      SimSide& own = connection->side[side];
      if (own.node != node || !own.open) continue;
      own.handler = nullptr;
      const bool unread = own.unread() > 0;
      if (!power_lost) {
        CloseSide(connection, side);  // what was sent still arrives, then the end, or a reset if bytes were left unread
        if (unread) Break(connection, 1 - side, Latency() + faults_.latency_high);
        continue;
      }
      own.open = false;
      own.broken = true;
      own.flight.clear();
      own.flight_bytes = 0;
      // A peer that has nothing under way learns of it by keepalives, or not before it sends something.
      if (scheduler_.random().Chance(0.5)) {
        ++fired_["net.keepalive"];
        Break(connection, 1 - side, scheduler_.Between(kConnectTimeoutLow, kBreakHigh));
      } else {
        ++fired_["net.silent"];
      }
    }
  }
  Forget();
}

void SimNet::SetPowered(int node, bool powered) {
  if (!powered) {
    unpowered_.insert(node);
    return;
  }
  if (unpowered_.erase(node) == 0) return;
  for (const ConnectionPtr& connection : connections_) {
    for (int side = 0; side < 2; ++side) {
      if (connection->side[1 - side].node == node) Retransmit(connection, side);
    }
  }
}

void SimNet::Heal(int from, int to) {
  if (cut_.erase({from, to}) == 0) return;
  for (const ConnectionPtr& connection : connections_) {
    for (int side = 0; side < 2; ++side) {
      if (connection->side[side].node != from || connection->side[1 - side].node != to) continue;
      Retransmit(connection, side);
    }
  }
}

// What waited for the link arrives with the next repetition.
void SimNet::Retransmit(const ConnectionPtr& connection, int from) {
  if (!connection->side[from].stalled) return;
  scheduler_.After(Latency() * 10, [this, connection, from] {
    if (Reachable(connection->side[from].node, connection->side[1 - from].node)) DeliverDue(connection, from);
  });
}

void SimNet::HealAll() {
  slow_.clear();
  const std::set<std::pair<int, int>> cut = cut_;
  for (const auto& [from, to] : cut) Heal(from, to);
}

void SimNet::Forget() {
  std::erase_if(connections_, [](const ConnectionPtr& c) {
    return !c->side[0].open && !c->side[1].open && c->side[0].flight.empty() && c->side[1].flight.empty();
  });
}

}  // namespace ottla::sim
