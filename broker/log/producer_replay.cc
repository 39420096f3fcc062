#include "broker/log/producer_replay.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "broker/log/segment_files.h"

namespace ottla {
namespace {

// Applies the batches of [from, to) in these segments to `producers` (headers, and the bodies of markers).
Status ReplayProducers(FileSystem& files, const std::string& dir, const std::vector<SegmentImage>& segments,
                       Offset from, Offset to, ProducerState& producers) {
  for (std::size_t i = 0; i < segments.size(); ++i) {
    const SegmentImage& segment = segments[i];
    if (segment.base >= to) break;
    if (segment.size == 0 || (i + 1 < segments.size() && segments[i + 1].base <= from)) continue;
    const auto log = files.Open(SegmentPath(dir, segment.base, kLogSuffix), OpenMode::kRead);
    if (!log.ok()) return log.status();
    HeaderScanner scanner(**log, 0, segment.size, /*may_wait=*/true);
    for (;;) {
      const auto batch = scanner.Next();
      if (!batch.ok()) return batch.status();
      if (!batch->has_value() || (*batch)->header.base_offset >= to) break;
      const BatchHeader& header = (*batch)->header;
      if (header.last_offset < from || !header.has_producer_id()) continue;
      std::string bytes;
      if (header.is_control) {
        bytes.resize(header.size);
        const auto got = (*log)->ReadAt(bytes, (*batch)->position);
        if (!got.ok()) return got.status();
        if (*got != header.size) return {StatusCode::kCorrupt, "a marker is cut off"};
      }
      ApplyToProducers({.bytes = bytes, .header = header}, producers, nullptr);
    }
  }
  producers.set_end(to);
  return Status::Ok();
}

// Offsets that snapshots in the directory are named after, ascending.
Result<std::vector<Offset>> SnapshotsIn(FileSystem& files, const std::string& dir) {
  const auto entries = files.List(dir);
  if (!entries.ok()) return entries.status();
  std::vector<Offset> snapshots;
  for (const auto& entry : *entries) {
    if (const auto at = OffsetOfName(entry.name, kSnapshotSuffix)) snapshots.push_back(*at);
  }
  return snapshots;
}

bool IsUseless(Offset snapshot, const std::vector<SegmentImage>& segments, const ProducerReplay& replay) {
  if (snapshot > replay.end) return true;
  const bool is_base = std::ranges::any_of(segments, [&](const auto& segment) { return segment.base == snapshot; });
  return snapshot < replay.log_start && !is_base;
}

Result<ProducerState> ReadSnapshot(FileSystem& files, const std::string& path, Offset at,
                                   const ProducerReplay& replay) {
  const auto bytes = files.ReadFile(path);
  if (!bytes.ok()) return bytes.status();
  return ProducerState::FromSnapshot(*bytes, at, replay.now_ms, replay.expiration_ms);
}

// Removes snapshots that are of no use or unreadable; takes the newest good one. nullopt: none.
Result<std::optional<ProducerState>> NewestSnapshot(FileSystem& files, const std::string& dir,
                                                    const std::vector<SegmentImage>& segments,
                                                    const ProducerReplay& replay, std::vector<std::string>& notes) {
  const auto snapshots = SnapshotsIn(files, dir);
  if (!snapshots.ok()) return snapshots.status();
  std::optional<ProducerState> newest;
  for (auto at = snapshots->rbegin(); at != snapshots->rend(); ++at) {
    const std::string path = SegmentPath(dir, *at, kSnapshotSuffix);
    if (*at > replay.end && replay.keep_later) continue;
    if (IsUseless(*at, segments, replay)) {
      OTTLA_RETURN_IF_ERROR(files.Remove(path));
      continue;
    }
    if (newest) continue;
    auto read = ReadSnapshot(files, path, *at, replay);
    if (read.ok()) {
      newest = std::move(read).value();
      continue;
    }
    if (read.status().code() != StatusCode::kCorrupt) return read.status();
    notes.push_back(path + " is removed: " + read.status().message());
    OTTLA_RETURN_IF_ERROR(files.Remove(path));
  }
  return newest;
}

}  // namespace

Result<ProducerState> RebuildProducers(FileSystem& files, const std::string& dir,
                                       const std::vector<SegmentImage>& segments, const ProducerReplay& replay,
                                       std::vector<std::string>& notes) {
  auto newest = NewestSnapshot(files, dir, segments, replay, notes);
  if (!newest.ok()) return newest.status();
  const Offset from = *newest ? (*newest)->end() : replay.log_start;
  ProducerState state = *newest ? std::move(**newest) : ProducerState();
  const Status replayed = ReplayProducers(files, dir, segments, from, replay.end, state);
  if (replayed.code() == StatusCode::kCorrupt) {
    notes.push_back("producers are known only in part: " + replayed.message());
  } else if (!replayed.ok()) {
    return replayed;
  }
  state.Expire(replay.now_ms, replay.expiration_ms);
  state.set_end(replay.end);
  return state;
}

}  // namespace ottla
