// After a failed fsync the kernel takes the bytes for written: they stay readable, and the next fsync of the same file
// succeeds without them. The directory is offline then, but a new process would find whole batches in the page cache,
// flush nothing, raise the recovery point over them and lose them with the power. So whoever fails leaves a mark beside
// the log, and the next scan writes again what it reads. The mark itself need not be durable: lost power empties the
// page cache, and then the scan sees what the disk has. Everything here blocks.
#pragma once

#include <cstdint>
#include <string>

#include "common/base/status.h"
#include "common/io/file.h"

namespace ottla {

// fsync of a file in the partition directory `dir`; a failure leaves the mark there.
Status SyncOrMark(FileSystem& files, const std::string& dir, File& file);
// The mark alone, for who found otherwise that a sync failed.
void MarkFailedSync(FileSystem& files, const std::string& dir);

bool HasFailedSync(FileSystem& files, const std::string& dir);
Status ForgetFailedSync(FileSystem& files, const std::string& dir);

// Makes every page of the file dirty again, by writing what is in it.
Status WriteAgain(File& file);

}  // namespace ottla
