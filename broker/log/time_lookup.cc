#include "broker/log/time_lookup.h"

#include "broker/log/batch_file_reader.h"
#include "broker/log/segment_files.h"
#include "common/record/record_reader.h"

namespace ottla {
namespace {

enum class Batches { kAll, kFirst };

// The first record of [`from`, end) of the segment that `wanted` accepts in a batch that `worth` accepts. kFirst: in
// the first such batch, or none.
template <class Worth, class Wanted>
Result<TimestampedOffset> ScanRecords(const File& log, std::uint64_t from, const SegmentImage& segment, Batches which,
                                      const Worth& worth, const Wanted& wanted) {
  BatchFileReader batches(log, from, segment.size);
  CodecContext codecs;
  RecordReader reader(codecs, kNoDecompressLimit);
  for (;;) {
    const auto frame = batches.Next();
    if (!frame.ok()) return frame.status();
    if (!frame->has_value()) return TimestampedOffset{};
    if (!worth((*frame)->header)) continue;
    if (reader.Open(**frame) != RecordFault::kNone) continue;  // unreadable: consumers will be told by the bytes
    Record record;
    while (reader.Next(record) == RecordReader::Step::kRecord) {
      if (!wanted((*frame)->header, record)) continue;
      return TimestampedOffset{
          .timestamp = record.timestamp, .offset = record.offset, .epoch = (*frame)->header.leader_epoch};
    }
    if (which == Batches::kFirst) return TimestampedOffset{};
  }
}

Result<std::uint64_t> PositionFor(const TimeLookup& lookup, const SegmentImage& segment, Offset offset) {
  if (segment.offsets.size() == 0) return std::uint64_t{0};
  const auto index = lookup.files->Open(SegmentPath(lookup.dir, segment.base, kOffsetIndexSuffix), OpenMode::kRead);
  if (!index.ok()) return index.status();
  const auto read = [&](std::span<char> into, std::uint64_t at) { return (*index)->ReadAt(into, at); };
  const auto entry = segment.offsets.Floor(read, Distance(segment.base, offset));
  if (!entry.ok()) return entry.status();
  return entry->has_value() ? std::uint64_t{(*entry)->position} : std::uint64_t{0};
}

Result<Offset> OffsetBefore(const TimeLookup& lookup, const SegmentImage& segment, std::int64_t timestamp) {
  if (segment.times.size() == 0) return segment.base;
  const auto index = lookup.files->Open(SegmentPath(lookup.dir, segment.base, kTimeIndexSuffix), OpenMode::kRead);
  if (!index.ok()) return index.status();
  const auto read = [&](std::span<char> into, std::uint64_t at) { return (*index)->ReadAt(into, at); };
  const auto entry = segment.times.Floor(read, timestamp);
  if (!entry.ok()) return entry.status();
  return entry->has_value() ? Advance(segment.base, (*entry)->relative) : segment.base;
}

Status LearnTimestamps(TimeLookup& lookup, SegmentImage& segment) {
  if (segment.indexes_known) return Status::Ok();
  return LoadIndexes(*lookup.files, lookup.dir, segment);
}

}  // namespace

Result<TimestampedOffset> FirstAtOrAfter(TimeLookup& lookup, std::int64_t timestamp) {
  for (SegmentImage& segment : lookup.segments) {
    OTTLA_RETURN_IF_ERROR(LearnTimestamps(lookup, segment));
    const std::int64_t largest = segment.largest_timestamp >= 0 ? segment.largest_timestamp : segment.mtime_ms;
    if (largest < timestamp) continue;
    // The first segment that may hold it decides, as in Kafka; a record in a later one is not looked for.
    const auto offset = OffsetBefore(lookup, segment, timestamp);
    if (!offset.ok()) return offset.status();
    const auto position = PositionFor(lookup, segment, std::max(*offset, lookup.log_start));
    if (!position.ok()) return position.status();
    const auto log = lookup.files->Open(SegmentPath(lookup.dir, segment.base, kLogSuffix), OpenMode::kRead);
    if (!log.ok()) return log.status();
    return ScanRecords(
        **log, *position, segment, Batches::kAll,
        [&](const BatchHeader& batch) { return batch.max_timestamp >= timestamp; },
        [&](const BatchHeader&, const Record& record) {
          return record.timestamp >= timestamp && record.offset >= lookup.log_start;
        });
  }
  return TimestampedOffset{};
}

Result<TimestampedOffset> FirstOfLargest(TimeLookup& lookup) {
  const SegmentImage* best = nullptr;
  for (SegmentImage& segment : lookup.segments) {
    if (segment.size == 0) continue;
    OTTLA_RETURN_IF_ERROR(LearnTimestamps(lookup, segment));
    if (best == nullptr || segment.largest_timestamp > best->largest_timestamp) best = &segment;
  }
  if (best == nullptr) return TimestampedOffset{};
  const std::int64_t largest = best->largest_timestamp;
  const Offset near = best->largest_timestamp_offset == kNoOffset ? best->base : best->largest_timestamp_offset;
  const auto position = PositionFor(lookup, *best, near);
  if (!position.ok()) return position.status();
  const auto log = lookup.files->Open(SegmentPath(lookup.dir, best->base, kLogSuffix), OpenMode::kRead);
  if (!log.ok()) return log.status();
  return ScanRecords(
      **log, *position, *best, Batches::kFirst,
      [&](const BatchHeader& batch) { return batch.max_timestamp == largest; },
      // As in Kafka -1 is a time, but of a v0 message, which has none at all.
      [&](const BatchHeader& batch, const Record& record) { return batch.magic > 0 && record.timestamp == largest; });
}

}  // namespace ottla
