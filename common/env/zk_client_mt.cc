#include "common/env/zk_client_mt.h"

#include <zookeeper/zookeeper.h>

#include <cstring>
#include <mutex>
#include <unordered_map>
#include <utility>
#include <variant>

#include "common/env/thread_executor.h"
#include "common/env/zk_raw_session.h"
#include "common/env/zk_server_list.h"

namespace ottla {
namespace {

constexpr Micros kRetryInit = std::chrono::seconds(1);
constexpr Millis kOldSessionStep{2'000};
constexpr int kResolveOnlyWhenLost = -1;  // else the library resolves the names again before each read and write
constexpr std::size_t kPathRoom = 1024;   // for the path of a sequential create; longer topic names do not exist

ZkError ToError(int rc) {
  switch (rc) {
    case ZOK: return ZkError::kOk;
    case ZNONODE: return ZkError::kNoNode;
    case ZNODEEXISTS: return ZkError::kNodeExists;
    case ZBADVERSION: return ZkError::kBadVersion;
    case ZNOTEMPTY: return ZkError::kNotEmpty;
    case ZNOCHILDRENFOREPHEMERALS: return ZkError::kNoChildrenForEphemerals;
    case ZCONNECTIONLOSS:
    case ZOPERATIONTIMEOUT: return ZkError::kConnectionLoss;
    case ZSESSIONEXPIRED:
    case ZINVALIDSTATE:
    case ZCLOSING: return ZkError::kSessionExpired;
    case ZAUTHFAILED:
    case ZNOAUTH: return ZkError::kAuthFailed;
    case ZRUNTIMEINCONSISTENCY: return ZkError::kRuntimeInconsistency;
    default: return ZkError::kOther;
  }
}

ZkStat ToStat(const struct Stat* stat) {
  if (stat == nullptr) return {};
  return {stat->czxid,   stat->mzxid,    stat->pzxid,          stat->ctime,      stat->mtime,
          stat->version, stat->cversion, stat->ephemeralOwner, stat->numChildren};
}

int ToFlags(ZkCreateMode mode) {
  switch (mode) {
    case ZkCreateMode::kPersistent: return 0;
    case ZkCreateMode::kEphemeral: return ZOO_EPHEMERAL;
    case ZkCreateMode::kPersistentSequential: return ZOO_SEQUENCE;
  }
  return 0;
}

const char* Bytes(const ZkData& data) { return data ? data->data() : nullptr; }
int Length(const ZkData& data) { return data ? static_cast<int>(data->size()) : -1; }

// The library's lines look like "2026-…:ZOO_INFO@function@123: text"; the date is glog's business.
void LogLine(const char* message) {
  const std::string_view line(message);
  const std::size_t at = line.find("ZOO_");
  const std::string_view text = at == std::string_view::npos ? line : line.substr(at);
  if (text.starts_with("ZOO_ERROR") || text.starts_with("ZOO_WARN")) {
    LOG_EVERY_T(WARNING, 5) << "zookeeper: " << text;  // a server that is away is told 30 times a second
  } else {
    VLOG(1) << "zookeeper: " << text;
  }
}

struct Answer {  // a copy of what the library said
  ZkError error = ZkError::kOther;
  ZkData data;
  ZkStat stat;
  std::string path;
  std::vector<std::string> children;
  std::vector<ZkOpResult> results;
};

using Callback = UniqueFunction<void(Answer&&)>;

}  // namespace

// Owner: the control executor, but for Link, which the library's threads see. A Link lives from before its handle is
// made until after it is closed, so no callback can miss it.
class ZkClientMt::Core : public std::enable_shared_from_this<Core> {
 public:
  struct Link {
    Executor& owner;
    std::weak_ptr<Core> core;  // locked on the owner only
    std::uint64_t generation;
  };
  // One call given to the library: freed by its completion, which the library promises exactly once.
  struct Call {
    Link* link;
    std::uint64_t id;
    std::vector<zoo_op_t> ops;
    std::vector<zoo_op_result_t> results;
    std::vector<ZkOp> sources;
    std::vector<struct Stat> stats;
    std::vector<std::vector<char>> paths;
  };
  struct Pending {
    Callback done;
    std::uint64_t watch = 0;       // dropped when the call fails
    bool watch_on_absent = false;  // Exists: kNoNode keeps the watch
  };

  Core(Executor& owner, const Clock& clock, ZkConnectString connect, Millis timeout)
      : owner_(owner), connect_(std::move(connect)), timeout_(timeout), worker_(clock, "zk-session") {}

  void Open() {
    ++generation_;
    handle_ = nullptr;
    auto link = std::make_shared<Link>(Link{owner_, weak_from_this(), generation_});
    link_ = link;
    worker_.Post([this, link] { Init(link); });
  }

  // On the worker, which this object joins before it goes.
  void Init(const std::shared_ptr<Link>& link) {
    zoo_set_debug_level(ZOO_LOG_LEVEL_INFO);
    zhandle_t* handle = zookeeper_init2(LibraryServerList(connect_.servers).c_str(), &OnSessionEvent,
                                        static_cast<int>(timeout_.count()), nullptr, link.get(), 0, &LogLine);
    if (handle == nullptr) {
      LOG(WARNING) << "zookeeper: cannot resolve " << connect_.ServerList() << ": " << std::strerror(errno);
      worker_.RunAfter(kRetryInit, [this, link] { Init(link); });
      return;
    }
    zoo_set_servers_resolution_delay(handle, kResolveOnlyWhenLost);
    {
      const std::lock_guard lock(handles_mutex_);
      handles_.emplace(handle, link);
    }
    owner_.Post([core = weak_from_this(), handle, generation = link->generation] {
      if (auto self = core.lock()) self->Adopt(handle, generation);
    });
  }

  void Adopt(zhandle_t* handle, std::uint64_t generation) {
    if (generation == generation_ && !closed_) {
      handle_ = handle;
    } else {
      CloseHandle(handle, nullptr);
    }
  }

  // Closes on the worker; `done` on the owner.
  void CloseHandle(zhandle_t* handle, Task done) {
    worker_.Post([this, handle, done = std::move(done)]() mutable {
      CloseNow(handle);
      if (done) owner_.Post(std::move(done));
    });
  }

  void CloseNow(zhandle_t* handle) {
    std::shared_ptr<Link> link;
    {
      const std::lock_guard lock(handles_mutex_);
      const auto it = handles_.find(handle);
      if (it == handles_.end()) return;
      link = it->second;
      handles_.erase(it);
    }
    zookeeper_close(handle);  // joins the library's threads: after this nobody uses the link
  }

  // Ends every handle and joins every thread. On the owner, or after it has stopped.
  void Shutdown() {
    closed_ = true;
    worker_.Stop();
    std::vector<zhandle_t*> open;
    {
      const std::lock_guard lock(handles_mutex_);
      for (const auto& [handle, link] : handles_) open.push_back(handle);
    }
    for (zhandle_t* handle : open) CloseNow(handle);
    pending_.clear();
    watches_.clear();
  }

  // --- the library's completion thread ---
  static void OnSessionEvent(zhandle_t* handle, int type, int state, const char*, void* context) {
    if (type != ZOO_SESSION_EVENT) return;
    auto* link = static_cast<Link*>(context);
    ZkSession session;
    if (const clientid_t* id = zoo_client_id(handle); state == ZOO_CONNECTED_STATE && id != nullptr) {
      session.id = id->client_id;
      session.password.assign(id->passwd, sizeof id->passwd);
    }
    link->owner.Post([core = link->core, handle, generation = link->generation, state, session = std::move(session)] {
      if (auto self = core.lock()) self->SessionEvent(handle, generation, state, session);
    });
  }

  static void OnWatch(zhandle_t* handle, int type, int, const char* path, void* context) {
    if (type == ZOO_SESSION_EVENT) return;  // told to every watch without using it up; the session has its own listener
    ZkWatchEvent event;
    if (type == ZOO_CREATED_EVENT) event.kind = ZkWatchEvent::Kind::kCreated;
    if (type == ZOO_DELETED_EVENT) event.kind = ZkWatchEvent::Kind::kDeleted;
    if (type == ZOO_CHANGED_EVENT) event.kind = ZkWatchEvent::Kind::kDataChanged;
    if (type == ZOO_CHILD_EVENT) event.kind = ZkWatchEvent::Kind::kChildrenChanged;
    event.path = path != nullptr ? path : "";
    const auto* link = static_cast<const Link*>(zoo_get_context(handle));
    const auto id = reinterpret_cast<std::uintptr_t>(context);  // a number, not an address
    link->owner.Post([core = link->core, id, event = std::move(event)]() mutable {
      if (auto self = core.lock()) self->Fire(id, std::move(event));
    });
  }

  static void Finish(const void* data, Answer answer) {
    std::unique_ptr<const Call> call(static_cast<const Call*>(data));
    call->link->owner.Post([core = call->link->core, id = call->id, answer = std::move(answer)]() mutable {
      if (auto self = core.lock()) self->Complete(id, std::move(answer));
    });
  }

  static void OnData(int rc, const char* value, int length, const struct Stat* stat, const void* data) {
    Answer answer{ToError(rc), std::nullopt, ToStat(stat), {}, {}, {}};
    if (rc == ZOK && length >= 0)
      answer.data = std::string(value != nullptr ? value : "", static_cast<std::size_t>(length));
    Finish(data, std::move(answer));
  }

  static void OnStat(int rc, const struct Stat* stat, const void* data) {
    Finish(data, {ToError(rc), std::nullopt, ToStat(stat), {}, {}, {}});
  }

  static void OnVoid(int rc, const void* data) { Finish(data, {ToError(rc), std::nullopt, {}, {}, {}, {}}); }

  static void OnString(int rc, const char* value, const void* data) {
    Finish(data, {ToError(rc), std::nullopt, {}, rc == ZOK && value != nullptr ? value : "", {}, {}});
  }

  static void OnStrings(int rc, const struct String_vector* strings, const void* data) {
    Answer answer{ToError(rc), std::nullopt, {}, {}, {}, {}};
    if (rc == ZOK && strings != nullptr) {
      for (int i = 0; i < strings->count; ++i) answer.children.emplace_back(strings->data[i]);
    }
    Finish(data, std::move(answer));
  }

  static void OnMulti(int rc, const void* data) {
    const auto* call = static_cast<const Call*>(data);
    Answer answer{ToError(rc), std::nullopt, {}, {}, {}, {}};
    for (std::size_t i = 0; i < call->results.size(); ++i) {
      ZkOpResult result;
      // Without any result (the connection went) every operation shares the call's fate.
      result.error = rc == ZCONNECTIONLOSS || rc == ZSESSIONEXPIRED || rc == ZCLOSING ? ToError(rc)
                                                                                      : ToError(call->results[i].err);
      if (rc == ZOK && call->sources[i].kind == ZkOp::Kind::kCreate) result.path = call->paths[i].data();
      if (rc == ZOK && call->sources[i].kind == ZkOp::Kind::kSet) result.stat = ToStat(&call->stats[i]);
      answer.results.push_back(std::move(result));
    }
    Finish(data, std::move(answer));
  }

  // --- the owner ---
  void SessionEvent(zhandle_t* handle, std::uint64_t generation, int state, const ZkSession& session) {
    if (generation != generation_ || closed_) return;
    handle_ = handle;
    if (state == ZOO_CONNECTED_STATE) {
      session_ = session;
      EnsureChroot(connect_.chroot.find('/', 1));
    } else if (state == ZOO_EXPIRED_SESSION_STATE) {
      EndSession(ZkClient::SessionState::kExpired);
    } else if (state == ZOO_AUTH_FAILED_STATE) {
      EndSession(ZkClient::SessionState::kAuthFailed);
    } else if (state == ZOO_CONNECTING_STATE || state == ZOO_ASSOCIATING_STATE || state == ZOO_NOTCONNECTED_STATE) {
      if (listener_) listener_(ZkClient::SessionState::kConnecting);
    }
  }

  void EndSession(ZkClient::SessionState state) {
    session_ = {};
    session_over_ = true;
    zhandle_t* handle = std::exchange(handle_, nullptr);
    ++generation_;  // nothing of the old handle is heard any more
    FailAll();
    if (handle != nullptr) CloseHandle(handle, nullptr);
    if (listener_) listener_(state);
  }

  void FailAll() {
    watches_.clear();
    auto failed = std::exchange(pending_, {});
    for (auto& [id, pending] : failed) {
      pending.done({ZkError::kSessionExpired, std::nullopt, {}, {}, {}, {}});
    }
  }

  // Creates the chroot level by level, then says that the session is connected.
  void EnsureChroot(std::size_t end) {
    if (connect_.chroot.empty()) {
      listener_(ZkClient::SessionState::kConnected);
      return;
    }
    const bool last = end == std::string::npos;
    const std::string level = connect_.chroot.substr(0, end);
    const std::size_t next = last ? end : connect_.chroot.find('/', end + 1);
    Call* call = NewCall([this, last, next, level](Answer&& answer) {
      if (answer.error == ZkError::kConnectionLoss || answer.error == ZkError::kSessionExpired) return;  // comes again
      if (answer.error != ZkError::kOk && answer.error != ZkError::kNodeExists) {
        LOG(ERROR) << "zookeeper: creating chroot " << level << ": " << ToString(answer.error);
      }
      if (last) {
        listener_(ZkClient::SessionState::kConnected);
      } else {
        EnsureChroot(next);
      }
    });
    Started(call, zoo_acreate(handle_, level.c_str(), nullptr, -1, &ZOO_OPEN_ACL_UNSAFE, 0, &OnString, call));
  }

  void Fire(std::uint64_t id, ZkWatchEvent event) {
    const auto it = watches_.find(id);
    if (it == watches_.end()) return;
    ZkClient::Watch watch = std::move(it->second);
    watches_.erase(it);
    event.path = Relative(event.path);
    watch(event);
  }

  void Complete(std::uint64_t id, Answer answer) {
    const auto it = pending_.find(id);
    if (it == pending_.end()) return;  // failed already: the session had ended
    Pending pending = std::move(it->second);
    pending_.erase(it);
    const bool kept = answer.error == ZkError::kOk || (pending.watch_on_absent && answer.error == ZkError::kNoNode);
    if (pending.watch != 0 && !kept) watches_.erase(pending.watch);
    answer.path = Relative(answer.path);
    for (ZkOpResult& result : answer.results) result.path = Relative(result.path);
    pending.done(std::move(answer));
  }

  std::string Absolute(const std::string& path) const {
    return connect_.chroot.empty() ? path : path == "/" ? connect_.chroot : connect_.chroot + path;
  }
  std::string Relative(const std::string& path) const {
    if (path.size() == connect_.chroot.size() && !path.empty()) return "/";
    return path.size() < connect_.chroot.size() ? path : path.substr(connect_.chroot.size());
  }

  std::uint64_t AddWatch(ZkClient::Watch watch) {
    if (!watch) return 0;
    watches_[++last_id_] = std::move(watch);
    return last_id_;
  }

  Call* NewCall(Callback done, std::uint64_t watch = 0, bool watch_on_absent = false) {
    owner_.CheckOnLoop();
    const std::uint64_t id = ++last_id_;
    pending_[id] = {std::move(done), watch, watch_on_absent};
    return new Call{link_.get(), id, {}, {}, {}, {}, {}};  // owned by its completion
  }

  // What the library refused to take it never completes: answered here, after the caller has returned.
  void Started(Call* call, int rc) {
    if (rc != ZOK) Refuse(call, handle_ == nullptr ? ZkError::kConnectionLoss : ToError(rc));
  }

  void Refuse(Call* call, ZkError error) {
    owner_.Post([core = weak_from_this(), id = call->id, error] {
      if (auto self = core.lock()) self->Complete(id, {error, std::nullopt, {}, {}, {}, {}});
    });
    delete call;
  }

  // No handle yet, or none any more.
  bool Refused(Call* call) {
    if (handle_ != nullptr) return false;
    Refuse(call, session_over_ ? ZkError::kSessionExpired : ZkError::kConnectionLoss);
    return true;
  }

  Executor& owner_;
  const ZkConnectString connect_;
  const Millis timeout_;
  ZkClient::SessionListener listener_;
  std::shared_ptr<Link> link_;  // of the newest handle
  zhandle_t* handle_ = nullptr;
  ZkSession session_;
  std::uint64_t generation_ = 0;
  std::uint64_t last_id_ = 0;
  bool closed_ = false;
  bool session_over_ = false;
  std::unordered_map<std::uint64_t, Pending> pending_;
  std::unordered_map<std::uint64_t, ZkClient::Watch> watches_;
  std::mutex handles_mutex_;
  std::unordered_map<zhandle_t*, std::shared_ptr<Link>> handles_;  // guarded by handles_mutex_: not yet closed
  ThreadExecutor worker_;
};

Result<std::unique_ptr<ZkClientMt>> ZkClientMt::Make(Executor& owner, const Clock& clock, const Options& options) {
  Result<ZkConnectString> connect = ParseZkConnect(options.connect);
  if (!connect.ok()) return connect.status();
  return std::unique_ptr<ZkClientMt>(
      new ZkClientMt(std::make_shared<Core>(owner, clock, std::move(*connect), options.session_timeout)));
}

ZkClientMt::ZkClientMt(std::shared_ptr<Core> core) : core_(std::move(core)) {}
ZkClientMt::~ZkClientMt() { core_->Shutdown(); }

void ZkClientMt::Start(SessionListener listener) {
  core_->owner_.CheckOnLoop();
  core_->listener_ = std::move(listener);
  core_->Open();
}

void ZkClientMt::NewSession() {
  core_->owner_.CheckOnLoop();
  if (zhandle_t* handle = std::exchange(core_->handle_, nullptr)) core_->CloseHandle(handle, nullptr);
  core_->session_ = {};
  core_->session_over_ = false;
  core_->FailAll();
  core_->Open();
}

void ZkClientMt::Close(Task done) {
  core_->owner_.CheckOnLoop();
  core_->closed_ = true;
  core_->session_over_ = true;
  core_->session_ = {};
  ++core_->generation_;
  core_->FailAll();
  zhandle_t* handle = std::exchange(core_->handle_, nullptr);
  if (handle != nullptr) {
    core_->CloseHandle(handle, std::move(done));
  } else {
    core_->owner_.Post(std::move(done));
  }
}

ZkSession ZkClientMt::session() const { return core_->session_; }

void ZkClientMt::CloseOldSession(const ZkSession& old, UniqueFunction<void(Status)> done) {
  core_->worker_.Post([core = core_.get(), old, done = std::move(done)]() mutable {
    Status status = CloseZkSession(core->connect_.servers, old, kOldSessionStep);
    core->owner_.Post([done = std::move(done), status = std::move(status)]() mutable { done(std::move(status)); });
  });
}

void ZkClientMt::Get(const std::string& path, Watch watch, GetCallback done) {
  const std::uint64_t watch_id = core_->AddWatch(std::move(watch));
  Core::Call* call = core_->NewCall(
      [done = std::move(done)](Answer&& a) mutable { done(a.error, std::move(a.data), a.stat); }, watch_id);
  if (core_->Refused(call)) return;
  void* context = reinterpret_cast<void*>(watch_id);  // NOLINT(performance-no-int-to-ptr): a number for OnWatch
  core_->Started(call, zoo_awget(core_->handle_, core_->Absolute(path).c_str(),
                                 watch_id != 0 ? &Core::OnWatch : nullptr, context, &Core::OnData, call));
}

void ZkClientMt::Exists(const std::string& path, Watch watch, ExistsCallback done) {
  const std::uint64_t watch_id = core_->AddWatch(std::move(watch));
  Core::Call* call =
      core_->NewCall([done = std::move(done)](Answer&& a) mutable { done(a.error, a.stat); }, watch_id, true);
  if (core_->Refused(call)) return;
  void* context = reinterpret_cast<void*>(watch_id);  // NOLINT(performance-no-int-to-ptr)
  core_->Started(call, zoo_awexists(core_->handle_, core_->Absolute(path).c_str(),
                                    watch_id != 0 ? &Core::OnWatch : nullptr, context, &Core::OnStat, call));
}

void ZkClientMt::Children(const std::string& path, Watch watch, ChildrenCallback done) {
  const std::uint64_t watch_id = core_->AddWatch(std::move(watch));
  Core::Call* call =
      core_->NewCall([done = std::move(done)](Answer&& a) mutable { done(a.error, std::move(a.children)); }, watch_id);
  if (core_->Refused(call)) return;
  void* context = reinterpret_cast<void*>(watch_id);  // NOLINT(performance-no-int-to-ptr)
  core_->Started(call, zoo_awget_children(core_->handle_, core_->Absolute(path).c_str(),
                                          watch_id != 0 ? &Core::OnWatch : nullptr, context, &Core::OnStrings, call));
}

void ZkClientMt::Create(const std::string& path, ZkData data, ZkCreateMode mode, CreateCallback done) {
  Core::Call* call = core_->NewCall([done = std::move(done)](Answer&& a) mutable { done(a.error, a.path); });
  if (core_->Refused(call)) return;
  core_->Started(call, zoo_acreate(core_->handle_, core_->Absolute(path).c_str(), Bytes(data), Length(data),
                                   &ZOO_OPEN_ACL_UNSAFE, ToFlags(mode), &Core::OnString, call));
}

void ZkClientMt::Set(const std::string& path, ZkData data, std::int32_t version, SetCallback done) {
  Core::Call* call = core_->NewCall([done = std::move(done)](Answer&& a) mutable { done(a.error, a.stat); });
  if (core_->Refused(call)) return;
  core_->Started(call, zoo_aset(core_->handle_, core_->Absolute(path).c_str(), Bytes(data), Length(data), version,
                                &Core::OnStat, call));
}

void ZkClientMt::Delete(const std::string& path, std::int32_t version, DeleteCallback done) {
  Core::Call* call = core_->NewCall([done = std::move(done)](Answer&& a) mutable { done(a.error); });
  if (core_->Refused(call)) return;
  core_->Started(call, zoo_adelete(core_->handle_, core_->Absolute(path).c_str(), version, &Core::OnVoid, call));
}

void ZkClientMt::Multi(std::vector<ZkOp> ops, MultiCallback done) {
  Core::Call* call =
      core_->NewCall([done = std::move(done)](Answer&& a) mutable { done(a.error, std::move(a.results)); });
  if (core_->Refused(call)) return;
  const std::size_t count = ops.size();
  call->sources = std::move(ops);
  call->ops.resize(count);
  call->results.resize(count);
  call->stats.resize(count);
  call->paths.resize(count);
  for (std::size_t i = 0; i < count; ++i) {
    ZkOp& op = call->sources[i];
    op.path = core_->Absolute(op.path);
    switch (op.kind) {
      case ZkOp::Kind::kCreate:
        call->paths[i].resize(op.path.size() + kPathRoom);
        zoo_create_op_init(&call->ops[i], op.path.c_str(), Bytes(op.data), Length(op.data), &ZOO_OPEN_ACL_UNSAFE,
                           ToFlags(op.mode), call->paths[i].data(), static_cast<int>(call->paths[i].size()));
        break;
      case ZkOp::Kind::kSet:
        zoo_set_op_init(&call->ops[i], op.path.c_str(), Bytes(op.data), Length(op.data), op.version, &call->stats[i]);
        break;
      case ZkOp::Kind::kDelete: zoo_delete_op_init(&call->ops[i], op.path.c_str(), op.version); break;
      case ZkOp::Kind::kCheck: zoo_check_op_init(&call->ops[i], op.path.c_str(), op.version); break;
    }
  }
  core_->Started(call, zoo_amulti(core_->handle_, static_cast<int>(count), call->ops.data(), call->results.data(),
                                  &Core::OnMulti, call));
}

}  // namespace ottla
