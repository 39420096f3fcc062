// A file system in which nothing is synced: for work whose caller makes everything durable at once afterwards
// (FileSystem::SyncAll), where a sync of each of thousands of files would take minutes.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "common/io/file.h"

namespace ottla {

// As `real`, which outlives it, but Sync and SyncDir do nothing. Files opened through it may be used for as long as any
// other. Whatever thread `real` is for.
class UnsyncedFiles final : public FileSystem {
 public:
  explicit UnsyncedFiles(FileSystem& real) : real_(real) {}

  Result<std::shared_ptr<File>> Open(const std::string& path, OpenMode mode) override;
  Result<FileInfo> Stat(const std::string& path) const override { return real_.Stat(path); }
  Result<std::vector<DirEntry>> List(const std::string& dir) const override { return real_.List(dir); }
  Status CreateDirs(const std::string& dir) override { return real_.CreateDirs(dir); }
  Status Rename(const std::string& from, const std::string& to) override { return real_.Rename(from, to); }
  Status Remove(const std::string& path) override { return real_.Remove(path); }
  Status RemoveAll(const std::string& dir) override { return real_.RemoveAll(dir); }
  Status SyncDir(const std::string& /*dir*/) override { return Status::Ok(); }
  Status SyncAll(const std::string& dir) override { return real_.SyncAll(dir); }
  Status SetModifiedTime(const std::string& path, std::int64_t mtime_ms) override {
    return real_.SetModifiedTime(path, mtime_ms);
  }
  Result<std::unique_ptr<DirLock>> Lock(const std::string& path) override { return real_.Lock(path); }

 private:
  FileSystem& real_;
};

}  // namespace ottla
