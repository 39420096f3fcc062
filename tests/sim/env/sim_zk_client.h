// A client of SimZk as libzookeeper behaves: requests in order, watches kept and re-set over reconnects, everything
// unanswered failed with the connection, nothing known of an expiry before the next connection. Private to sim_zk.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "tests/sim/env/sim_zk.h"

namespace ottla::sim {

struct SimZkRequest {
  std::string path;  // for the trace
  // On the server, when it arrives. Returns what the client then does with the answer (registers watches, calls back).
  UniqueFunction<Task(SimZk&)> serve;
  UniqueFunction<void(ZkError)> fail;
};

// Something on its way to the client: an answer (to the oldest of `sent`) or a watch event.
struct SimZkReply {
  Task task;
  std::int64_t zxid = 0;
  bool answers = false;
};

struct SimZkLink {
  enum class State { kIdle, kConnecting, kConnected, kExpired, kClosed };
  using Watches = std::map<std::string, std::vector<std::shared_ptr<ZkClient::Watch>>>;

  int node = kDriver;
  Executor* control = nullptr;
  SimZkClientOptions options;
  std::shared_ptr<ZkClient::SessionListener> listener;
  State state = State::kIdle;
  bool dead = false;  // the process has ended
  ZkSession session;
  std::uint64_t connection = 0;  // one per connection; events of an older one are void
  MonoTime lost_sight{};         // when the server was last seen
  std::int64_t seen_zxid = 0;

  // Client side.
  std::deque<std::shared_ptr<SimZkRequest>> waiting;  // not sent: no connection
  std::deque<std::shared_ptr<SimZkRequest>> sent;
  Watches data_watches, exist_watches, child_watches;
  // On the wire.
  std::size_t arrived = 0;  // of `sent`, how many reached the server but were not served (the link is cut)
  std::size_t served = 0;   // of `sent`, how many were served
  std::deque<SimZkReply> replies;
  std::size_t replies_due = 0;
  MonoTime last_request{}, last_reply{};
  // Server side.
  std::set<std::string> server_data, server_child;

  void TellListener(ZkClient::SessionState now);
  void FailSent(ZkError error);
  void FailWaiting(ZkError error);
  void TakeWatches(const ZkWatchEvent& event);  // collects and posts the callbacks an event is for
  void EndProcess();
};

class SimZkClient final : public ZkClient {
 public:
  SimZkClient(SimZk& zk, std::shared_ptr<SimZkLink> link) : zk_(zk), link_(std::move(link)) {}
  ~SimZkClient() override;
  SimZkClient(const SimZkClient&) = delete;
  SimZkClient& operator=(const SimZkClient&) = delete;

  void Start(SessionListener listener) override;
  void NewSession() override;
  void Close(Task done) override;
  ZkSession session() const override { return link_->session; }
  void CloseOldSession(const ZkSession& old, UniqueFunction<void(Status)> done) override;
  void Get(const std::string& path, Watch watch, GetCallback done) override;
  void Exists(const std::string& path, Watch watch, ExistsCallback done) override;
  void Children(const std::string& path, Watch watch, ChildrenCallback done) override;
  void Create(const std::string& path, ZkData data, ZkCreateMode mode, CreateCallback done) override;
  void Set(const std::string& path, ZkData data, std::int32_t version, SetCallback done) override;
  void Delete(const std::string& path, std::int32_t version, DeleteCallback done) override;
  void Multi(std::vector<ZkOp> ops, MultiCallback done) override;

 private:
  using WritesDone = UniqueFunction<void(ZkError, std::vector<ZkOpResult>)>;
  void Submit(SimZkRequest request);
  void Write(std::vector<ZkOp> ops, WritesDone done);
  std::string Full(const std::string& path) const;

  SimZk& zk_;
  const std::shared_ptr<SimZkLink> link_;
};

}  // namespace ottla::sim
