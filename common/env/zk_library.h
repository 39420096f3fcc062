// What libzookeeper_mt says, in the words of common/zk/zk_client.h, and the other way round. Pure, but for the log
// line; any thread. The one place where the library's codes are mapped, each once.
#pragma once

#include <zookeeper/zookeeper.h>

#include "common/zk/zk_client.h"

namespace ottla {

// Codes that nobody here acts on are kOther.
ZkError ToZkError(int rc);
ZkStat ToZkStat(const struct Stat* stat);  // null: all zero
ZkWatchEvent ToWatchEvent(int type, const char* path);
int ToCreateFlags(ZkCreateMode mode);

// Null data is told by length -1. The bytes live as long as `data`.
const char* BytesOf(const ZkData& data);
int LengthOf(const ZkData& data);

// Takes the library's lines. Errors and warnings at most one each 5 s: a server that is away is told 30 times a second.
void LogLibraryLine(const char* message);

}  // namespace ottla
