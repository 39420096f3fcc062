#include "common/zk/zk_client.h"

namespace ottla {

std::string_view ToString(ZkError error) {
  switch (error) {
    case ZkError::kOk: return "ok";
    case ZkError::kNoNode: return "no node";
    case ZkError::kNodeExists: return "node exists";
    case ZkError::kBadVersion: return "bad version";
    case ZkError::kNotEmpty: return "not empty";
    case ZkError::kNoChildrenForEphemerals: return "no children for ephemerals";
    case ZkError::kConnectionLoss: return "connection loss";
    case ZkError::kSessionExpired: return "session expired";
    case ZkError::kAuthFailed: return "authentication failed";
    case ZkError::kRuntimeInconsistency: return "not tried";
    case ZkError::kOther: return "other error";
  }
  return "unknown";
}

}  // namespace ottla
