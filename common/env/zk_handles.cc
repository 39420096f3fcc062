#include "common/env/zk_handles.h"

#include <cerrno>
#include <cstring>
#include <utility>
#include <vector>

#include "common/env/zk_library.h"
#include "common/env/zk_server_list.h"

namespace ottla {
namespace {

constexpr Micros kRetryInit = std::chrono::seconds(1);
constexpr Millis kOldSessionStep{2'000};
constexpr int kResolveOnlyWhenLost = -1;  // else the library resolves the names again before each read and write

}  // namespace

ZkHandles::ZkHandles(Executor& owner, const Clock& clock, ZkConnectString connect, Millis session_timeout)
    : owner_(owner), connect_(std::move(connect)), timeout_(session_timeout), worker_(clock, "zk-session") {}

ZkHandles::~ZkHandles() { Shutdown(); }

void ZkHandles::Make(const std::shared_ptr<ZkLink>& link) {
  worker_.Post([this, link] { Init(link); });
}

// On the worker, which this object joins before it goes.
void ZkHandles::Init(const std::shared_ptr<ZkLink>& link) {
  zoo_set_debug_level(ZOO_LOG_LEVEL_INFO);
  zhandle_t* handle = zookeeper_init2(LibraryServerList(connect_.servers).c_str(), &OnSessionEvent,
                                      static_cast<int>(timeout_.count()), nullptr, link.get(), 0, &LogLibraryLine);
  if (handle == nullptr) {
    LOG(WARNING) << "zookeeper: cannot resolve " << connect_.ServerList() << ": " << std::strerror(errno);
    worker_.RunAfter(kRetryInit, [this, link] { Init(link); });
    return;
  }
  zoo_set_servers_resolution_delay(handle, kResolveOnlyWhenLost);
  {
    const std::lock_guard lock(mutex_);
    open_.emplace(handle, link);
  }
  owner_.Post([user = link->user, handle, generation = link->generation] {
    if (auto self = user.lock()) self->HandleMade(handle, generation);
  });
}

void ZkHandles::Close(zhandle_t* handle, Task done) {
  worker_.Post([this, handle, done = std::move(done)]() mutable {
    CloseNow(handle);
    if (done) owner_.Post(std::move(done));
  });
}

void ZkHandles::CloseNow(zhandle_t* handle) {
  std::shared_ptr<ZkLink> link;
  {
    const std::lock_guard lock(mutex_);
    const auto it = open_.find(handle);
    if (it == open_.end()) return;
    link = it->second;
    open_.erase(it);
  }
  zookeeper_close(handle);  // joins the library's threads: after this nobody uses the link
}

void ZkHandles::CloseOldSession(const ZkSession& old, UniqueFunction<void(Status)> done) {
  worker_.Post([this, old, done = std::move(done)]() mutable {
    Status status = CloseZkSession(connect_.servers, old, kOldSessionStep);
    owner_.Post([done = std::move(done), status = std::move(status)]() mutable { done(std::move(status)); });
  });
}

void ZkHandles::Shutdown() {
  worker_.Stop();
  std::vector<zhandle_t*> open;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [handle, link] : open_) open.push_back(handle);
  }
  for (zhandle_t* handle : open) CloseNow(handle);
}

// On the library's completion thread.
void ZkHandles::OnSessionEvent(zhandle_t* handle, int type, int state, const char*, void* context) {
  if (type != ZOO_SESSION_EVENT) return;
  auto* link = static_cast<ZkLink*>(context);
  ZkSession session;
  if (const clientid_t* id = zoo_client_id(handle); state == ZOO_CONNECTED_STATE && id != nullptr) {
    session.id = id->client_id;
    session.password.assign(id->passwd, sizeof id->passwd);
  }
  link->owner.Post([user = link->user, handle, generation = link->generation, state, session = std::move(session)] {
    if (auto self = user.lock()) self->SessionEvent(handle, generation, state, session);
  });
}

}  // namespace ottla
