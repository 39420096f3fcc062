#include "broker/log/segment_recovery.h"

#include <algorithm>
#include <memory>

#include "broker/log/batch_file_reader.h"
#include "broker/log/failed_sync.h"
#include "broker/log/segment_changes.h"
#include "broker/log/segment_files.h"

namespace ottla {
namespace {

// What rebuilding one segment collects.
struct Rebuilt {
  std::vector<OffsetEntry> offsets;
  std::vector<TimeEntry> times;
  std::vector<AbortedTxn> aborted;
  std::uint64_t last_indexed = 0;
};

void AddTimeEntry(const SegmentImage& segment, std::vector<TimeEntry>& times) {
  if (segment.largest_timestamp <= (times.empty() ? kNoTimestamp : times.back().timestamp)) return;
  times.push_back({segment.largest_timestamp, RelativeTo(segment.base, segment.largest_timestamp_offset)});
}

void IndexBatch(const LogConfig& config, const BatchHeader& batch, std::uint64_t position, SegmentImage& segment,
                Rebuilt& rebuilt) {
  segment.NoteTimestamp(batch.max_timestamp, batch.last_offset);
  if (position == 0) segment.first_timestamp = batch.max_timestamp;
  if (static_cast<std::int64_t>(position - rebuilt.last_indexed) <= config.index_interval_bytes) return;
  rebuilt.offsets.push_back({RelativeTo(segment.base, batch.last_offset), static_cast<std::uint32_t>(position)});
  AddTimeEntry(segment, rebuilt.times);
  rebuilt.last_indexed = position;
}

// Empty: the batch may stand here. `next`: the smallest offset it may begin with; `limit`: all must be below it.
std::string Objection(const BatchFrame& frame, Offset base, Offset next, Offset limit) {
  if (!CrcMatches(frame)) return "the checksum does not match";
  const auto& header = frame.header;
  // Of a v0/v1 wrapper only the last offset is known; it serves as the first.
  if (header.base_offset < next || header.last_offset < header.base_offset) {
    return "a batch of offsets " + std::to_string(header.base_offset.value) + " to " +
           std::to_string(header.last_offset.value) + " where " + std::to_string(next.value) + " or more was expected";
  }
  if (header.last_offset >= limit) {
    // Two segments have these offsets, and nothing in them says which came last.
    return "a batch reaches to offset " + std::to_string(header.last_offset.value) +
           ", but the next segment begins at " + std::to_string(limit.value);
  }
  if (Distance(base, header.last_offset) > kMaxSegmentSpan) return "an offset too far from the segment's base";
  return "";
}

template <class Entry>
Status WriteIndexFile(FileSystem& files, const std::string& path, const std::vector<Entry>& entries) {
  const auto file = files.Open(path, OpenMode::kCreate);
  if (!file.ok()) return file.status();
  OTTLA_RETURN_IF_ERROR((*file)->Truncate(0));
  return (*file)->Write(EncodeEntries<Entry>(entries), 0);
}

template <class Entry>
void Describe(SparseIndex<Entry>& index, const std::vector<Entry>& entries) {
  index = {};
  index.written = entries.size();
  if (!entries.empty()) index.last = entries.back();
}

Status WriteIndexes(FileSystem& files, const std::string& dir, SegmentImage& segment, const Rebuilt& rebuilt) {
  OTTLA_RETURN_IF_ERROR(
      WriteIndexFile<OffsetEntry>(files, SegmentPath(dir, segment.base, kOffsetIndexSuffix), rebuilt.offsets));
  OTTLA_RETURN_IF_ERROR(
      WriteIndexFile<TimeEntry>(files, SegmentPath(dir, segment.base, kTimeIndexSuffix), rebuilt.times));
  const std::string txn_path = SegmentPath(dir, segment.base, kTxnIndexSuffix);
  OTTLA_RETURN_IF_ERROR(RemoveIfThere(files, txn_path));
  if (!rebuilt.aborted.empty()) {
    const auto file = files.Open(txn_path, OpenMode::kCreate);
    if (!file.ok()) return file.status();
    OTTLA_RETURN_IF_ERROR((*file)->Write(EncodeAbortedTxns(rebuilt.aborted), 0));
  }
  Describe(segment.offsets, rebuilt.offsets);
  Describe(segment.times, rebuilt.times);
  segment.has_txn_file = !rebuilt.aborted.empty();
  segment.indexes_known = true;
  segment.timestamps_known = true;
  return Status::Ok();
}

// Whether the batch at `position`, which may not stand there, or one of the two after it is whole.
bool GoodBatchFrom(const File& file, std::uint64_t position, std::uint64_t limit) {
  BatchFileReader reader(file, position, limit);
  for (int tried = 0; tried < 3; ++tried) {
    const auto frame = reader.Next();
    if (!frame.ok() || !frame->has_value()) return false;
    if (CrcMatches(**frame)) return true;
  }
  return false;
}

Status CopyAside(FileSystem& files, const File& from, std::uint64_t size, const std::string& path) {
  const auto to = files.Open(path, OpenMode::kCreate);
  if (!to.ok()) return to.status();
  OTTLA_RETURN_IF_ERROR((*to)->Truncate(0));
  std::string buffer(std::min<std::uint64_t>(size, 1 << 20), '\0');
  for (std::uint64_t done = 0; done < size;) {
    const auto got = from.ReadAt(buffer, done);
    if (!got.ok()) return got.status();
    if (*got == 0) break;
    OTTLA_RETURN_IF_ERROR((*to)->Write(std::string_view(buffer).substr(0, *got), done));
    done += *got;
  }
  return Status::Ok();
}

Result<bool> NeverZeroFirst() { return false; }

// How many entries of the file at `path` there are; padding is cut off. A missing file has none. `zero_first`: see
// CountEntries.
template <class Entry, class ZeroFirst = Result<bool> (*)()>
Status LoadIndex(FileSystem& files, const std::string& path, SparseIndex<Entry>& index,
                 const ZeroFirst& zero_first = &NeverZeroFirst) {
  index = {};
  auto opened = files.Open(path, OpenMode::kWrite);
  if (!opened.ok()) return opened.status().code() == StatusCode::kNotFound ? Status::Ok() : opened.status();
  File& file = **opened;
  const auto size = file.Size();
  if (!size.ok()) return size.status();
  const auto read = [&](std::span<char> into, std::uint64_t at) { return file.ReadAt(into, at); };
  const auto count = CountEntries<Entry>(read, *size, zero_first);
  if (!count.ok()) return count.status();
  if (*count * Entry::kSize != *size) OTTLA_RETURN_IF_ERROR(file.Truncate(*count * Entry::kSize));
  index.written = *count;
  if (*count == 0) return Status::Ok();
  const auto last = ReadEntry<Entry>(read, *count - 1);
  if (!last.ok()) return last.status();
  index.last = *last;
  return Status::Ok();
}

// The segment begins with a record of 1970, alone in its batch: then its time index may begin with zeros.
Result<bool> BeginsAtTimeZero(FileSystem& files, const std::string& dir, const SegmentImage& segment) {
  if (segment.size == 0) return false;
  const auto log = files.Open(SegmentPath(dir, segment.base, kLogSuffix), OpenMode::kRead);
  if (!log.ok()) return log.status();
  const auto first = HeaderScanner(**log, 0, segment.size, /*may_wait=*/true).Next();
  if (!first.ok()) return first.status().code() == StatusCode::kCorrupt ? Result<bool>(false) : first.status();
  return first->has_value() && (*first)->header.max_timestamp == 0 && (*first)->header.last_offset == segment.base;
}

// A batch begins where the entry points, and the entry's offset is not below it.
Result<bool> PointsAtBatch(const File& log, const SegmentImage& segment, const OffsetEntry& entry) {
  if (entry.position >= segment.size) return false;
  HeaderScanner scanner(log, entry.position, segment.size, /*may_wait=*/true);
  const auto batch = scanner.Next();
  if (!batch.ok()) return batch.status().code() == StatusCode::kCorrupt ? Result<bool>(false) : batch.status();
  return batch->has_value() && (*batch)->header.base_offset >= segment.base &&
         (*batch)->header.base_offset <= Advance(segment.base, entry.relative);
}

}  // namespace

void ApplyToProducers(const BatchFrame& frame, ProducerState& producers, std::vector<AbortedTxn>* aborted) {
  const auto& header = frame.header;
  if (header.has_producer_id()) {
    if (!header.is_control) {
      producers.Apply(header);
    } else if (const auto marker = ParseTxnMarker(frame)) {
      const auto completed = producers.ApplyMarker(header, *marker);
      if (completed && completed->aborted && aborted != nullptr) {
        aborted->push_back({.producer_id = completed->producer_id,
                            .first_offset = completed->first_offset,
                            .last_offset = completed->last_offset,
                            .last_stable_offset = producers.LastStableAfter(*completed)});
      }
    }
  }
  producers.set_end(header.next_offset());
}

Result<SegmentRecovery> RecoverSegment(FileSystem& files, const std::string& dir, const LogConfig& config, Offset limit,
                                       SegmentImage& segment, ProducerState& producers, EpochRebuild& epochs) {
  const std::string path = SegmentPath(dir, segment.base, kLogSuffix);
  auto opened = files.Open(path, OpenMode::kWrite);
  if (!opened.ok()) return opened.status();
  File& file = **opened;
  const auto size = file.Size();
  if (!size.ok()) return size.status();

  SegmentRecovery result{.next = segment.base};
  if (*size == 0) {
    TimeIndex before;  // an empty segment that compaction left has none
    OTTLA_RETURN_IF_ERROR(LoadIndex(files, SegmentPath(dir, segment.base, kTimeIndexSuffix), before));
    result.emptied = before.size() > 0;
  }
  Rebuilt rebuilt;
  segment.largest_timestamp = kNoTimestamp;
  segment.largest_timestamp_offset = kNoOffset;
  BatchFileReader reader(file, 0, *size);
  std::uint64_t good = 0;
  while (result.reason.empty()) {
    const auto frame = reader.Next();
    if (!frame.ok() && frame.status().code() != StatusCode::kCorrupt) return frame.status();
    if (frame.ok() && !frame->has_value()) break;
    result.reason = frame.ok() ? Objection(**frame, segment.base, result.next, limit) : frame.status().message();
    if (!result.reason.empty()) break;
    const auto& header = (*frame)->header;
    IndexBatch(config, header, good, segment, rebuilt);
    ApplyToProducers(**frame, producers, &rebuilt.aborted);
    epochs.OnBatch(header);
    result.next = header.next_offset();
    good = reader.position();
  }
  AddTimeEntry(segment, rebuilt.times);
  if (good < *size) {
    result.bytes_cut = *size - good;
    result.valid_beyond = GoodBatchFrom(file, good, *size);
    if (result.valid_beyond) OTTLA_RETURN_IF_ERROR(CopyAside(files, file, *size, path + std::string(kCutSuffix)));
    OTTLA_RETURN_IF_ERROR(file.Truncate(good));
    // The recovery point may stand here already: then no flush will look at this file again.
    OTTLA_RETURN_IF_ERROR(SyncOrMark(files, dir, file));
  }
  segment.size = good;
  OTTLA_RETURN_IF_ERROR(WriteIndexes(files, dir, segment, rebuilt));
  return result;
}

Status LoadIndexes(FileSystem& files, const std::string& dir, SegmentImage& segment) {
  OTTLA_RETURN_IF_ERROR(LoadIndex(files, SegmentPath(dir, segment.base, kOffsetIndexSuffix), segment.offsets));
  OTTLA_RETURN_IF_ERROR(LoadIndex(files, SegmentPath(dir, segment.base, kTimeIndexSuffix), segment.times,
                                  [&] { return BeginsAtTimeZero(files, dir, segment); }));
  if (segment.offsets.last) {
    const auto log = files.Open(SegmentPath(dir, segment.base, kLogSuffix), OpenMode::kRead);
    if (!log.ok()) return log.status();
    const auto fits = PointsAtBatch(**log, segment, *segment.offsets.last);
    if (!fits.ok()) return fits.status();
    if (!*fits) {
      Describe<OffsetEntry>(segment.offsets, {});
      Describe<TimeEntry>(segment.times, {});
      OTTLA_RETURN_IF_ERROR(WriteIndexFile<OffsetEntry>(files, SegmentPath(dir, segment.base, kOffsetIndexSuffix), {}));
      OTTLA_RETURN_IF_ERROR(WriteIndexFile<TimeEntry>(files, SegmentPath(dir, segment.base, kTimeIndexSuffix), {}));
    }
  }
  if (segment.times.last && segment.times.last->timestamp > segment.largest_timestamp) {
    segment.largest_timestamp = segment.times.last->timestamp;
    segment.largest_timestamp_offset = Advance(segment.base, segment.times.last->relative);
  }
  segment.indexes_known = true;
  segment.timestamps_known = true;
  return Status::Ok();
}

Result<Offset> LoadTail(FileSystem& files, const std::string& dir, SegmentImage& segment,
                        const std::function<void(const BatchHeader&)>& each) {
  OTTLA_RETURN_IF_ERROR(LoadIndexes(files, dir, segment));
  if (segment.size == 0) return segment.base;
  const auto log = files.Open(SegmentPath(dir, segment.base, kLogSuffix), OpenMode::kRead);
  if (!log.ok()) return log.status();
  const std::uint64_t from = segment.offsets.last ? segment.offsets.last->position : 0;
  if (const auto first = HeaderScanner(**log, 0, segment.size, /*may_wait=*/true).Next();
      first.ok() && first->has_value()) {
    segment.first_timestamp = (*first)->header.max_timestamp;
  }
  HeaderScanner scanner(**log, from, segment.size, /*may_wait=*/true);
  Offset next = segment.base;
  std::uint64_t end = from;
  for (;;) {
    const auto batch = scanner.Next();
    if (!batch.ok() && batch.status().code() != StatusCode::kCorrupt) return batch.status();
    if (!batch.ok() || !batch->has_value()) break;
    const BatchHeader& header = (*batch)->header;
    if (header.last_offset < next) break;
    next = header.next_offset();
    end = scanner.position();
    segment.NoteTimestamp(header.max_timestamp, header.last_offset);
    each(header);
  }
  segment.size = end;
  return next;
}

Result<LeaderEpochs> ScanEpochs(FileSystem& files, const std::string& dir, const std::vector<SegmentImage>& segments) {
  EpochRebuild epochs;
  for (const auto& segment : segments) {
    if (segment.size == 0) continue;
    const auto log = files.Open(SegmentPath(dir, segment.base, kLogSuffix), OpenMode::kRead);
    if (!log.ok()) return log.status();
    HeaderScanner scanner(**log, 0, segment.size, /*may_wait=*/true);
    for (;;) {
      const auto batch = scanner.Next();
      if (!batch.ok()) return batch.status();
      if (!batch->has_value()) break;
      epochs.OnBatch((*batch)->header);
    }
  }
  return epochs.epochs();
}

}  // namespace ottla
