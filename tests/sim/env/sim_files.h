// The disk of one simulated machine: FileSystem over pages in memory. It outlives processes. A plain POSIX file system:
// nothing is durable before Sync() of the file and SyncDir() of the directory that names it; a file whose entry was
// never synced may vanish with lost power, a rename may be undone (but is never half done).
// One thread. Paths are absolute or relative to the root alike; "." and ".." are not understood.
#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/random.h"
#include "common/io/file.h"
#include "tests/sim/env/sim_pages.h"

namespace ottla::sim {

enum class FileOp {
  kOpen,
  kRead,
  kTryRead,
  kWrite,
  kTruncate,
  kSync,
  kStat,
  kList,
  kMkdir,
  kRename,
  kRemove,
  kSyncDir,
  kLock
};
std::string_view ToString(FileOp op);

// Chances per call. A chosen fault fails the call with kIoError.
struct FileFaults {
  double read_error = 0;
  double write_error = 0;  // nothing was written
  double short_write = 0;  // a part was written
  double sync_error = 0;
  double name_error = 0;            // open, mkdir, rename, remove, syncdir
  double try_read_unavailable = 0;  // kUnavailable: not in the page cache
  double write_back = 0.05;         // chance per write that the kernel wrote some dirty pages back before
  // Errors strike only paths that begin with this (one log dir of several); empty: all.
  std::string under;
  bool full = false;  // nothing grows and nothing is created: no space left
  std::uint64_t capacity = std::numeric_limits<std::uint64_t>::max();  // bytes on the disk; past it writes end short
};

class SimFiles final : public FileSystem {
 public:
  explicit SimFiles(std::uint64_t seed);
  ~SimFiles() override;

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

  // The process ends: its open files and locks are dead (calls on them fail with kClosed), the page cache stays.
  void Crash();
  // Crash(), and of everything not synced any subset is lost.
  void LosePower();
  // While down every call fails with kClosed, so that objects of a killed process change nothing as they are destroyed.
  void SetDown(bool down) { down_ = down; }
  // Everything so far becomes durable: a quiet start for a test.
  void SyncAll();

  FileFaults& faults() { return faults_; }
  // Asked before every call with its path; a failure is returned instead of doing it. For faults at an exact place.
  void set_hook(std::function<Status(FileOp, const std::string& path)> hook) { hook_ = std::move(hook); }
  // Of the calls that change something, this many more succeed; all later calls fail, as in a process that died there.
  void SetOpBudget(std::uint64_t count) { budget_ = count; }
  bool budget_spent() const { return budget_spent_; }
  void ClearOpBudget();
  std::uint64_t changes() const { return changes_; }  // calls that changed something, ever

  // For checkers: what a process would see, past any fault, and unseen by hook and observer. nullopt: no such file.
  std::optional<std::string> Peek(const std::string& path) const;
  std::vector<std::string> PeekNames(const std::string& dir) const;
  // At most `most` bytes from `offset`; fewer at the end of the file, or when there is none.
  std::string PeekAt(const std::string& path, std::uint64_t offset, std::size_t most) const;

  void set_wall_clock(std::function<std::int64_t()> now_ms) { now_ms_ = std::move(now_ms); }
  // Told of every call that was let through, for a trace hash.
  void set_observer(std::function<void(FileOp, const std::string& path, std::uint64_t detail)> observer) {
    observer_ = std::move(observer);
  }
  std::uint64_t bytes_used() const { return bytes_used_; }
  // What faults fired how often, by name.
  const std::map<std::string, std::uint64_t>& fired() const { return fired_; }

 private:
  friend class SimFile;
  friend class SimDirLock;

  struct Inode {
    bool is_dir = false;
    SimPages pages;
    std::int64_t mtime_ms = 0;
    std::map<std::string, std::shared_ptr<Inode>> entries;  // as a process sees them
    std::map<std::string, std::shared_ptr<Inode>> durable;  // as lost power would leave them
  };
  using InodePtr = std::shared_ptr<Inode>;

  // One unsynced change of names. `second` is used by renames only.
  struct NameChange {
    enum class Kind { kLink, kUnlink, kRename } kind = Kind::kLink;
    InodePtr dir;
    std::string name;
    InodePtr second_dir;
    std::string second_name;
    InodePtr inode;
    bool Touches(const InodePtr& d, const std::string& n) const {
      return (dir == d && name == n) || (second_dir == d && second_name == n);
    }
  };

  struct Place {
    InodePtr dir;
    std::string name;  // empty: the root itself
    InodePtr inode;    // null: absent
  };

  Status Admit(FileOp op, const std::string& path, std::uint64_t detail = 0) const;
  Status Change(FileOp op, const std::string& path, std::uint64_t detail = 0);
  bool Fires(double chance, const char* name) const;
  bool FiresAt(const std::string& path, double chance, const char* name) const {
    return chance > 0 && Struck(path) && Fires(chance, name);
  }
  bool Struck(const std::string& path) const { return path.starts_with(faults_.under); }
  Status RoomForName(const std::string& path);
  Result<Place> Find(const std::string& path) const;
  void Link(const Place& place, const InodePtr& inode);
  void Unlink(const Place& place);
  Status RemoveTree(const std::string& path);
  static void Apply(const NameChange& change);
  std::int64_t NowMillis() const { return now_ms_ ? now_ms_() : 0; }
  void MeasureUse();
  void ForEachFile(const std::function<void(Inode&)>& visit);  // directories too

  mutable Random random_;
  InodePtr root_;
  std::vector<NameChange> unsynced_;
  std::map<std::string, std::uint64_t> locks_;  // path -> generation that holds it
  std::uint64_t generation_ = 1;                // one per process
  bool down_ = false;
  FileFaults faults_;
  std::function<Status(FileOp, const std::string&)> hook_;
  std::function<std::int64_t()> now_ms_;
  std::function<void(FileOp, const std::string&, std::uint64_t)> observer_;
  std::uint64_t budget_ = std::numeric_limits<std::uint64_t>::max();
  bool budget_spent_ = false;
  std::uint64_t changes_ = 0;
  std::uint64_t bytes_used_ = 0;
  mutable std::map<std::string, std::uint64_t> fired_;
};

}  // namespace ottla::sim
