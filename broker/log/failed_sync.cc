#include "broker/log/failed_sync.h"

#include <algorithm>
#include <string_view>

#include "common/base/check.h"

namespace ottla {
namespace {

constexpr std::string_view kFailedSyncFile = "failed-sync";
constexpr std::uint64_t kStep = 1 << 20;

std::string MarkOf(const std::string& dir) { return dir + "/" + std::string(kFailedSyncFile); }

}  // namespace

void MarkFailedSync(FileSystem& files, const std::string& dir) {
  if (const auto mark = files.Open(MarkOf(dir), OpenMode::kCreate); !mark.ok()) {
    LOG(ERROR) << MarkOf(dir) << " cannot be written (" << mark.status()
               << "): before this directory is used again, unmount it, so that nothing is read from memory";
  }
}

Status SyncOrMark(FileSystem& files, const std::string& dir, File& file) {
  Status synced = file.Sync();
  if (!synced.ok()) MarkFailedSync(files, dir);
  return synced;
}

bool HasFailedSync(FileSystem& files, const std::string& dir) { return files.Stat(MarkOf(dir)).ok(); }

Status ForgetFailedSync(FileSystem& files, const std::string& dir) { return files.Remove(MarkOf(dir)); }

Status WriteAgain(File& file) {
  const auto size = file.Size();
  if (!size.ok()) return size.status();
  std::string buffer(std::min(*size, kStep), '\0');
  for (std::uint64_t done = 0; done < *size;) {
    const auto got = file.ReadAt(buffer, done);
    if (!got.ok()) return got.status();
    if (*got == 0) break;
    OTTLA_RETURN_IF_ERROR(file.Write(std::string_view(buffer).substr(0, *got), done));
    done += *got;
  }
  // The size, too, must count as changed.
  OTTLA_RETURN_IF_ERROR(file.Truncate(*size + 1));
  return file.Truncate(*size);
}

}  // namespace ottla
