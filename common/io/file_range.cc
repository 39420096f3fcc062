#include "common/io/file_range.h"

#include <algorithm>
#include <vector>

namespace ottla {
Status ProbeCached(const FileRange& range, std::uint64_t position) {
  if (range.file == nullptr || position >= range.hot_from) return Status::Ok();
  char byte = 0;
  return range.file->TryReadAt({&byte, 1}, position).status();
}

Status WarmUp(const FileRange& range, std::uint64_t length) {
  if (range.file == nullptr) return Status::Ok();
  std::vector<char> buffer(std::min<std::uint64_t>(length, 256 << 10));
  for (std::uint64_t done = 0; done < length;) {
    const std::uint64_t step = std::min<std::uint64_t>(buffer.size(), length - done);
    const auto got = range.file->ReadAt({buffer.data(), step}, range.position + done);
    if (!got.ok()) return got.status();
    if (*got == 0) break;
    done += *got;
  }
  return Status::Ok();
}

}  // namespace ottla
