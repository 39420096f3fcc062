// The keeper: a tiny process beside the broker that ends the broker's ZooKeeper session the moment the broker has ended
// without doing so itself. It holds the reading end of a pipe whose writing end only the broker has. End of file proves
// that no thread of the broker can acknowledge anything any more; then /brokers/ids/N and /controller go at once
// instead of after the session timeout. A paused broker keeps its end open and is never touched.
//
// The keeper is forked before the broker's first thread, twice and into a session of its own, so that it is neither a
// child of the broker nor in its process group. Where the broker would be process 1 (a container: its end ends
// everything) the keeper is process 1 instead, the broker its child; it passes signals on, reaps whatever is left to it
// and ends with the broker's exit status. It ignores SIGTERM and keeps none of the broker's files open.
#pragma once

#include <functional>

#include "common/base/status.h"
#include "common/zk/zk_client.h"

namespace ottla {

// Owner: main. Renew may be called from any thread.
class Keeper {
 public:
  // Ends a session; blocks for as long as it takes. Runs in the keeper, which has no threads and no log.
  using CloseSession = std::function<Status(const ZkSession&)>;

  // Call from main before any thread is started and before anything is logged; returns in the broker. `argc` and `argv`
  // are main's: the keeper's own entry in process lists is overwritten there, so that nobody takes it for the broker.
  static Result<Keeper> Start(int argc, char** argv, const CloseSession& close_session);

  Keeper(Keeper&& other) noexcept;
  Keeper& operator=(Keeper&& other) noexcept;
  Keeper(const Keeper&) = delete;
  ~Keeper();  // as Release()

  // The session to end from now on. Never blocks.
  void Renew(const ZkSession& session);
  // The broker stops in order and has ended its session itself: the keeper goes without doing anything.
  void Release();

 private:
  explicit Keeper(int fd) : fd_(fd) {}
  int fd_ = -1;
};

}  // namespace ottla
