#include "tests/sim/env/sim_zk_client.h"

#include <algorithm>

#include "common/base/check.h"

namespace ottla::sim {

void SimZkLink::TellListener(ZkClient::SessionState now) {
  if (dead) return;
  control->Post([told = listener, now] {
    if (told != nullptr && *told) (*told)(now);
  });
}

void SimZkLink::FailSent(ZkError error) {
  std::deque<std::shared_ptr<SimZkRequest>> failed = std::exchange(sent, {});
  for (const std::shared_ptr<SimZkRequest>& request : failed) {
    if (!dead) control->Post([request, error] { request->fail(error); });
  }
}

void SimZkLink::FailWaiting(ZkError error) {
  std::deque<std::shared_ptr<SimZkRequest>> failed = std::exchange(waiting, {});
  for (const std::shared_ptr<SimZkRequest>& request : failed) {
    if (!dead) control->Post([request, error] { request->fail(error); });
  }
}

void SimZkLink::TakeWatches(const ZkWatchEvent& event) {
  std::vector<std::shared_ptr<ZkClient::Watch>> called;
  const auto take = [&](Watches& watches) {
    const auto found = watches.find(event.path);
    if (found == watches.end()) return;
    called.insert(called.end(), found->second.begin(), found->second.end());
    watches.erase(found);
  };
  using Kind = ZkWatchEvent::Kind;
  if (event.kind != Kind::kChildrenChanged) {
    take(data_watches);
    take(exist_watches);
  }
  if (event.kind == Kind::kChildrenChanged || event.kind == Kind::kDeleted) take(child_watches);
  ZkWatchEvent told = event;
  told.path = event.path.substr(options.chroot.size());
  if (told.path.empty()) told.path.push_back('/');
  for (const std::shared_ptr<ZkClient::Watch>& watch : called) {
    control->Post([watch, told] { (*watch)(told); });
  }
}

void SimZkLink::EndProcess() {
  dead = true;
  state = State::kClosed;
  ++connection;
  arrived = served = replies_due = 0;
  // Emptied first: what is destroyed here may hold the product's objects.
  const auto gone_replies = std::exchange(replies, {});
  const auto gone_sent = std::exchange(sent, {});
  const auto gone_waiting = std::exchange(waiting, {});
  const auto gone_data = std::exchange(data_watches, {});
  const auto gone_exist = std::exchange(exist_watches, {});
  const auto gone_child = std::exchange(child_watches, {});
  const auto gone_listener = std::exchange(listener, nullptr);
}

SimZkClient::~SimZkClient() {
  if (!link_->dead) {
    link_->EndProcess();
    std::erase(zk_.links_, link_);
  }
}

void SimZkClient::Start(SessionListener listener) {
  link_->control->CheckOnLoop();
  OTTLA_CHECK(link_->dead || link_->state == SimZkLink::State::kIdle) << "started twice";
  if (link_->dead) return;
  link_->listener = std::make_shared<SessionListener>(std::move(listener));
  link_->state = SimZkLink::State::kConnecting;
  zk_.ScheduleConnect(link_, Micros(500), Micros(5000));
}

void SimZkClient::NewSession() {
  link_->control->CheckOnLoop();
  if (link_->dead) return;
  OTTLA_CHECK(link_->state == SimZkLink::State::kExpired) << "a new session before the old one ended";
  link_->session = {};
  link_->seen_zxid = 0;
  link_->state = SimZkLink::State::kConnecting;
  zk_.ScheduleConnect(link_, Micros(500), Micros(50'000));
}

void SimZkClient::Close(Task done) {
  link_->control->CheckOnLoop();
  if (link_->dead) return;
  const std::int64_t id = link_->session.id;
  const bool connected = link_->state == SimZkLink::State::kConnected;
  Executor* const control = link_->control;
  link_->FailSent(ZkError::kSessionExpired);
  link_->FailWaiting(ZkError::kSessionExpired);
  link_->state = SimZkLink::State::kClosed;
  ++link_->connection;
  auto told = std::make_shared<Task>(std::move(done));
  zk_.scheduler_.After(zk_.Latency() * 2, [zk = &zk_, id, connected, control, told, link = link_] {
    if (link->dead) return;
    if (connected && zk->Reaches(*link)) zk->CloseSession(id);
    control->Post([told] { (*told)(); });
  });
}

void SimZkClient::CloseOldSession(const ZkSession& old, UniqueFunction<void(Status)> done) {
  link_->control->CheckOnLoop();
  auto told = std::make_shared<UniqueFunction<void(Status)>>(std::move(done));
  zk_.scheduler_.After(zk_.Latency() * 2, [zk = &zk_, old, told, link = link_] {
    if (link->dead) return;
    Status status;
    if (!zk->Reaches(*link)) {
      status = {StatusCode::kUnavailable, "zookeeper is not reachable"};
    } else if (const auto found = zk->sessions_.find(old.id);
               found == zk->sessions_.end() || found->second.password != old.password) {
      status = {StatusCode::kNotFound, "that session has ended"};
    } else {
      ++zk->fired_["zk.old_session_closed"];
      zk->CloseSession(old.id);
    }
    link->control->Post([told, status] { (*told)(status); });
  });
}

std::string SimZkClient::Full(const std::string& path) const {
  const std::string& chroot = link_->options.chroot;
  if (chroot.empty()) return path;
  if (path == "/") return chroot;
  std::string full = chroot;
  full.append(path);
  return full;
}

void SimZkClient::Submit(SimZkRequest request) {
  link_->control->CheckOnLoop();
  if (link_->dead) return;
  auto shared = std::make_shared<SimZkRequest>(std::move(request));
  switch (link_->state) {
    case SimZkLink::State::kConnected: zk_.Transmit(link_, std::move(shared)); return;
    case SimZkLink::State::kIdle:
    case SimZkLink::State::kConnecting: link_->waiting.push_back(std::move(shared)); return;
    case SimZkLink::State::kExpired:
    case SimZkLink::State::kClosed: link_->control->Post([shared] { shared->fail(ZkError::kSessionExpired); }); return;
  }
}

void SimZkClient::Get(const std::string& path, Watch watch, GetCallback done) {
  const std::string full = Full(path);
  auto told = std::make_shared<GetCallback>(std::move(done));
  auto kept = watch ? std::make_shared<Watch>(std::move(watch)) : nullptr;
  const std::shared_ptr<SimZkLink> link = link_;
  Submit({full,
          [link, full, told, kept](SimZk& zk) -> Task {
            const SimZkTree::Node* node = zk.Read(full);
            if (node == nullptr) {
              return [link, told] { link->control->Post([told] { (*told)(ZkError::kNoNode, std::nullopt, {}); }); };
            }
            if (kept != nullptr) link->server_data.insert(full);
            return [link, full, told, kept, data = node->data, stat = node->stat] {
              if (kept != nullptr) link->data_watches[full].push_back(kept);
              link->control->Post([told, data, stat] { (*told)(ZkError::kOk, data, stat); });
            };
          },
          [told](ZkError error) { (*told)(error, std::nullopt, {}); }});
}

void SimZkClient::Exists(const std::string& path, Watch watch, ExistsCallback done) {
  const std::string full = Full(path);
  auto told = std::make_shared<ExistsCallback>(std::move(done));
  auto kept = watch ? std::make_shared<Watch>(std::move(watch)) : nullptr;
  const std::shared_ptr<SimZkLink> link = link_;
  Submit({full,
          [link, full, told, kept](SimZk& zk) -> Task {
            const SimZkTree::Node* node = zk.Read(full);
            const bool there = node != nullptr;
            const ZkStat stat = there ? node->stat : ZkStat{};
            if (kept != nullptr) link->server_data.insert(full);
            return [link, full, told, kept, there, stat] {
              if (kept != nullptr) (there ? link->data_watches : link->exist_watches)[full].push_back(kept);
              link->control->Post([told, there, stat] { (*told)(there ? ZkError::kOk : ZkError::kNoNode, stat); });
            };
          },
          [told](ZkError error) { (*told)(error, {}); }});
}

void SimZkClient::Children(const std::string& path, Watch watch, ChildrenCallback done) {
  const std::string full = Full(path);
  auto told = std::make_shared<ChildrenCallback>(std::move(done));
  auto kept = watch ? std::make_shared<Watch>(std::move(watch)) : nullptr;
  const std::shared_ptr<SimZkLink> link = link_;
  Submit({full,
          [link, full, told, kept](SimZk& zk) -> Task {
            const SimZkTree::Node* node = zk.Read(full);
            if (node == nullptr) {
              return [link, told] { link->control->Post([told] { (*told)(ZkError::kNoNode, {}); }); };
            }
            if (kept != nullptr) link->server_child.insert(full);
            std::vector<std::string> names(node->children.begin(), node->children.end());
            for (std::size_t i = names.size(); i > 1; --i) {  // the server gives them in no order
              std::swap(names[i - 1], names[zk.scheduler_.random().Below(i)]);
            }
            return [link, full, told, kept, names] {
              if (kept != nullptr) link->child_watches[full].push_back(kept);
              link->control->Post([told, names] { (*told)(ZkError::kOk, names); });
            };
          },
          [told](ZkError error) { (*told)(error, {}); }});
}

void SimZkClient::Write(std::vector<ZkOp> ops, WritesDone done) {
  for (ZkOp& op : ops) op.path = Full(op.path);
  auto told = std::make_shared<WritesDone>(std::move(done));
  const std::shared_ptr<SimZkLink> link = link_;
  const std::string path = ops.empty() ? std::string() : ops.front().path;
  Submit({path,
          [link, told, ops = std::move(ops)](SimZk& zk) -> Task {
            std::vector<ZkOpResult> results;
            const ZkError error = zk.Transact(ops, link->session.id, results);
            for (ZkOpResult& result : results) {
              if (!result.path.empty()) result.path = result.path.substr(link->options.chroot.size());
            }
            return [link, told, error, results] {
              link->control->Post([told, error, results] { (*told)(error, results); });
            };
          },
          [told](ZkError error) { (*told)(error, {}); }});
}

void SimZkClient::Create(const std::string& path, ZkData data, ZkCreateMode mode, CreateCallback done) {
  Write({ZkOp::Create(path, std::move(data), mode)},
        [done = std::move(done)](ZkError error, const std::vector<ZkOpResult>& results) mutable {
          done(error, error == ZkError::kOk ? results.front().path : std::string());
        });
}

void SimZkClient::Set(const std::string& path, ZkData data, std::int32_t version, SetCallback done) {
  Write({ZkOp::Set(path, std::move(data), version)},
        [done = std::move(done)](ZkError error, const std::vector<ZkOpResult>& results) mutable {
          done(error, error == ZkError::kOk ? results.front().stat : ZkStat{});
        });
}

void SimZkClient::Delete(const std::string& path, std::int32_t version, DeleteCallback done) {
  Write({ZkOp::Delete(path, version)},
        [done = std::move(done)](ZkError error, const std::vector<ZkOpResult>& /*results*/) mutable { done(error); });
}

void SimZkClient::Multi(std::vector<ZkOp> ops, MultiCallback done) { Write(std::move(ops), std::move(done)); }

}  // namespace ottla::sim
