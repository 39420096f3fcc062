// Seam: ZooKeeper. Asynchronous only. Owner: the control executor; every call is made there and every callback comes
// there, in the order the server answered. Real: libzookeeper_mt. Simulated: a tree in memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/base/clock.h"
#include "common/base/status.h"
#include "common/base/unique_function.h"

namespace ottla {

enum class ZkError {
  kOk,
  kNoNode,
  kNodeExists,
  kBadVersion,
  kNotEmpty,
  kNoChildrenForEphemerals,
  kConnectionLoss,  // outcome unknown: a write may or may not have happened
  kSessionExpired,  // this session is over; see ZkClient::NewSession
  kAuthFailed,
  kRuntimeInconsistency,  // an operation of a multi that was not tried because another failed
  kOther,
};
std::string_view ToString(ZkError error);

struct ZkStat {
  std::int64_t czxid = 0;
  std::int64_t mzxid = 0;
  std::int64_t pzxid = 0;
  std::int64_t ctime_ms = 0;
  std::int64_t mtime_ms = 0;
  std::int32_t version = 0;
  std::int32_t cversion = 0;
  std::int64_t ephemeral_owner = 0;
  std::int32_t num_children = 0;
};

// Null data and empty data differ for Kafka.
using ZkData = std::optional<std::string>;

struct ZkSession {
  static constexpr std::size_t kPasswordBytes = 16;
  std::int64_t id = 0;   // 0: none
  std::string password;  // kPasswordBytes; a secret: files that hold it are 0600
};

// A pause before an operation whose connection was lost is tried again.
inline constexpr Micros kZkRetryAfter = Millis(100);

enum class ZkCreateMode { kPersistent, kEphemeral, kPersistentSequential };

struct ZkOp {
  enum class Kind { kCreate, kSet, kDelete, kCheck } kind = Kind::kCheck;
  std::string path;
  ZkData data;                                    // create, set
  std::int32_t version = -1;                      // set, delete, check; -1: any
  ZkCreateMode mode = ZkCreateMode::kPersistent;  // create

  static ZkOp Create(std::string path, ZkData data, ZkCreateMode mode = ZkCreateMode::kPersistent) {
    return {Kind::kCreate, std::move(path), std::move(data), -1, mode};
  }
  static ZkOp Set(std::string path, ZkData data, std::int32_t version) {
    return {Kind::kSet, std::move(path), std::move(data), version, ZkCreateMode::kPersistent};
  }
  static ZkOp Delete(std::string path, std::int32_t version) {
    return {Kind::kDelete, std::move(path), std::nullopt, version, ZkCreateMode::kPersistent};
  }
  static ZkOp Check(std::string path, std::int32_t version) {
    return {Kind::kCheck, std::move(path), std::nullopt, version, ZkCreateMode::kPersistent};
  }
};

struct ZkOpResult {
  ZkError error = ZkError::kOk;
  std::string path;  // create
  ZkStat stat;       // set; create fills nothing
};

struct ZkWatchEvent {
  enum class Kind { kCreated, kDeleted, kDataChanged, kChildrenChanged, kSessionEvent } kind = Kind::kSessionEvent;
  std::string path;
};

class ZkClient {
 public:
  enum class SessionState { kConnecting, kConnected, kExpired, kAuthFailed };
  using SessionListener = UniqueFunction<void(SessionState)>;
  using Watch = UniqueFunction<void(const ZkWatchEvent&)>;  // one-shot; nothing after expiry
  using GetCallback = UniqueFunction<void(ZkError, ZkData, const ZkStat&)>;
  using ExistsCallback = UniqueFunction<void(ZkError, const ZkStat&)>;  // kNoNode when absent
  using ChildrenCallback = UniqueFunction<void(ZkError, std::vector<std::string>)>;
  using CreateCallback = UniqueFunction<void(ZkError, const std::string& path)>;
  using SetCallback = UniqueFunction<void(ZkError, const ZkStat&)>;
  using DeleteCallback = UniqueFunction<void(ZkError)>;
  using MultiCallback = UniqueFunction<void(ZkError, std::vector<ZkOpResult>)>;

  virtual ~ZkClient() = default;
  // Opens the first session; the listener hears of every change. Paths below are relative to the chroot, which is
  // created when missing.
  virtual void Start(SessionListener listener) = 0;
  // After kExpired: a new session. Callbacks of the old one have all been answered with kSessionExpired before.
  virtual void NewSession() = 0;
  // Ends the session (ephemerals vanish at once); `done` when the server has confirmed or cannot be reached.
  virtual void Close(Task done) = 0;
  virtual ZkSession session() const = 0;
  // Reattaches to a session of an earlier process of this broker and closes it, so that its ephemerals go. Returns
  // kNotFound when that session has already gone.
  virtual void CloseOldSession(const ZkSession& old, UniqueFunction<void(Status)> done) = 0;

  // A null watch sets none. Reading an absent node with a watch in Exists watches its creation.
  virtual void Get(const std::string& path, Watch watch, GetCallback done) = 0;
  virtual void Exists(const std::string& path, Watch watch, ExistsCallback done) = 0;
  virtual void Children(const std::string& path, Watch watch, ChildrenCallback done) = 0;
  virtual void Create(const std::string& path, ZkData data, ZkCreateMode mode, CreateCallback done) = 0;
  virtual void Set(const std::string& path, ZkData data, std::int32_t version, SetCallback done) = 0;
  virtual void Delete(const std::string& path, std::int32_t version, DeleteCallback done) = 0;
  // All or nothing; the error is the culprit's.
  virtual void Multi(std::vector<ZkOp> ops, MultiCallback done) = 0;
};

}  // namespace ottla
