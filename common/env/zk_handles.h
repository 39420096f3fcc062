// The library's handles: one for each session, made and closed on a helper thread, for both may block (name resolution,
// flushing). What becomes of a handle is told on the owner, the control executor.
#pragma once

#include <zookeeper/zookeeper.h>

#include <cstdint>
#include <memory>
#include <mutex>
#include <unordered_map>

#include "common/base/clock.h"
#include "common/base/executor.h"
#include "common/env/thread_executor.h"
#include "common/env/zk_calls.h"
#include "common/env/zk_raw_session.h"
#include "common/zk/zk_client.h"

namespace ottla {

// Who uses the handles. Both are called on the owner. `generation`: of the link the handle was made with; a late event
// of a handle that was given up shows by it.
class ZkHandleUser {
 public:
  virtual ~ZkHandleUser() = default;
  virtual void HandleMade(zhandle_t* handle, std::uint64_t generation) = 0;
  // `state`: one of the library's ZOO_..._STATE. `session` is filled when connected.
  virtual void SessionEvent(zhandle_t* handle, std::uint64_t generation, int state, const ZkSession& session) = 0;
};

// What the library's threads see of us. A link lives from before its handle is made until after it is closed, so no
// callback can miss it.
struct ZkLink {
  Executor& owner;
  std::weak_ptr<ZkHandleUser> user;  // locked on the owner only, as is `calls`
  std::weak_ptr<ZkCalls> calls;
  std::uint64_t generation;
};

class ZkHandles {
 public:
  // `owner` and `clock` outlive this.
  ZkHandles(Executor& owner, const Clock& clock, ZkConnectString connect, Millis session_timeout);
  ~ZkHandles();  // Shutdown()

  // Tries each second until the names resolve; then `link->user` hears HandleMade.
  void Make(const std::shared_ptr<ZkLink>& link);
  // `done` (may be null) on the owner, when the server has confirmed or cannot be reached.
  void Close(zhandle_t* handle, Task done);
  // See ZkClient::CloseOldSession. `done` on the owner.
  void CloseOldSession(const ZkSession& old, UniqueFunction<void(Status)> done);
  // Ends every handle and joins every thread. On the owner, or after it has stopped.
  void Shutdown();

 private:
  static void OnSessionEvent(zhandle_t* handle, int type, int state, const char* path, void* context);
  void Init(const std::shared_ptr<ZkLink>& link);
  void CloseNow(zhandle_t* handle);

  Executor& owner_;
  const ZkConnectString connect_;
  const Millis timeout_;
  std::mutex mutex_;
  std::unordered_map<zhandle_t*, std::shared_ptr<ZkLink>> open_;  // guarded by mutex_
  ThreadExecutor worker_;  // last: its tasks use all of the above, and it is joined first
};

}  // namespace ottla
