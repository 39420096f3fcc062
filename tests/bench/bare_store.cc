#include "tests/bench/bare_store.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>

#include "common/base/check.h"
#include "common/record/record_batch.h"

namespace ottla {
namespace {

void WriteAt(int fd, std::string_view bytes, std::int64_t position) {
  while (!bytes.empty()) {
    const ssize_t written = pwrite(fd, bytes.data(), bytes.size(), position);
    PCHECK(written > 0);
    bytes.remove_prefix(static_cast<std::size_t>(written));
    position += written;
  }
}

}  // namespace

BareStore::Log& BareStore::Find(std::string_view topic, std::int32_t partition) {
  const std::scoped_lock lock(mutex_);
  Log& log = logs_[{std::string(topic), partition}];
  if (log.fd < 0) {
    const std::string path = dir_ + "/" + std::string(topic) + "-" + std::to_string(partition);
    log.fd = open(path.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    PCHECK(log.fd >= 0) << path;
  }
  return log;
}

std::optional<std::int64_t> BareStore::Append(std::string_view topic, std::int32_t partition, std::string_view batch) {
  BatchHeader header;
  if (ParseBatchHeader(batch, header) != HeaderParse::kOk || header.size != batch.size()) return std::nullopt;
  if (header.magic != 2 || !CrcMatches({batch, header})) return std::nullopt;
  Log& log = Find(topic, partition);
  const std::scoped_lock lock(log.mutex);
  const Batch last = log.batches.empty() ? Batch{} : log.batches.back();
  char* bytes = const_cast<char*>(batch.data());  // the frame is this thread's own
  SetBaseOffset(bytes, Offset(last.next_offset));
  SetLeaderEpoch(bytes, LeaderEpoch(0));
  WriteAt(log.fd, batch, last.end_position);
  log.batches.push_back({last.next_offset + (header.last_offset.value - header.base_offset.value) + 1,
                         last.end_position + static_cast<std::int64_t>(batch.size())});
  return last.next_offset;
}

BareStore::Range BareStore::Read(std::string_view topic, std::int32_t partition, std::int64_t offset,
                                 std::int32_t max_bytes) {
  Log& log = Find(topic, partition);
  const std::scoped_lock lock(log.mutex);
  Range range{.fd = log.fd};
  if (log.batches.empty()) return range;
  range.end_offset = log.batches.back().next_offset;
  const auto first = std::ranges::upper_bound(log.batches, offset, {}, &Batch::next_offset);
  if (first == log.batches.end()) return range;
  range.position = first == log.batches.begin() ? 0 : std::prev(first)->end_position;
  auto last = std::ranges::upper_bound(first, log.batches.end(), range.position + max_bytes, {}, &Batch::end_position);
  if (last == first) ++last;
  range.size = std::prev(last)->end_position - range.position;
  return range;
}

}  // namespace ottla
