// The calls that wait for the library's answer, and the watches that wait for a change. Owner: the control executor.
// The completion functions (On...) run on the library's thread: each copies what it was told, posts it to the owner and
// returns. An answer or an event of a session that was given up meets no entry here, and nobody hears of it.
#pragma once

#include <zookeeper/zookeeper.h>

#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "common/base/executor.h"
#include "common/env/zk_multi.h"
#include "common/zk/zk_client.h"

namespace ottla {

class ZkCalls;

struct ZkAnswer {  // a copy of what the library said
  ZkError error = ZkError::kOther;
  ZkData data;
  ZkStat stat;
  std::string path;
  std::vector<std::string> children;
  std::vector<ZkOpResult> results;
};

// One call given to the library: freed by its completion, which the library promises exactly once.
struct ZkCall {
  Executor& owner;
  const std::weak_ptr<ZkCalls> calls;  // locked on the owner only
  const std::uint64_t id;
  const std::unique_ptr<ZkMulti> multi;  // null: a call of another kind
};

class ZkCalls : public std::enable_shared_from_this<ZkCalls> {
 public:
  using Callback = UniqueFunction<void(ZkAnswer&&)>;
  struct Pending {
    Callback done;
    std::uint64_t watch = 0;       // dropped when the call fails
    bool watch_on_absent = false;  // Exists: kNoNode keeps the watch
  };

  // `chroot`: "" or "/a/b". `owner` outlives this and every call.
  ZkCalls(Executor& owner, std::string chroot) : owner_(owner), chroot_(std::move(chroot)) {}

  std::uint64_t AddWatch(ZkClient::Watch watch);  // 0: no watch
  // The caller gives it to the library, which then owns it, or to Refuse.
  ZkCall* New(Pending pending, std::unique_ptr<ZkMulti> multi = nullptr);
  // What the library did not take it never completes: answered here, after the caller has returned.
  void Refuse(ZkCall* call, ZkError error);
  // Every call is answered with kSessionExpired; the watches are forgotten.
  void FailAll();
  // Nobody is answered. On the owner, or after it has stopped.
  void Drop();

  std::string Absolute(const std::string& path) const;

  // --- the library's completion thread ---
  static void OnWatch(zhandle_t* handle, int type, int state, const char* path, void* context);
  static void OnData(int rc, const char* value, int length, const struct Stat* stat, const void* data);
  static void OnStat(int rc, const struct Stat* stat, const void* data);
  static void OnVoid(int rc, const void* data);
  static void OnString(int rc, const char* value, const void* data);
  static void OnStrings(int rc, const struct String_vector* strings, const void* data);
  static void OnMulti(int rc, const void* data);

 private:
  static void Finish(const void* data, ZkAnswer answer);
  void Complete(std::uint64_t id, ZkAnswer answer);
  void Fire(std::uint64_t id, ZkWatchEvent event);
  std::string Relative(const std::string& path) const;

  Executor& owner_;
  const std::string chroot_;
  std::uint64_t last_id_ = 0;
  std::unordered_map<std::uint64_t, Pending> pending_;
  std::unordered_map<std::uint64_t, ZkClient::Watch> watches_;
};

}  // namespace ottla
