#include "common/env/posix_file.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstdio>
#include <filesystem>
#include <system_error>

namespace ottla {
namespace {

Status Fail(std::string_view doing, const std::string& path) {
  const int error = errno;
  return ErrnoStatus(error, std::string(doing) + " " + path);
}

// How often this thread has given up its core to wait for something; being preempted does not count.
long VoluntaryWaits() {
  rusage usage{};
  ::getrusage(RUSAGE_THREAD, &usage);
  return usage.ru_nvcsw;
}

class PosixFile final : public File {
 public:
  PosixFile(int fd, std::string path) : fd_(fd), path_(std::move(path)) {}
  PosixFile(const PosixFile&) = delete;
  PosixFile& operator=(const PosixFile&) = delete;
  ~PosixFile() override { ::close(fd_); }

  Status WriteAt(std::span<const iovec> parts, std::uint64_t offset) override {
    waits_before_write_ = VoluntaryWaits();
    std::vector<iovec> left(parts.begin(), parts.end());
    std::size_t first = 0;
    while (first < left.size()) {
      if (left[first].iov_len == 0) {
        ++first;
        continue;
      }
      const int count = static_cast<int>(std::min<std::size_t>(left.size() - first, IOV_MAX));
      const ssize_t written = ::pwritev(fd_, &left[first], count, static_cast<off_t>(offset));
      if (written < 0) {
        if (errno == EINTR) continue;
        return Fail("writing", path_);
      }
      if (written == 0) return {StatusCode::kIoError, "writing " + path_ + ": no progress"};
      offset += static_cast<std::uint64_t>(written);
      first = Consume(left, first, static_cast<std::size_t>(written));
    }
    return Status::Ok();
  }

  bool WaitedInWrite() const override { return VoluntaryWaits() != waits_before_write_; }

  Result<std::size_t> ReadAt(std::span<char> into, std::uint64_t offset) const override {
    return Read(into, offset, 0);
  }

  Result<std::size_t> TryReadAt(std::span<char> into, std::uint64_t offset) const override {
    return Read(into, offset, RWF_NOWAIT);
  }

  Status Truncate(std::uint64_t size) override {
    return Retry([&] { return ::ftruncate(fd_, static_cast<off_t>(size)); }, "truncating");
  }
  // fdatasync writes the size too when it changed; only times may be lost.
  Status Sync() override {
    return Retry([&] { return ::fdatasync(fd_); }, "syncing");
  }
  Result<std::uint64_t> Size() const override {
    struct stat info {};
    if (::fstat(fd_, &info) != 0) return Fail("stat of", path_);
    return static_cast<std::uint64_t>(info.st_size);
  }
  int NativeFd() const override { return fd_; }

 private:
  static std::size_t Consume(std::vector<iovec>& left, std::size_t first, std::size_t written) {
    while (first < left.size() && written >= left[first].iov_len) written -= left[first++].iov_len;
    if (first < left.size()) {
      left[first].iov_base = static_cast<char*>(left[first].iov_base) + written;
      left[first].iov_len -= written;
    }
    return first;
  }

  Result<std::size_t> Read(std::span<char> into, std::uint64_t offset, int flags) const {
    std::size_t done = 0;
    while (done < into.size()) {
      const iovec part{into.data() + done, into.size() - done};
      const ssize_t got = ::preadv2(fd_, &part, 1, static_cast<off_t>(offset + done), flags);
      if (got > 0) {
        done += static_cast<std::size_t>(got);
      } else if (got == 0) {
        break;
      } else if (errno == EAGAIN) {
        return Status(StatusCode::kUnavailable, "not in the page cache: " + path_);
      } else if (errno == EOPNOTSUPP && flags != 0) {
        flags = 0;  // file systems in memory do not know the flag, and do not wait either
      } else if (errno != EINTR) {
        return Fail("reading", path_);
      }
    }
    return done;
  }

  template <class Call>
  Status Retry(Call call, std::string_view doing) {
    while (call() != 0) {
      if (errno != EINTR) return Fail(doing, path_);
    }
    return Status::Ok();
  }

  long waits_before_write_ = 0;
  const int fd_;
  const std::string path_;
};

int Flags(OpenMode mode) {
  switch (mode) {
    case OpenMode::kRead: return O_RDONLY | O_CLOEXEC;
    case OpenMode::kWrite: return O_RDWR | O_CLOEXEC;
    case OpenMode::kCreate:
    case OpenMode::kCreatePrivate: return O_RDWR | O_CREAT | O_CLOEXEC;
  }
  return O_RDONLY | O_CLOEXEC;
}

int OpenRetrying(const char* path, int flags) {
  int fd = -1;
  do {
    fd = ::open(path, flags, 0644);
  } while (fd < 0 && errno == EINTR);
  return fd;
}

bool IsDir(const std::string& dir, const dirent& entry) {
  if (entry.d_type != DT_UNKNOWN && entry.d_type != DT_LNK) return entry.d_type == DT_DIR;
  struct stat info {};
  return ::stat((dir + "/" + entry.d_name).c_str(), &info) == 0 && S_ISDIR(info.st_mode);
}

}  // namespace

Result<std::shared_ptr<File>> PosixFileSystem::Open(const std::string& path, OpenMode mode) {
  const int fd = OpenRetrying(path.c_str(), Flags(mode));
  if (fd < 0) return Fail("opening", path);
  auto file = std::make_shared<PosixFile>(fd, path);
  if (mode == OpenMode::kCreatePrivate && ::fchmod(fd, 0600) != 0) return Fail("closing to others", path);
  return std::shared_ptr<File>(std::move(file));
}

Result<FileInfo> PosixFileSystem::Stat(const std::string& path) const {
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0) return Fail("stat of", path);
  return FileInfo{.size = static_cast<std::uint64_t>(info.st_size),
                  .mtime_ms = info.st_mtim.tv_sec * 1000 + info.st_mtim.tv_nsec / 1'000'000,
                  .is_dir = S_ISDIR(info.st_mode)};
}

Result<std::vector<DirEntry>> PosixFileSystem::List(const std::string& dir) const {
  const std::unique_ptr<DIR, int (*)(DIR*)> stream(::opendir(dir.c_str()), &::closedir);
  if (!stream) return Fail("listing", dir);
  std::vector<DirEntry> entries;
  for (;;) {
    errno = 0;
    const dirent* entry = ::readdir(stream.get());  // NOLINT(concurrency-mt-unsafe): the stream is ours alone
    if (entry == nullptr) break;
    std::string name = entry->d_name;
    if (name != "." && name != "..") entries.push_back({.name = std::move(name), .is_dir = IsDir(dir, *entry)});
  }
  if (errno != 0) return Fail("listing", dir);
  std::ranges::sort(entries, {}, &DirEntry::name);
  return entries;
}

Status PosixFileSystem::CreateDirs(const std::string& dir) {
  std::error_code error;
  std::filesystem::create_directories(dir, error);
  return error ? ErrnoStatus(error.value(), "creating " + dir) : Status::Ok();
}

Status PosixFileSystem::Rename(const std::string& from, const std::string& to) {
  return ::rename(from.c_str(), to.c_str()) == 0 ? Status::Ok() : Fail("renaming to " + to + ":", from);
}

Status PosixFileSystem::Remove(const std::string& path) {
  return std::remove(path.c_str()) == 0 ? Status::Ok() : Fail("removing", path);
}

Status PosixFileSystem::RemoveAll(const std::string& dir) {
  std::error_code error;
  std::filesystem::remove_all(dir, error);
  return error ? ErrnoStatus(error.value(), "removing " + dir) : Status::Ok();
}

namespace {

Status SyncBy(int (*sync)(int), const std::string& dir) {
  const int fd = OpenRetrying(dir.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return Fail("opening", dir);
  int result = 0;
  do {
    result = sync(fd);
  } while (result != 0 && errno == EINTR);
  Status status = result == 0 ? Status::Ok() : Fail("syncing", dir);
  ::close(fd);
  return status;
}

}  // namespace

Status PosixFileSystem::SyncDir(const std::string& dir) { return SyncBy(::fsync, dir); }

// Tells of failed writes since Linux 5.8.
Status PosixFileSystem::SyncAll(const std::string& dir) { return SyncBy(::syncfs, dir); }

Status PosixFileSystem::SetModifiedTime(const std::string& path, std::int64_t mtime_ms) {
  std::int64_t seconds = mtime_ms / 1000;
  std::int64_t rest = mtime_ms % 1000;
  if (rest < 0) {
    --seconds;
    rest += 1000;
  }
  const timespec times[2] = {{.tv_sec = 0, .tv_nsec = UTIME_OMIT}, {.tv_sec = seconds, .tv_nsec = rest * 1'000'000}};
  return ::utimensat(AT_FDCWD, path.c_str(), times, 0) == 0 ? Status::Ok() : Fail("setting the time of", path);
}

class PosixFileSystem::PosixLock final : public DirLock {
 public:
  PosixLock(int fd, std::pair<std::uint64_t, std::uint64_t> file, std::shared_ptr<HeldLocks> held)
      : fd_(fd), file_(file), held_(std::move(held)) {}
  PosixLock(const PosixLock&) = delete;
  PosixLock& operator=(const PosixLock&) = delete;
  ~PosixLock() override {
    const std::lock_guard guard(held_->mutex);
    ::close(fd_);  // releases the record lock
    held_->files.erase(file_);
  }

 private:
  const int fd_;
  const std::pair<std::uint64_t, std::uint64_t> file_;
  const std::shared_ptr<HeldLocks> held_;
};

Result<std::unique_ptr<DirLock>> PosixFileSystem::Lock(const std::string& path) {
  const std::lock_guard guard(held_->mutex);
  struct stat info {};
  // Looked at before opening: closing any descriptor of a file we have locked would release that lock.
  if (::stat(path.c_str(), &info) == 0 && held_->files.contains({info.st_dev, info.st_ino})) {
    return Status(StatusCode::kAlreadyExists, path + " is locked by this process");
  }
  const int fd = OpenRetrying(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC);
  if (fd < 0) return Fail("opening", path);
  struct flock request {};
  request.l_type = F_WRLCK;
  request.l_whence = SEEK_SET;
  if (::fcntl(fd, F_SETLK, &request) != 0) {
    const bool taken = errno == EACCES || errno == EAGAIN;
    const Status failed = Fail("locking", path);
    ::close(fd);
    return taken ? Status(StatusCode::kAlreadyExists, path + " is locked by another process") : failed;
  }
  if (::fstat(fd, &info) != 0) {
    const Status failed = Fail("stat of", path);
    ::close(fd);
    return failed;
  }
  const std::pair<std::uint64_t, std::uint64_t> file{info.st_dev, info.st_ino};
  held_->files.insert(file);
  return std::unique_ptr<DirLock>(std::make_unique<PosixLock>(fd, file, held_));
}

}  // namespace ottla
