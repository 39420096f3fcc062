#include "common/io/file.h"

namespace ottla {
namespace {

std::string ParentDir(const std::string& path) {
  const auto slash = path.find_last_of('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

}  // namespace

Result<std::string> FileSystem::ReadFile(const std::string& path, std::uint64_t limit) {
  auto file = Open(path, OpenMode::kRead);
  if (!file.ok()) return file.status();
  const auto size = (*file)->Size();
  if (!size.ok()) return size.status();
  if (*size > limit) {
    return Status(StatusCode::kCorrupt,
                  path + " has " + std::to_string(*size) + " bytes, more than such a file can have");
  }
  std::string content(*size, '\0');
  const auto read = (*file)->ReadAt(content, 0);
  if (!read.ok()) return read.status();
  content.resize(*read);
  return content;
}

Status FileSystem::ReplaceFile(const std::string& path, std::string_view content, bool only_owner) {
  const std::string temporary = path + ".tmp";
  auto file = Open(temporary, only_owner ? OpenMode::kCreatePrivate : OpenMode::kCreate);
  if (!file.ok()) return file.status();
  OTTLA_RETURN_IF_ERROR((*file)->Truncate(0));
  OTTLA_RETURN_IF_ERROR((*file)->Write(content, 0));
  OTTLA_RETURN_IF_ERROR((*file)->Sync());
  OTTLA_RETURN_IF_ERROR(Rename(temporary, path));
  return SyncDir(ParentDir(path));
}

}  // namespace ottla
