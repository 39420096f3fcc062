#include "broker/log/segment.h"

#include <algorithm>
#include <utility>

#include "broker/log/failed_sync.h"
#include "broker/log/segment_files.h"

namespace ottla {
namespace {

template <class Entry>
Status WriteTail(FileSystem& files, const std::string& dir, Offset base, std::string_view suffix,
                 const SparseIndex<Entry>& index, bool sync) {
  if (index.tail.empty() && !sync) return Status::Ok();
  const auto file = files.Open(SegmentPath(dir, base, suffix), OpenMode::kCreate);
  if (!file.ok()) return file.status();
  if (!index.tail.empty()) {
    OTTLA_RETURN_IF_ERROR((*file)->Write(EncodeEntries<Entry>(index.tail), index.written * Entry::kSize));
  }
  return sync ? SyncOrMark(files, dir, **file) : Status::Ok();
}

}  // namespace

Segment::Segment(SegmentImage from, std::int64_t now_ms, const std::shared_ptr<FileCache>& cache)
    : image(std::move(from)),
      log(cache),
      index(cache),
      generation(std::make_shared<FileGeneration>(0)),
      aborted_known(!image.has_txn_file),
      created_ms(now_ms) {
  // As a scan would count it, so that it never finds more entries than there is room for.
  if (image.indexes_known) bytes_since_index = image.size - (image.offsets.last ? image.offsets.last->position : 0);
}

void Segment::OnAppended(std::uint64_t bytes, Offset last_offset, std::int64_t max_timestamp,
                         Offset max_timestamp_offset, const LogConfig& config, std::int64_t now_ms) {
  if (image.size == 0) image.first_timestamp = max_timestamp;
  image.NoteTimestamp(max_timestamp, max_timestamp_offset);
  if (static_cast<std::int64_t>(bytes_since_index) > config.index_interval_bytes) {
    image.offsets.Append({RelativeTo(image.base, last_offset), static_cast<std::uint32_t>(image.size)});
    AddTimeEntry();
    bytes_since_index = 0;
  }
  bytes_since_index += bytes;
  image.size += bytes;
  image.mtime_ms = now_ms;
}

void Segment::AddTimeEntry() {
  const std::int64_t last = image.times.last ? image.times.last->timestamp : kNoTimestamp;
  if (image.largest_timestamp <= last) return;
  image.times.Append({image.largest_timestamp, RelativeTo(image.base, image.largest_timestamp_offset)});
}

bool Segment::MustRoll(std::uint64_t bytes, Offset last_offset, std::int64_t max_timestamp, const LogConfig& config,
                       std::int64_t jitter_ms, std::int64_t now_ms) const {
  if (static_cast<std::int64_t>(image.size) > config.segment_bytes - static_cast<std::int64_t>(bytes)) return true;
  if (image.size > 0) {
    const std::int64_t waited =
        image.first_timestamp >= 0 ? max_timestamp - image.first_timestamp : now_ms - created_ms;
    const std::int64_t limit =
        config.cleanup_compact ? std::min(config.segment_ms, config.max_compaction_lag_ms) : config.segment_ms;
    if (waited > limit - jitter_ms) return true;
  }
  const auto max_offsets = static_cast<std::uint64_t>(config.segment_index_bytes) / OffsetEntry::kSize;
  const auto max_times = static_cast<std::uint64_t>(config.segment_index_bytes) / TimeEntry::kSize;
  // One time entry stays free for the one that a roll adds.
  if (image.offsets.size() >= max_offsets || image.times.size() + 1 >= max_times) return true;
  const std::int64_t span = Distance(image.base, last_offset);
  return span > kMaxSegmentSpan || span < 0;
}

IndexWrite PendingIndexWrite(const Segment& segment) {
  IndexWrite write{.base = segment.base(), .offsets = segment.image.offsets, .times = segment.image.times};
  if (segment.aborted_known) {
    write.aborted.assign(segment.aborted.begin() + static_cast<std::ptrdiff_t>(segment.aborted_written),
                         segment.aborted.end());
    write.aborted_at = segment.aborted_written;
  }
  return write;
}

void OnIndexWritten(Segment& segment, const IndexWrite& write) {
  segment.image.offsets.OnWritten(write.offsets.size());
  segment.image.times.OnWritten(write.times.size());
  if (write.aborted.empty()) return;
  segment.image.has_txn_file = true;
  segment.aborted_written = std::max(segment.aborted_written, write.aborted_at + write.aborted.size());
}

Status WriteIndexTails(FileSystem& files, const std::string& dir, const IndexWrite& write, bool sync) {
  OTTLA_RETURN_IF_ERROR(WriteTail(files, dir, write.base, kOffsetIndexSuffix, write.offsets, sync));
  OTTLA_RETURN_IF_ERROR(WriteTail(files, dir, write.base, kTimeIndexSuffix, write.times, sync));
  if (write.aborted.empty() && !sync) return Status::Ok();
  // A file without new rows is synced too: truncation may have cut it, and old rows must not come back.
  const auto mode = write.aborted.empty() ? OpenMode::kWrite : OpenMode::kCreate;
  const auto file = files.Open(SegmentPath(dir, write.base, kTxnIndexSuffix), mode);
  if (file.status().code() == StatusCode::kNotFound && write.aborted.empty()) return Status::Ok();
  if (!file.ok()) return file.status();
  OTTLA_RETURN_IF_ERROR((*file)->Write(EncodeAbortedTxns(write.aborted), write.aborted_at * kAbortedTxnSize));
  return sync ? SyncOrMark(files, dir, **file) : Status::Ok();
}

}  // namespace ottla
