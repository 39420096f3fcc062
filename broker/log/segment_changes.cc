#include "broker/log/segment_changes.h"

#include "broker/log/segment_files.h"

namespace ottla {

Status CreateSegment(FileSystem& files, const std::string& dir, const LogConfig& config, Offset base) {
  OTTLA_RETURN_IF_ERROR(RemoveIfThere(files, SegmentPath(dir, base, kTxnIndexSuffix)));
  for (const auto suffix : {kLogSuffix, kOffsetIndexSuffix, kTimeIndexSuffix}) {
    const auto file = files.Open(SegmentPath(dir, base, suffix), OpenMode::kCreate);
    if (!file.ok()) return file.status();
    OTTLA_RETURN_IF_ERROR((*file)->Truncate(0));
    if (suffix == kLogSuffix && config.preallocate) {
      OTTLA_RETURN_IF_ERROR((*file)->Truncate(static_cast<std::uint64_t>(config.segment_bytes)));
    }
  }
  return Status::Ok();
}

Status MarkDeleted(FileSystem& files, const std::string& dir, Offset base) {
  for (const auto suffix : kSegmentSuffixes) {
    const std::string path = SegmentPath(dir, base, suffix);
    Status status = files.Rename(path, path + std::string(kDeletedSuffix));
    if (!status.ok() && status.code() != StatusCode::kNotFound) return status;
  }
  return Status::Ok();
}

Status UnlinkDeleted(FileSystem& files, const std::string& dir, Offset base) {
  for (const auto suffix : kSegmentSuffixes) {
    OTTLA_RETURN_IF_ERROR(RemoveIfThere(files, SegmentPath(dir, base, suffix) + std::string(kDeletedSuffix)));
  }
  return Status::Ok();
}

Status RemoveIfThere(FileSystem& files, const std::string& path) {
  Status status = files.Remove(path);
  return status.code() == StatusCode::kNotFound ? Status::Ok() : status;
}

}  // namespace ottla
