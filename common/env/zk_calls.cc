#include "common/env/zk_calls.h"

#include "common/env/zk_handles.h"
#include "common/env/zk_library.h"

namespace ottla {
namespace {

ZkAnswer Bare(ZkError error) { return {error, std::nullopt, {}, {}, {}, {}}; }

}  // namespace

// --- the owner ---

std::uint64_t ZkCalls::AddWatch(ZkClient::Watch watch) {
  if (!watch) return 0;
  watches_[++last_id_] = std::move(watch);
  return last_id_;
}

ZkCall* ZkCalls::New(Pending pending, std::unique_ptr<ZkMulti> multi) {
  owner_.CheckOnLoop();
  const std::uint64_t id = ++last_id_;
  pending_[id] = std::move(pending);
  return new ZkCall{owner_, weak_from_this(), id, std::move(multi)};  // owned by its completion
}

void ZkCalls::Refuse(ZkCall* call, ZkError error) {
  owner_.Post([calls = weak_from_this(), id = call->id, error] {
    if (auto self = calls.lock()) self->Complete(id, Bare(error));
  });
  delete call;
}

void ZkCalls::FailAll() {
  watches_.clear();
  auto failed = std::exchange(pending_, {});
  for (auto& [id, pending] : failed) pending.done(Bare(ZkError::kSessionExpired));
}

void ZkCalls::Drop() {
  pending_.clear();
  watches_.clear();
}

void ZkCalls::Complete(std::uint64_t id, ZkAnswer answer) {
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

void ZkCalls::Fire(std::uint64_t id, ZkWatchEvent event) {
  const auto it = watches_.find(id);
  if (it == watches_.end()) return;
  ZkClient::Watch watch = std::move(it->second);
  watches_.erase(it);
  event.path = Relative(event.path);
  watch(event);
}

std::string ZkCalls::Absolute(const std::string& path) const {
  return chroot_.empty() ? path : path == "/" ? chroot_ : chroot_ + path;
}

std::string ZkCalls::Relative(const std::string& path) const {
  if (path.size() == chroot_.size() && !path.empty()) return "/";
  return path.size() < chroot_.size() ? path : path.substr(chroot_.size());
}

// --- the library's completion thread ---

void ZkCalls::OnWatch(zhandle_t* handle, int type, int, const char* path, void* context) {
  if (type == ZOO_SESSION_EVENT) return;  // told to every watch without using it up; the session has its own listener
  const auto* link = static_cast<const ZkLink*>(zoo_get_context(handle));
  const auto id = reinterpret_cast<std::uintptr_t>(context);  // a number, not an address
  link->owner.Post([calls = link->calls, id, event = ToWatchEvent(type, path)]() mutable {
    if (auto self = calls.lock()) self->Fire(id, std::move(event));
  });
}

void ZkCalls::Finish(const void* data, ZkAnswer answer) {
  std::unique_ptr<const ZkCall> call(static_cast<const ZkCall*>(data));
  call->owner.Post([calls = call->calls, id = call->id, answer = std::move(answer)]() mutable {
    if (auto self = calls.lock()) self->Complete(id, std::move(answer));
  });
}

void ZkCalls::OnData(int rc, const char* value, int length, const struct Stat* stat, const void* data) {
  ZkAnswer answer = Bare(ToZkError(rc));
  answer.stat = ToZkStat(stat);
  if (rc == ZOK && length >= 0)
    answer.data = std::string(value != nullptr ? value : "", static_cast<std::size_t>(length));
  Finish(data, std::move(answer));
}

void ZkCalls::OnStat(int rc, const struct Stat* stat, const void* data) {
  ZkAnswer answer = Bare(ToZkError(rc));
  answer.stat = ToZkStat(stat);
  Finish(data, std::move(answer));
}

void ZkCalls::OnVoid(int rc, const void* data) { Finish(data, Bare(ToZkError(rc))); }

void ZkCalls::OnString(int rc, const char* value, const void* data) {
  ZkAnswer answer = Bare(ToZkError(rc));
  if (rc == ZOK && value != nullptr) answer.path = value;
  Finish(data, std::move(answer));
}

void ZkCalls::OnStrings(int rc, const struct String_vector* strings, const void* data) {
  ZkAnswer answer = Bare(ToZkError(rc));
  if (rc == ZOK && strings != nullptr) {
    for (int i = 0; i < strings->count; ++i) answer.children.emplace_back(strings->data[i]);
  }
  Finish(data, std::move(answer));
}

void ZkCalls::OnMulti(int rc, const void* data) {
  ZkAnswer answer = Bare(ToZkError(rc));
  answer.results = static_cast<const ZkCall*>(data)->multi->Take(rc);
  Finish(data, std::move(answer));
}

}  // namespace ottla
