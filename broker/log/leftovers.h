// What a crash left half done in a partition directory: deletions, and segments that a compaction or split was
// replacing.
#pragma once

#include <string>
#include <vector>

#include "common/base/status.h"
#include "common/io/file.h"

namespace ottla {

// Removes *.deleted, *.cleaned and *.tmp files and what belongs to an unfinished swap; completes a finished one, with
// the files it replaces. Gives the names of the files that are there then, sorted. On a disk thread.
Result<std::vector<std::string>> SettleLeftovers(FileSystem& files, const std::string& dir);

}  // namespace ottla
