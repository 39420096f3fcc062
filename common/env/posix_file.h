// The disk seam on POSIX. Any thread. Locks are fcntl record locks as Java's FileChannel.lock takes them, so that our
// broker and Kafka's keep each other out of a log dir.
#pragma once

#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "common/io/file.h"

namespace ottla {

class PosixFileSystem final : public FileSystem {
 public:
  Result<std::shared_ptr<File>> Open(const std::string& path, OpenMode mode) override;
  Result<FileInfo> Stat(const std::string& path) const override;
  Result<std::vector<DirEntry>> List(const std::string& dir) const override;
  Status CreateDirs(const std::string& dir) override;
  Status Rename(const std::string& from, const std::string& to) override;
  Status Remove(const std::string& path) override;
  Status RemoveAll(const std::string& dir) override;
  Status SyncDir(const std::string& dir) override;
  Status SyncAll(const std::string& dir) override;
  Status SetModifiedTime(const std::string& path, std::int64_t mtime_ms) override;
  Result<std::unique_ptr<DirLock>> Lock(const std::string& path) override;

 private:
  // fcntl locks are per process: a second lock of the same file by us would succeed, and closing either descriptor
  // would drop both. So the files held are remembered by device and inode.
  struct HeldLocks {
    std::mutex mutex;
    std::set<std::pair<std::uint64_t, std::uint64_t>> files;
  };
  class PosixLock;
  std::shared_ptr<HeldLocks> held_ = std::make_shared<HeldLocks>();
};

}  // namespace ottla
