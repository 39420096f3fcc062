#include "tests/sim/env/sim_zk.h"

#include <algorithm>

#include "common/base/check.h"
#include "tests/sim/env/sim_zk_client.h"

namespace ottla::sim {

namespace {

constexpr Micros kTickEvery{100'000};
constexpr Micros kKeeperLow{2'000};
constexpr Micros kKeeperHigh{6'000};

}  // namespace

SimZk::SimZk(SimScheduler& scheduler, SimNet& net, int self) : scheduler_(scheduler), net_(net), self_(self) {
  net_.AddHost(self, "zookeeper");
  tick_ = scheduler_.After(kTickEvery, [this] { Tick(); });
}

SimZk::~SimZk() {
  scheduler_.Cancel(tick_);
  for (const LinkPtr& link : links_) link->EndProcess();
}

std::int64_t SimZk::NowMillis() const { return 1'731'000'000'000 + ToMillis(scheduler_.now()); }

bool SimZk::Fires(double chance, const char* name) {
  if (chance <= 0 || !scheduler_.random().Chance(chance)) return false;
  ++fired_[name];
  return true;
}

bool SimZk::Reaches(const SimZkLink& link) const { return !down_ && net_.BothWays(link.node, self_); }

std::unique_ptr<ZkClient> SimZk::NewClient(int node, Executor& control, const SimZkClientOptions& options) {
  auto link = std::make_shared<SimZkLink>();
  link->node = node;
  link->control = &control;
  link->options = options;
  links_.push_back(link);
  return std::make_unique<SimZkClient>(*this, std::move(link));
}

void SimZk::EndProcess(int node, bool power_lost) {
  for (const LinkPtr& link : links_) {
    if (link->node != node || link->dead) continue;
    const std::int64_t session = link->session.id;
    const bool keeper = link->options.keeper && !power_lost && session != 0;
    link->EndProcess();
    if (!keeper) continue;
    scheduler_.After(scheduler_.Between(kKeeperLow, kKeeperHigh), [this, node, session] {
      if (down_ || !net_.BothWays(node, self_)) return;  // then the timeout ends it
      ++fired_["zk.keeper"];
      CloseSession(session);
    });
  }
  std::erase_if(links_, [](const LinkPtr& link) { return link->dead; });
  paused_.erase(node);
}

void SimZk::SetPaused(int node, bool paused) {
  if (paused) {
    paused_.insert(node);
  } else {
    paused_.erase(node);
  }
}

void SimZk::SetDown(bool down) {
  if (down_ == down) return;
  down_ = down;
  scheduler_.Trace(TraceKind::kFault, self_, down ? 5 : 6);
  for (auto& [id, session] : sessions_) session.heard = scheduler_.now();
}

void SimZk::Tick() {
  const MonoTime now = scheduler_.now();
  const std::vector<LinkPtr> links = links_;
  for (const LinkPtr& link : links) {
    if (link->state != SimZkLink::State::kConnected || paused_.contains(link->node)) continue;
    if (Reaches(*link)) {
      link->lost_sight = now;
      sessions_.at(link->session.id).heard = now;
      Serve(link);
      Deliver(link);
    } else if (now - link->lost_sight > Micros(link->options.session_timeout) * 2 / 3) {
      ++fired_["zk.connection_timeout"];
      Disconnect(link);
    }
  }
  std::vector<std::int64_t> silent;
  for (const auto& [id, session] : sessions_) {
    if (!down_ && now - session.heard > session.timeout) silent.push_back(id);
  }
  for (const std::int64_t id : silent) {
    ++fired_["zk.expired"];
    CloseSession(id);
  }
  tick_ = scheduler_.After(kTickEvery, [this] { Tick(); });
}

void SimZk::ScheduleConnect(const LinkPtr& link, Micros low, Micros high) {
  scheduler_.After(scheduler_.Between(low, high), [this, link] { TryConnect(link); });
}

void SimZk::TryConnect(const LinkPtr& link) {
  if (link->dead || link->state != SimZkLink::State::kConnecting) return;
  if (paused_.contains(link->node) || !Reaches(*link)) {
    if (!paused_.contains(link->node)) link->FailWaiting(ZkError::kConnectionLoss);
    ScheduleConnect(link, Micros(100'000), Micros(1'000'000));
    return;
  }
  scheduler_.After(Latency() * 2, [this, link] { Handshake(link); });
}

void SimZk::Handshake(const LinkPtr& link) {
  if (link->dead || link->state != SimZkLink::State::kConnecting) return;
  if (!Reaches(*link)) {
    ScheduleConnect(link, Micros(100'000), Micros(1'000'000));
    return;
  }
  if (link->session.id == 0) {
    std::string password(16, '\0');
    for (char& c : password) c = static_cast<char>(scheduler_.random().Below(256));
    link->session = {next_session_++, password};
    tree_.NextZxid();
    sessions_[link->session.id] = {password, link->options.session_timeout, scheduler_.now(), link};
    MakeChroot(link->options.chroot);
  } else if (!sessions_.contains(link->session.id)) {
    Expire(link);
    return;
  }
  Session& session = sessions_.at(link->session.id);
  session.heard = scheduler_.now();
  session.link = link;
  scheduler_.Trace(TraceKind::kZk, link->node, static_cast<std::uint64_t>(link->session.id));
  ++link->connection;
  link->state = SimZkLink::State::kConnected;
  link->lost_sight = link->last_request = link->last_reply = scheduler_.now();
  link->TellListener(ZkClient::SessionState::kConnected);
  RestoreWatches(link);
  while (!link->waiting.empty()) {
    std::shared_ptr<SimZkRequest> request = std::move(link->waiting.front());
    link->waiting.pop_front();
    Transmit(link, std::move(request));
  }
}

void SimZk::Expire(const LinkPtr& link) {
  scheduler_.Trace(TraceKind::kZk, link->node, 0xE);
  link->state = SimZkLink::State::kExpired;
  link->FailWaiting(ZkError::kSessionExpired);
  link->data_watches.clear();
  link->exist_watches.clear();
  link->child_watches.clear();
  link->TellListener(ZkClient::SessionState::kExpired);
}

void SimZk::Disconnect(const LinkPtr& link) {
  if (link->state != SimZkLink::State::kConnected) return;
  scheduler_.Trace(TraceKind::kZk, link->node, 0xD);
  link->state = SimZkLink::State::kConnecting;
  ++link->connection;
  link->arrived = link->served = link->replies_due = 0;
  link->replies.clear();
  link->server_data.clear();
  link->server_child.clear();
  link->TellListener(ZkClient::SessionState::kConnecting);
  link->FailSent(ZkError::kConnectionLoss);
  ScheduleConnect(link, Micros(10'000), Micros(1'000'000));
}

void SimZk::RestoreWatches(const LinkPtr& link) {
  using Kind = ZkWatchEvent::Kind;
  std::vector<ZkWatchEvent> missed;
  const auto compare = [&](const SimZkLink::Watches& watches, auto&& judge, std::set<std::string>& server) {
    for (const auto& entry : watches) {
      const SimZkTree::Node* node = tree_.Find(entry.first);
      if (!judge(entry.first, node)) server.insert(entry.first);
    }
  };
  const auto tell = [&](Kind kind, const std::string& path) {
    missed.push_back({kind, path});
    return true;
  };
  compare(
      link->data_watches,
      [&](const std::string& path, const SimZkTree::Node* node) {
        if (node == nullptr) return tell(Kind::kDeleted, path);
        return node->stat.mzxid > link->seen_zxid && tell(Kind::kDataChanged, path);
      },
      link->server_data);
  compare(
      link->exist_watches,
      [&](const std::string& path, const SimZkTree::Node* node) {
        return node != nullptr && tell(Kind::kCreated, path);
      },
      link->server_data);
  compare(
      link->child_watches,
      [&](const std::string& path, const SimZkTree::Node* node) {
        if (node == nullptr) return tell(Kind::kDeleted, path);
        return node->stat.pzxid > link->seen_zxid && tell(Kind::kChildrenChanged, path);
      },
      link->server_child);
  for (const ZkWatchEvent& event : missed) {
    Reply(
        link, [link, event] { link->TakeWatches(event); }, false);
  }
}

void SimZk::MakeChroot(const std::string& chroot) {
  if (!chroot.empty()) OTTLA_CHECK(CreateWithParents(chroot, std::nullopt) != ZkError::kNoNode);
}

ZkError SimZk::CreateWithParents(const std::string& path, const ZkData& data) {
  for (std::size_t at = path.find('/', 1); at != std::string::npos; at = path.find('/', at + 1)) {
    const ZkError error = Operate({ZkOp::Create(path.substr(0, at), std::nullopt)});
    if (error != ZkError::kOk && error != ZkError::kNodeExists) return error;
  }
  return Operate({ZkOp::Create(path, data)});
}

ZkError SimZk::Operate(const std::vector<ZkOp>& ops, std::vector<ZkOpResult>* results) {
  std::vector<ZkOpResult> own;
  return Transact(ops, 0, results != nullptr ? *results : own);
}

ZkError SimZk::Transact(const std::vector<ZkOp>& ops, std::int64_t session, std::vector<ZkOpResult>& results) {
  std::vector<ZkWatchEvent> events;
  const ZkError error = tree_.Apply(ops, session, NowMillis(), results, events);
  if (error == ZkError::kOk && observer_) observer_(session, ops);
  Fire(events);
  return error;
}

void SimZk::CloseSession(std::int64_t id) {
  const auto found = sessions_.find(id);
  if (found == sessions_.end()) return;
  const LinkPtr link = found->second.link.lock();
  sessions_.erase(found);
  scheduler_.Trace(TraceKind::kZk, self_, static_cast<std::uint64_t>(id), 0xC);
  std::vector<ZkWatchEvent> events;
  tree_.DropEphemerals(id, events);
  Fire(events);
  if (link != nullptr && link->session.id == id) Disconnect(link);
}

void SimZk::ExpireSessions(int node) {
  const std::vector<LinkPtr> links = links_;
  for (const LinkPtr& link : links) {
    if (link->node != node || !sessions_.contains(link->session.id)) continue;
    ++fired_["zk.expired_by_hand"];
    CloseSession(link->session.id);
  }
}

void SimZk::DropConnections(int node) {
  const std::vector<LinkPtr> links = links_;
  for (const LinkPtr& link : links) {
    if (link->node != node || link->state != SimZkLink::State::kConnected) continue;
    ++fired_["zk.connection_dropped"];
    Disconnect(link);
  }
}

void SimZk::Transmit(const LinkPtr& link, std::shared_ptr<SimZkRequest> request) {
  link->sent.push_back(std::move(request));
  link->last_request = std::max(link->last_request + Micros(1), scheduler_.now() + Latency());
  scheduler_.At(link->last_request, [this, link, connection = link->connection] {
    if (link->connection != connection) return;
    ++link->arrived;
    Serve(link);
  });
}

void SimZk::Serve(const LinkPtr& link) {
  while (link->state == SimZkLink::State::kConnected && link->arrived > 0 && Reaches(*link)) {
    const std::shared_ptr<SimZkRequest> request = link->sent.at(link->served);
    --link->arrived;
    ++link->served;
    if (Fires(faults_.lost_before, "zk.lost_before")) {
      Disconnect(link);
      return;
    }
    scheduler_.Trace(TraceKind::kZk, link->node, HashBytes(request->path), static_cast<std::uint64_t>(tree_.zxid()));
    const std::int64_t before = tree_.zxid();
    Task answer = request->serve(*this);
    if (expire_at_write_ == link->node && tree_.zxid() != before) {
      expire_at_write_ = kDriver;
      ++fired_["zk.expired_at_write"];
      ExpireSessions(link->node);
      return;
    }
    if (Fires(faults_.lost_after, "zk.lost_after")) {
      Disconnect(link);
      return;
    }
    if (link->state == SimZkLink::State::kConnected) Reply(link, std::move(answer), true);
  }
}

void SimZk::Reply(const LinkPtr& link, Task task, bool answers) {
  link->replies.push_back({std::move(task), tree_.zxid(), answers});
  link->last_reply = std::max(link->last_reply + Micros(1), scheduler_.now() + Latency());
  scheduler_.At(link->last_reply, [this, link, connection = link->connection] {
    if (link->connection != connection) return;
    ++link->replies_due;
    Deliver(link);
  });
}

void SimZk::Deliver(const LinkPtr& link) {
  while (link->replies_due > 0 && !link->replies.empty() && Reaches(*link)) {
    SimZkReply reply = std::move(link->replies.front());
    link->replies.pop_front();
    --link->replies_due;
    link->seen_zxid = std::max(link->seen_zxid, reply.zxid);
    if (reply.answers) {
      link->sent.pop_front();
      --link->served;
    }
    reply.task();
  }
}

void SimZk::Fire(const std::vector<ZkWatchEvent>& events) {
  using Kind = ZkWatchEvent::Kind;
  for (const ZkWatchEvent& event : events) {
    for (const LinkPtr& link : links_) {
      if (link->state != SimZkLink::State::kConnected) continue;
      bool told = false;
      if (event.kind != Kind::kChildrenChanged) told = link->server_data.erase(event.path) > 0;
      if (event.kind == Kind::kChildrenChanged || event.kind == Kind::kDeleted) {
        told = link->server_child.erase(event.path) > 0 || told;
      }
      if (told)
        Reply(
            link, [link, event] { link->TakeWatches(event); }, false);
    }
  }
}

}  // namespace ottla::sim
