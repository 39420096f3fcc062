#include "common/env/zk_client_mt.h"

#include <zookeeper/zookeeper.h>

#include <utility>

#include "common/env/zk_calls.h"
#include "common/env/zk_handles.h"
#include "common/env/zk_library.h"
#include "common/env/zk_server_list.h"

namespace ottla {

// The session: which handle carries it, and what the listener is told. Owner: the control executor. What its handle
// says after it has been given up is known by its generation and not heard.
class ZkClientMt::Core final : public ZkHandleUser, public std::enable_shared_from_this<Core> {
 public:
  Core(Executor& owner, const Clock& clock, const ZkConnectString& connect, Millis timeout)
      : owner_(owner),
        chroot_(connect.chroot),
        calls_(std::make_shared<ZkCalls>(owner, connect.chroot)),
        handles_(owner, clock, connect, timeout) {}

  ZkCalls& calls() { return *calls_; }
  ZkHandles& handles() { return handles_; }
  const ZkSession& session() const { return session_; }

  void Start(SessionListener listener) {
    owner_.CheckOnLoop();
    listener_ = std::move(listener);
    Open();
  }

  void Renew() {
    owner_.CheckOnLoop();
    if (zhandle_t* handle = std::exchange(handle_, nullptr)) handles_.Close(handle, nullptr);
    session_ = {};
    session_over_ = false;
    calls_->FailAll();
    Open();
  }

  void Close(Task done) {
    owner_.CheckOnLoop();
    closed_ = true;
    session_over_ = true;
    session_ = {};
    ++generation_;
    calls_->FailAll();
    zhandle_t* handle = std::exchange(handle_, nullptr);
    if (handle != nullptr) {
      handles_.Close(handle, std::move(done));
    } else {
      owner_.Post(std::move(done));
    }
  }

  // On the owner, or after it has stopped.
  void Shutdown() {
    closed_ = true;
    handles_.Shutdown();
    calls_->Drop();
  }

  // Gives `call` to the library by `start`, which returns the library's code.
  template <class StartCall>
  void Give(ZkCall* call, const StartCall& start) {
    if (handle_ == nullptr) {  // not yet, or not any more
      calls_->Refuse(call, session_over_ ? ZkError::kSessionExpired : ZkError::kConnectionLoss);
    } else if (const int rc = start(handle_); rc != ZOK) {
      calls_->Refuse(call, ToZkError(rc));
    }
  }

 private:
  void Open() {
    ++generation_;
    handle_ = nullptr;
    handles_.Make(std::make_shared<ZkLink>(ZkLink{owner_, weak_from_this(), calls_, generation_}));
  }

  void HandleMade(zhandle_t* handle, std::uint64_t generation) override {
    if (generation == generation_ && !closed_) {
      handle_ = handle;
    } else {
      handles_.Close(handle, nullptr);
    }
  }

  void SessionEvent(zhandle_t* handle, std::uint64_t generation, int state, const ZkSession& session) override {
    if (generation != generation_ || closed_) return;
    handle_ = handle;
    if (state == ZOO_CONNECTED_STATE) {
      session_ = session;
      EnsureChroot(chroot_.find('/', 1));
    } else if (state == ZOO_EXPIRED_SESSION_STATE) {
      EndSession(SessionState::kExpired);
    } else if (state == ZOO_AUTH_FAILED_STATE) {
      EndSession(SessionState::kAuthFailed);
    } else if (state == ZOO_CONNECTING_STATE || state == ZOO_ASSOCIATING_STATE || state == ZOO_NOTCONNECTED_STATE) {
      if (listener_) listener_(SessionState::kConnecting);
    }
  }

  void EndSession(SessionState state) {
    session_ = {};
    session_over_ = true;
    zhandle_t* handle = std::exchange(handle_, nullptr);
    ++generation_;  // nothing of the old handle is heard any more
    calls_->FailAll();
    if (handle != nullptr) handles_.Close(handle, nullptr);
    if (listener_) listener_(state);
  }

  // Creates the chroot level by level, then says that the session is connected. `end`: of the level.
  void EnsureChroot(std::size_t end) {
    if (chroot_.empty()) {
      listener_(SessionState::kConnected);
      return;
    }
    const std::string level = chroot_.substr(0, end);
    ZkCall* call = calls_->New({[weak = weak_from_this(), end, level](ZkAnswer&& answer) {
      if (const auto self = weak.lock()) self->ChrootAnswered(end, level, answer.error);
    }});
    Give(call, [&](zhandle_t* handle) {
      return zoo_acreate(handle, level.c_str(), nullptr, -1, &ZOO_OPEN_ACL_UNSAFE, 0, &ZkCalls::OnString, call);
    });
  }

  void ChrootAnswered(std::size_t end, const std::string& level, ZkError error) {
    if (error == ZkError::kConnectionLoss || error == ZkError::kSessionExpired) return;  // the event comes again
    if (error != ZkError::kOk && error != ZkError::kNodeExists) {
      LOG(ERROR) << "zookeeper: creating chroot " << level << ": " << ToString(error);
    }
    if (end == std::string::npos) {
      listener_(SessionState::kConnected);
    } else {
      EnsureChroot(chroot_.find('/', end + 1));
    }
  }

  Executor& owner_;
  const std::string chroot_;
  const std::shared_ptr<ZkCalls> calls_;
  SessionListener listener_;
  zhandle_t* handle_ = nullptr;
  ZkSession session_;
  std::uint64_t generation_ = 0;
  bool closed_ = false;
  bool session_over_ = false;
  ZkHandles handles_;
};

namespace {

void* ContextOf(std::uint64_t watch) {
  return reinterpret_cast<void*>(watch);  // NOLINT(performance-no-int-to-ptr): a number for ZkCalls::OnWatch
}
watcher_fn WatcherOf(std::uint64_t watch) { return watch != 0 ? &ZkCalls::OnWatch : nullptr; }

}  // namespace

Result<std::unique_ptr<ZkClientMt>> ZkClientMt::Make(Executor& owner, const Clock& clock, const Options& options) {
  Result<ZkConnectString> connect = ParseZkConnect(options.connect);
  if (!connect.ok()) return connect.status();
  return std::unique_ptr<ZkClientMt>(
      new ZkClientMt(std::make_shared<Core>(owner, clock, *connect, options.session_timeout)));
}

ZkClientMt::ZkClientMt(std::shared_ptr<Core> core) : core_(std::move(core)) {}
ZkClientMt::~ZkClientMt() { core_->Shutdown(); }

void ZkClientMt::Start(SessionListener listener) { core_->Start(std::move(listener)); }
void ZkClientMt::NewSession() { core_->Renew(); }
void ZkClientMt::Close(Task done) { core_->Close(std::move(done)); }
ZkSession ZkClientMt::session() const { return core_->session(); }

void ZkClientMt::CloseOldSession(const ZkSession& old, UniqueFunction<void(Status)> done) {
  core_->handles().CloseOldSession(old, std::move(done));
}

void ZkClientMt::Get(const std::string& path, Watch watch, GetCallback done) {
  const std::uint64_t watch_id = core_->calls().AddWatch(std::move(watch));
  ZkCall* call = core_->calls().New(
      {[done = std::move(done)](ZkAnswer&& a) mutable { done(a.error, std::move(a.data), a.stat); }, watch_id});
  core_->Give(call, [&](zhandle_t* handle) {
    return zoo_awget(handle, core_->calls().Absolute(path).c_str(), WatcherOf(watch_id), ContextOf(watch_id),
                     &ZkCalls::OnData, call);
  });
}

void ZkClientMt::Exists(const std::string& path, Watch watch, ExistsCallback done) {
  const std::uint64_t watch_id = core_->calls().AddWatch(std::move(watch));
  ZkCall* call = core_->calls().New(
      {[done = std::move(done)](ZkAnswer&& a) mutable { done(a.error, a.stat); }, watch_id, /*watch_on_absent=*/true});
  core_->Give(call, [&](zhandle_t* handle) {
    return zoo_awexists(handle, core_->calls().Absolute(path).c_str(), WatcherOf(watch_id), ContextOf(watch_id),
                        &ZkCalls::OnStat, call);
  });
}

void ZkClientMt::Children(const std::string& path, Watch watch, ChildrenCallback done) {
  const std::uint64_t watch_id = core_->calls().AddWatch(std::move(watch));
  ZkCall* call = core_->calls().New(
      {[done = std::move(done)](ZkAnswer&& a) mutable { done(a.error, std::move(a.children)); }, watch_id});
  core_->Give(call, [&](zhandle_t* handle) {
    return zoo_awget_children(handle, core_->calls().Absolute(path).c_str(), WatcherOf(watch_id), ContextOf(watch_id),
                              &ZkCalls::OnStrings, call);
  });
}

void ZkClientMt::Create(const std::string& path, ZkData data, ZkCreateMode mode, CreateCallback done) {
  ZkCall* call = core_->calls().New({[done = std::move(done)](ZkAnswer&& a) mutable { done(a.error, a.path); }});
  core_->Give(call, [&](zhandle_t* handle) {
    return zoo_acreate(handle, core_->calls().Absolute(path).c_str(), BytesOf(data), LengthOf(data),
                       &ZOO_OPEN_ACL_UNSAFE, ToCreateFlags(mode), &ZkCalls::OnString, call);
  });
}

void ZkClientMt::Set(const std::string& path, ZkData data, std::int32_t version, SetCallback done) {
  ZkCall* call = core_->calls().New({[done = std::move(done)](ZkAnswer&& a) mutable { done(a.error, a.stat); }});
  core_->Give(call, [&](zhandle_t* handle) {
    return zoo_aset(handle, core_->calls().Absolute(path).c_str(), BytesOf(data), LengthOf(data), version,
                    &ZkCalls::OnStat, call);
  });
}

void ZkClientMt::Delete(const std::string& path, std::int32_t version, DeleteCallback done) {
  ZkCall* call = core_->calls().New({[done = std::move(done)](ZkAnswer&& a) mutable { done(a.error); }});
  core_->Give(call, [&](zhandle_t* handle) {
    return zoo_adelete(handle, core_->calls().Absolute(path).c_str(), version, &ZkCalls::OnVoid, call);
  });
}

void ZkClientMt::Multi(std::vector<ZkOp> ops, MultiCallback done) {
  for (ZkOp& op : ops) op.path = core_->calls().Absolute(op.path);
  ZkCall* call =
      core_->calls().New({[done = std::move(done)](ZkAnswer&& a) mutable { done(a.error, std::move(a.results)); }},
                         std::make_unique<ZkMulti>(std::move(ops)));
  ZkMulti& multi = *call->multi;
  core_->Give(call, [&](zhandle_t* handle) {
    return zoo_amulti(handle, multi.count(), multi.ops(), multi.results(), &ZkCalls::OnMulti, call);
  });
}

}  // namespace ottla
