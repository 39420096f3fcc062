#include "tests/sim/env/sim_file.h"

#include <algorithm>

namespace ottla::sim {

namespace {

std::string Join(std::span<const iovec> parts) {
  std::string bytes;
  for (const iovec& part : parts) bytes.append(static_cast<const char*>(part.iov_base), part.iov_len);
  return bytes;
}

}  // namespace

Status SimFile::CheckUsable() const {
  if (files_.generation_ != generation_) return {StatusCode::kClosed, path_ + ": opened by a process that has ended"};
  return {};
}

Status SimFile::CheckWritable() const {
  OTTLA_RETURN_IF_ERROR(CheckUsable());
  if (!writable_) return {StatusCode::kInvalidArgument, path_ + ": opened for reading"};
  return {};
}

std::uint64_t SimFile::RoomFor(std::uint64_t offset, std::uint64_t count) const {
  const std::uint64_t size = inode_->pages.size();
  const std::uint64_t end = std::max(size, offset + count);
  std::uint64_t room = files_.faults_.capacity - std::min(files_.faults_.capacity, files_.bytes_used_);
  if (files_.faults_.full && files_.Struck(path_)) room = 0;
  if (end - size <= room) return count;
  const std::uint64_t last = size + room;
  return last > offset ? last - offset : 0;
}

Status SimFile::WriteAt(std::span<const iovec> parts, std::uint64_t offset) {
  OTTLA_RETURN_IF_ERROR(CheckWritable());
  const std::string bytes = Join(parts);
  OTTLA_RETURN_IF_ERROR(files_.Change(FileOp::kWrite, path_, offset * 31 + bytes.size()));
  const FileFaults& faults = files_.faults_;
  if (files_.FiresAt(path_, faults.write_error, "file.write_error"))
    return {StatusCode::kIoError, path_ + ": simulated"};
  if (faults.write_back > 0 && files_.random_.Chance(faults.write_back)) {
    inode_->pages.WriteBack(files_.random_, 0.5);
  }
  std::uint64_t count = RoomFor(offset, bytes.size());
  std::string why = count < bytes.size() ? ": no space left on device" : "";
  if (!why.empty()) ++files_.fired_["file.no_space"];
  if (count > 0 && files_.FiresAt(path_, faults.short_write, "file.short_write")) {
    count = files_.random_.Below(count);
    why = ": simulated short write";
  }
  const std::uint64_t before = inode_->pages.size();
  inode_->pages.Write(offset, {bytes.data(), static_cast<std::size_t>(count)});
  files_.bytes_used_ += inode_->pages.size() - before;
  inode_->mtime_ms = files_.NowMillis();
  if (!why.empty()) return {StatusCode::kIoError, path_ + why};
  return {};
}

Result<std::size_t> SimFile::ReadAt(std::span<char> into, std::uint64_t offset) const {
  OTTLA_RETURN_IF_ERROR(CheckUsable());
  OTTLA_RETURN_IF_ERROR(files_.Admit(FileOp::kRead, path_, offset * 31 + into.size()));
  if (files_.FiresAt(path_, files_.faults_.read_error, "file.read_error")) {
    return Status(StatusCode::kIoError, path_ + ": simulated read error");
  }
  return inode_->pages.Read(offset, into);
}

Result<std::size_t> SimFile::TryReadAt(std::span<char> into, std::uint64_t offset) const {
  OTTLA_RETURN_IF_ERROR(CheckUsable());
  OTTLA_RETURN_IF_ERROR(files_.Admit(FileOp::kTryRead, path_, offset * 31 + into.size()));
  if (files_.Fires(files_.faults_.try_read_unavailable, "file.try_read_unavailable")) {
    return Status(StatusCode::kUnavailable, path_ + ": not in the page cache");
  }
  if (files_.FiresAt(path_, files_.faults_.read_error, "file.read_error")) {
    return Status(StatusCode::kIoError, path_ + ": simulated read error");
  }
  return inode_->pages.Read(offset, into);
}

Status SimFile::Truncate(std::uint64_t size) {
  OTTLA_RETURN_IF_ERROR(CheckWritable());
  OTTLA_RETURN_IF_ERROR(files_.Change(FileOp::kTruncate, path_, size));
  if (files_.FiresAt(path_, files_.faults_.write_error, "file.truncate_error"))
    return {StatusCode::kIoError, path_ + ": simulated"};
  const std::uint64_t before = inode_->pages.size();
  inode_->pages.Truncate(size);
  files_.bytes_used_ = files_.bytes_used_ - std::min(files_.bytes_used_, before) + size;
  inode_->mtime_ms = files_.NowMillis();
  return {};
}

Status SimFile::Sync() {
  OTTLA_RETURN_IF_ERROR(CheckUsable());
  OTTLA_RETURN_IF_ERROR(files_.Change(FileOp::kSync, path_, inode_->pages.size()));
  if (files_.FiresAt(path_, files_.faults_.sync_error, "file.sync_error")) {
    inode_->pages.WriteBack(files_.random_, 0.5);
    inode_->pages.ForgetDirty();
    return {StatusCode::kIoError, path_ + ": simulated fsync failure"};
  }
  inode_->pages.Sync();
  return {};
}

Result<std::uint64_t> SimFile::Size() const {
  OTTLA_RETURN_IF_ERROR(CheckUsable());
  OTTLA_RETURN_IF_ERROR(files_.Admit(FileOp::kStat, path_));
  return inode_->pages.size();
}

}  // namespace ottla::sim
