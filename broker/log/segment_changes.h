// The files of a segment come and go. Everything here blocks; nothing is synced.
#pragma once

#include <string>

#include "broker/log/log_config.h"
#include "common/base/ids.h"
#include "common/base/status.h"
#include "common/io/file.h"

namespace ottla {

// The files of an empty segment. Left-over files of that name go first.
Status CreateSegment(FileSystem& files, const std::string& dir, const LogConfig& config, Offset base);

// Gives the segment's files, and the snapshot of that offset, the suffix .deleted.
Status MarkDeleted(FileSystem& files, const std::string& dir, Offset base);
// Unlinks what MarkDeleted renamed.
Status UnlinkDeleted(FileSystem& files, const std::string& dir, Offset base);

// Removes a file; that it was not there is fine.
Status RemoveIfThere(FileSystem& files, const std::string& path);

}  // namespace ottla
