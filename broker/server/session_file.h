// The ZooKeeper session of the process before: a 0600 file in the first log dir, by which a restart ends that session
// instead of waiting for its timeout. Blocking; a disk executor's business.
#pragma once

#include <string>

#include "common/base/status.h"
#include "common/io/file.h"
#include "common/zk/zk_client.h"

namespace ottla {

std::string SessionFilePath(const std::string& log_dir);
Status WriteSessionFile(FileSystem& files, const std::string& path, const ZkSession& session);
// kNotFound: there is none. kCorrupt: not ours; it is ignored by the caller.
Result<ZkSession> ReadSessionFile(FileSystem& files, const std::string& path);

}  // namespace ottla
