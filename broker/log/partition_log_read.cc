// Read plans and lookups. What runs on the loop never waits for the disk; what does runs as a task on copies.
#include <algorithm>
#include <utility>

#include "broker/log/batch_file_reader.h"
#include "broker/log/partition_log_internal.h"
#include "broker/log/time_lookup.h"
#include "broker/log/whole_batches.h"

namespace ottla {
namespace {

constexpr std::int64_t kHotMs = 5'000;  // appended bytes are surely still in the page cache
constexpr std::uint64_t kWarmLimit = 1 << 20;
constexpr std::size_t kReadMarks = 8;  // readers of one log that are at different places

// Reads of the index file that never wait. One that is shorter than it was is being cut on the disk's thread: Warm
// stands behind that.
auto IndexReader(Segment& segment) {
  return [&segment](std::span<char> into, std::uint64_t at) -> Result<std::size_t> {
    const auto file = segment.index.Get();
    if (file == nullptr) return Status(StatusCode::kUnavailable, "index not open");
    auto got = file->TryReadAt(into, at);
    if (got.ok() && *got < into.size()) return Status(StatusCode::kUnavailable, "index shorter than it was");
    return got;
  };
}

}  // namespace

const PartitionLog::Landmark* PartitionLog::FindLandmark(Offset segment, Offset at) const {
  const auto same = [&](const Landmark& each) { return each.at == at && each.segment == segment; };
  if (const auto it = std::find_if(landmarks_.rbegin(), landmarks_.rend(), same); it != landmarks_.rend()) return &*it;
  const auto it = std::ranges::find_if(read_marks_, same);
  return it != read_marks_.end() ? &*it : nullptr;
}

void PartitionLog::RememberRead(Segment& segment, Offset at, const BatchAt& batch) {
  if (FindLandmark(segment.base(), at) != nullptr) return;
  if (read_marks_.size() == kReadMarks) read_marks_.pop_front();
  read_marks_.push_back(
      {.at = at, .segment = segment.base(), .position = batch.position, .header = batch.header, .noted_ms = 0});
}

// The next read of whoever reads this one begins where its last whole batch ends.
std::uint64_t PartitionLog::WholeBytes(Segment& segment, const File& file, const BatchHeader& first,
                                       const CutRange& range) {
  const WholeBatches whole = FindWholeBatches(file, segment.image.offsets, IndexReader(segment), range);
  if (!whole.next) return whole.bytes;
  const Offset at = whole.next->header.base_offset;
  if (at > first.last_offset && at < log_end_) RememberRead(segment, at, *whole.next);
  return whole.bytes;
}

// Where the first batch that reaches `offset` begins; nullopt: not in this segment. kUnavailable: needs the disk.
Result<std::optional<PartitionLog::Landmark>> PartitionLog::Locate(Segment& segment, Offset offset) {
  if (const Landmark* known = FindLandmark(segment.base(), offset)) return std::optional<Landmark>(*known);
  if (segment.size() == 0) return std::optional<Landmark>();
  if (!segment.image.indexes_known) return Status(StatusCode::kUnavailable, "index not loaded");
  const auto log = segment.log.Get();
  if (log == nullptr) return Status(StatusCode::kUnavailable, "segment not open");
  const auto entry = segment.image.offsets.Floor(IndexReader(segment), Distance(segment.base(), offset));
  if (!entry.ok()) return entry.status();
  const std::uint64_t from = entry->has_value() ? (*entry)->position : 0;
  auto batch = FindBatch(*log, from, segment.size(), offset, /*may_wait=*/false);
  if (!batch.ok()) return batch.status();
  if (!batch->has_value()) return std::optional<Landmark>();
  return std::optional<Landmark>({.at = offset,
                                  .segment = segment.base(),
                                  .position = (*batch)->position,
                                  .header = (*batch)->header,
                                  .noted_ms = 0});
}

// End of what a reader bounded by `upper` may see of the segment.
Result<std::uint64_t> PartitionLog::LimitPosition(Segment& segment, Offset upper) {
  if (upper >= log_end_) return segment.size();
  const auto next = FloorSegment(upper);
  if (next != segments_.end() && (*next)->base() > segment.base()) return segment.size();
  const auto landmark = Locate(segment, upper);
  if (!landmark.ok()) return landmark.status();
  return landmark->has_value() ? (*landmark)->position : segment.size();
}

Offset PartitionLog::EndBound(Segment& segment, SegmentIterator next, std::uint64_t end_position, Offset upper) {
  const Offset last = next == segments_.end() ? log_end_ : (*next)->base();
  const auto& tail = segment.image.offsets.tail;
  const auto entry = std::ranges::lower_bound(tail, end_position, {}, &OffsetEntry::position);
  if (entry == tail.end()) return std::min(last, upper);
  return std::min(upper, Advance(segment.base(), static_cast<std::int64_t>(entry->relative) + 1));
}

std::uint64_t PartitionLog::HotFrom(const Segment& segment) const {
  std::uint64_t from = UINT64_MAX;
  const std::int64_t since = dir_->clock().WallMillis() - kHotMs;
  for (auto it = landmarks_.rbegin(); it != landmarks_.rend() && it->noted_ms >= since; ++it) {
    if (it->segment == segment.base() && it->at <= it->header.last_offset) from = std::min(from, it->position);
  }
  return from;
}

ReadResult PartitionLog::Read(const ReadRequest& request) {
  owner_.CheckOnLoop();
  if (closed_ || dir_->offline()) return {.status = ReadStatus::kStorage, .plan = {}};
  if (request.offset < log_start_ || request.offset > log_end_) return {.status = ReadStatus::kOutOfRange, .plan = {}};
  const Offset upper = std::min(request.upper, log_end_);
  if (request.offset >= upper) return {};
  auto it = FloorSegment(request.offset);
  if (it == segments_.end()) it = segments_.begin();
  for (; it != segments_.end() && (*it)->base() < upper; ++it) {
    Segment& segment = **it;
    const auto failed = [](const Status& status) {
      return ReadResult{.status = status.code() == StatusCode::kUnavailable ? ReadStatus::kCold : ReadStatus::kCorrupt,
                        .plan = {}};
    };
    const auto start = Locate(segment, request.offset);
    if (!start.ok()) return failed(start.status());
    if (!start->has_value()) continue;  // a hole up to the segment's end
    const auto limit = LimitPosition(segment, upper);
    if (!limit.ok()) return failed(limit.status());
    const std::uint64_t position = (*start)->position;
    if (position >= *limit) return {};
    auto file = segment.log.Get();
    if (file == nullptr) return {.status = ReadStatus::kCold, .plan = {}};
    std::uint64_t length = std::min(request.max_bytes, *limit - position);
    if (request.min_one_message) length = std::max(length, std::min((*start)->header.size, *limit - position));
    ReadResult result;
    result.plan.whole_bytes = length;
    if (const BatchHeader& first = (*start)->header; length < *limit - position && length > first.size) {
      result.plan.whole_bytes = WholeBytes(segment, *file, first, {position, length, first.size, *limit});
    }
    result.plan.range = {.file = std::move(file),
                         .current = segment.generation,
                         .generation = segment.generation->load(),
                         .position = position,
                         .length = length,
                         .hot_from = HotFrom(segment)};
    result.plan.first = (*start)->header;
    result.plan.end_bound = EndBound(segment, std::next(it), position + length, upper);
    return result;
  }
  return {};
}

// --- Warming up.

struct PartitionLog::WarmResult {
  Status status;
  SegmentImage image;
  std::shared_ptr<File> log;
  std::shared_ptr<File> index;
  std::vector<std::pair<Offset, BatchAt>> found;
};

namespace {

Result<std::optional<BatchAt>> LocateOnDisk(const File& log, const File& index, const SegmentImage& image,
                                            Offset offset) {
  const auto read_index = [&](std::span<char> into, std::uint64_t at) { return index.ReadAt(into, at); };
  const auto entry = image.offsets.Floor(read_index, Distance(image.base, offset));
  if (!entry.ok() && entry.status().code() != StatusCode::kCorrupt) return entry.status();
  const std::uint64_t from = entry.ok() && entry->has_value() ? (*entry)->position : 0;
  auto batch = FindBatch(log, from, image.size, offset, /*may_wait=*/true);
  if (batch.status().code() != StatusCode::kCorrupt || from == 0) return batch;
  return FindBatch(log, 0, image.size, offset, /*may_wait=*/true);  // an index entry that points nowhere
}

Status WarmSegment(FileSystem& files, const std::string& dir, const ReadRequest& request, bool writable,
                   SegmentImage& image, std::shared_ptr<File>& log, std::shared_ptr<File>& index,
                   std::vector<std::pair<Offset, BatchAt>>& found) {
  auto opened = files.Open(SegmentPath(dir, image.base, kLogSuffix), writable ? OpenMode::kWrite : OpenMode::kRead);
  if (!opened.ok()) return opened.status();
  log = std::move(opened).value();
  if (!image.indexes_known) OTTLA_RETURN_IF_ERROR(LoadIndexes(files, dir, image));
  opened = files.Open(SegmentPath(dir, image.base, kOffsetIndexSuffix), OpenMode::kCreate);
  if (!opened.ok()) return opened.status();
  index = std::move(opened).value();
  for (const Offset offset : {request.upper, request.offset}) {
    if (offset < image.base && offset != request.offset) continue;
    const auto batch = LocateOnDisk(*log, *index, image, offset);
    if (batch.status().code() == StatusCode::kCorrupt) continue;  // Read says so
    if (!batch.ok()) return batch.status();
    if (batch->has_value()) found.emplace_back(offset, **batch);
  }
  if (found.empty() || found.back().first != request.offset) return Status::Ok();
  const BatchAt& first = found.back().second;
  const std::uint64_t wanted = std::max(first.header.size, std::min(request.max_bytes, kWarmLimit));
  return WarmUp({.file = log, .position = first.position, .length = wanted},
                std::min(wanted, image.size - first.position));
}

}  // namespace

void PartitionLog::Warm(const ReadRequest& request, UniqueFunction<void(Status)> done) {
  owner_.CheckOnLoop();
  if (closed_ || dir_->offline()) return done({StatusCode::kIoError, "the log directory is offline"});
  auto it = FloorSegment(request.offset);
  if (it == segments_.end()) it = segments_.begin();
  // The segment that Read stopped at: the first that is not known to hold nothing of the range.
  while (std::next(it) != segments_.end()) {
    const auto known = Locate(**it, request.offset);
    if (!known.ok() || known->has_value()) break;
    ++it;
  }
  const bool writable = std::next(it) == segments_.end();
  OnDisk(
      [files = &dir_->files(), dir = path_, request, writable, image = (*it)->image]() mutable {
        WarmResult result;
        result.image = std::move(image);
        result.status =
            WarmSegment(*files, dir, request, writable, result.image, result.log, result.index, result.found);
        return result;
      },
      [generation = (*it)->generation, before = (*it)->generation->load(), done = std::move(done)](
          PartitionLog& log, WarmResult result) mutable {
        Segment* segment = log.FindSegment(result.image.base);
        const bool same = segment != nullptr && segment->generation == generation && generation->load() == before;
        if (!same) return done(Status::Ok());  // it was cut or removed meanwhile: Read again and see
        if (!result.status.ok()) {
          log.FailDir(result.status);
          return done(result.status);
        }
        log.Learn({result.image});
        // An active segment may have been opened for an append meanwhile.
        if (segment->log.Get() == nullptr) segment->log.Put(std::move(result.log));
        segment->index.Put(std::move(result.index));
        for (const auto& [offset, batch] : result.found) {
          log.RememberRead(*segment, offset, batch);
        }
        done(Status::Ok());
      });
}

// Takes over what a disk task found out about segments whose indexes were not known.
void PartitionLog::Learn(const std::vector<SegmentImage>& images) {
  for (const auto& image : images) {
    Segment* segment = FindSegment(image.base);
    if (segment == nullptr || segment->image.indexes_known || segment->image.size != image.size) continue;
    segment->image = image;
  }
}

std::vector<SegmentImage> PartitionLog::Images() const {
  std::vector<SegmentImage> images;
  images.reserve(segments_.size());
  for (const auto& segment : segments_) images.push_back(segment->image);
  return images;
}

// --- Aborted transactions.

std::optional<std::vector<AbortedTxn>> PartitionLog::AbortedIn(Offset from, Offset upper) {
  owner_.CheckOnLoop();
  std::vector<AbortedTxn> found;
  auto it = FloorSegment(from);
  if (it == segments_.end()) it = segments_.begin();
  for (; it != segments_.end(); ++it) {
    if (!(*it)->aborted_known) return std::nullopt;
    if (CollectAborted((*it)->aborted, from, upper, found)) break;
  }
  return found;
}

void PartitionLog::WarmAborted(Offset from, Offset /*upper*/, UniqueFunction<void(Status)> done) {
  owner_.CheckOnLoop();
  if (closed_ || dir_->offline()) return done({StatusCode::kIoError, "the log directory is offline"});
  struct Rows {
    Offset base;
    Status status;
    std::vector<AbortedTxn> rows;
  };
  std::vector<Offset> wanted;
  auto it = FloorSegment(from);
  if (it == segments_.end()) it = segments_.begin();
  for (; it != segments_.end(); ++it) {
    if (!(*it)->aborted_known) wanted.push_back((*it)->base());
  }
  OnDisk(
      [files = &dir_->files(), dir = path_, wanted = std::move(wanted)] {
        std::vector<Rows> all;
        for (const Offset base : wanted) {
          Rows rows{.base = base, .status = {}, .rows = {}};
          const auto bytes = files->ReadFile(SegmentPath(dir, base, kTxnIndexSuffix), UINT64_MAX);
          auto decoded = bytes.ok() ? DecodeAbortedTxns(*bytes, base) : Result<std::vector<AbortedTxn>>(bytes.status());
          if (decoded.ok()) {
            rows.rows = std::move(decoded).value();
          } else {
            rows.status = decoded.status();
          }
          all.push_back(std::move(rows));
        }
        return all;
      },
      [done = std::move(done)](PartitionLog& log, std::vector<Rows> all) mutable {
        for (auto& rows : all) {
          Segment* segment = log.FindSegment(rows.base);
          if (segment == nullptr || segment->aborted_known) continue;
          if (!rows.status.ok() && rows.status.code() != StatusCode::kNotFound) return done(rows.status);
          segment->aborted = std::move(rows.rows);
          segment->aborted_written = segment->aborted.size();
          segment->aborted_known = true;
        }
        done(Status::Ok());
      });
}

// --- Lookups by time.

void PartitionLog::OffsetForTimestamp(std::int64_t timestamp, UniqueFunction<void(Result<TimestampedOffset>)> done) {
  LookUpTime(timestamp, std::move(done));
}

void PartitionLog::OffsetOfMaxTimestamp(UniqueFunction<void(Result<TimestampedOffset>)> done) {
  LookUpTime(std::nullopt, std::move(done));
}

void PartitionLog::LookUpTime(std::optional<std::int64_t> timestamp,
                              UniqueFunction<void(Result<TimestampedOffset>)> done) {
  owner_.CheckOnLoop();
  if (closed_ || dir_->offline()) return done(Status(StatusCode::kIoError, "the log directory is offline"));
  TimeLookup lookup{.files = &dir_->files(), .dir = path_, .segments = Images(), .log_start = log_start_};
  struct Found {
    Result<TimestampedOffset> answer;
    std::vector<SegmentImage> segments;
  };
  OnDisk(
      [lookup = std::move(lookup), timestamp]() mutable {
        auto answer = timestamp ? FirstAtOrAfter(lookup, *timestamp) : FirstOfLargest(lookup);
        return Found{std::move(answer), std::move(lookup.segments)};
      },
      [done = std::move(done)](PartitionLog& log, Found found) mutable {
        log.Learn(found.segments);
        done(std::move(found.answer));
      });
}

}  // namespace ottla
