// The file (0600, in the first log dir) in which a broker leaves its ZooKeeper session's id and password, so that its
// next process can end that session at once instead of waiting for its timeout. Calls block: at start, or off the
// loops.
#pragma once

#include <optional>
#include <string>

#include "common/base/status.h"
#include "common/zk/zk_client.h"

namespace ottla {

inline constexpr char kZkSessionFile[] = "zookeeper.session";

// Replaces the file in one step.
Status WriteZkSessionFile(const std::string& path, const ZkSession& session);
// nullopt: there is none, or it is not one of ours.
std::optional<ZkSession> ReadZkSessionFile(const std::string& path);
// After a clean stop: there is no session to end.
void RemoveZkSessionFile(const std::string& path);

}  // namespace ottla
