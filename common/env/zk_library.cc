#include "common/env/zk_library.h"

#include <string_view>

#include "common/base/check.h"

namespace ottla {

ZkError ToZkError(int rc) {
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

ZkStat ToZkStat(const struct Stat* stat) {
  if (stat == nullptr) return {};
  return {stat->czxid,   stat->mzxid,    stat->pzxid,          stat->ctime,      stat->mtime,
          stat->version, stat->cversion, stat->ephemeralOwner, stat->numChildren};
}

ZkWatchEvent ToWatchEvent(int type, const char* path) {
  ZkWatchEvent event;
  if (type == ZOO_CREATED_EVENT) event.kind = ZkWatchEvent::Kind::kCreated;
  if (type == ZOO_DELETED_EVENT) event.kind = ZkWatchEvent::Kind::kDeleted;
  if (type == ZOO_CHANGED_EVENT) event.kind = ZkWatchEvent::Kind::kDataChanged;
  if (type == ZOO_CHILD_EVENT) event.kind = ZkWatchEvent::Kind::kChildrenChanged;
  event.path = path != nullptr ? path : "";
  return event;
}

int ToCreateFlags(ZkCreateMode mode) {
  switch (mode) {
    case ZkCreateMode::kPersistent: return 0;
    case ZkCreateMode::kEphemeral: return ZOO_EPHEMERAL;
    case ZkCreateMode::kPersistentSequential: return ZOO_SEQUENCE;
  }
  return 0;
}

const char* BytesOf(const ZkData& data) { return data ? data->data() : nullptr; }
int LengthOf(const ZkData& data) { return data ? static_cast<int>(data->size()) : -1; }

// The lines look like "2026-…:ZOO_INFO@function@123: text"; the date is glog's business.
void LogLibraryLine(const char* message) {
  const std::string_view line(message);
  const std::size_t at = line.find("ZOO_");
  const std::string_view text = at == std::string_view::npos ? line : line.substr(at);
  if (text.starts_with("ZOO_ERROR") || text.starts_with("ZOO_WARN")) {
    LOG_EVERY_T(WARNING, 5) << "zookeeper: " << text;
  } else {
    VLOG(1) << "zookeeper: " << text;
  }
}

}  // namespace ottla
