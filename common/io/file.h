// Seam: disk. Real: POSIX. Simulated: pages in memory, of which lost power keeps any subset not yet synced.
// Every call here may block; data loops call only what is documented as quick.
#pragma once

#include <sys/uio.h>

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/status.h"

namespace ottla {

// One open file. Positions and lengths in bytes. Reads may come from several threads at once; writes, truncation and
// sync from one at a time. The descriptor stays open while anybody holds the object, so unlinking or renaming the path
// never disturbs a reader.
class File {
 public:
  virtual ~File() = default;
  // Quick when the bytes go to the page cache. Short writes are continued; on failure some bytes may have been written
  // (the caller truncates back). The file grows as needed.
  virtual Status WriteAt(std::span<const iovec> parts, std::uint64_t offset) = 0;
  // Right after WriteAt, on the same thread: did it wait for anything (the disk, the journal, room for dirty pages)?
  // A long write that did not was kept from its core by others, which says nothing about the disk. True: not known.
  virtual bool WaitedInWrite() const { return true; }
  // Reads up to `into.size()` bytes; fewer only at the end of the file.
  virtual Result<std::size_t> ReadAt(std::span<char> into, std::uint64_t offset) const = 0;
  // As ReadAt, but kUnavailable instead of waiting for the disk (preadv2 RWF_NOWAIT). For data loops.
  virtual Result<std::size_t> TryReadAt(std::span<char> into, std::uint64_t offset) const = 0;
  virtual Status Truncate(std::uint64_t size) = 0;  // shorter or longer (zeros)
  virtual Status Sync() = 0;                        // data and size; a failure is final for the log dir
  virtual Result<std::uint64_t> Size() const = 0;
  // The descriptor for Stream::SendFile; -1: only copies of the bytes can be sent.
  virtual int NativeFd() const { return -1; }

  Status Write(std::string_view bytes, std::uint64_t offset) {
    const iovec part{const_cast<char*>(bytes.data()), bytes.size()};
    return WriteAt({&part, 1}, offset);
  }
};

struct DirEntry {
  std::string name;
  bool is_dir = false;
};

struct FileInfo {
  std::uint64_t size = 0;
  std::int64_t mtime_ms = 0;  // since 1970 UTC
  bool is_dir = false;
};

// Held: the directory belongs to this process. Released on destruction.
class DirLock {
 public:
  virtual ~DirLock() = default;
};

enum class OpenMode {
  kRead,           // must exist
  kWrite,          // read and write, must exist
  kCreate,         // read and write, created if missing (directory entry not yet durable)
  kCreatePrivate,  // as kCreate, and nobody but the owner may read it
};

// Paths are as the config gives them. Directory changes (create, rename, remove) are durable after SyncDir of the
// parent.
class FileSystem {
 public:
  virtual ~FileSystem() = default;
  virtual Result<std::shared_ptr<File>> Open(const std::string& path, OpenMode mode) = 0;
  virtual Result<FileInfo> Stat(const std::string& path) const = 0;
  virtual Result<std::vector<DirEntry>> List(const std::string& dir) const = 0;  // without . and ..; sorted by name
  virtual Status CreateDirs(const std::string& dir) = 0;                         // with parents; existing is fine
  virtual Status Rename(const std::string& from, const std::string& to) = 0;     // replaces an existing file
  virtual Status Remove(const std::string& path) = 0;                            // one file or empty directory
  virtual Status RemoveAll(const std::string& dir) = 0;
  virtual Status SyncDir(const std::string& dir) = 0;
  // Everything written so far on the file system that holds `dir`: bytes, sizes and names (syncfs). One call instead of
  // thousands; takes as long as the disk needs for all that is unwritten there, whoever wrote it.
  virtual Status SyncAll(const std::string& dir) = 0;
  virtual Status SetModifiedTime(const std::string& path, std::int64_t mtime_ms) = 0;
  // fcntl record lock on `path` (created if missing), as Java's FileLock: kAlreadyExists when another process holds it.
  virtual Result<std::unique_ptr<DirLock>> Lock(const std::string& path) = 0;

  // Whole small files. kCorrupt when larger than `limit`.
  Result<std::string> ReadFile(const std::string& path, std::uint64_t limit = 64 << 20);
  // Atomic replacement: `path`.tmp, fsync, rename, fsync of the directory.
  Status ReplaceFile(const std::string& path, std::string_view content, bool only_owner = false);
};

}  // namespace ottla
