#include "broker/log/log_recovery.h"

#include <algorithm>

#include "broker/log/segment_changes.h"
#include "broker/log/segment_files.h"

namespace ottla {

Result<Offset> LogRecovery::Run() {
  auto& segments = log_.segments;
  if (segments.empty()) return kNoLimit;
  const std::size_t first = FirstToScan();
  const Offset scanned_from = segments[first].base;
  OTTLA_RETURN_IF_ERROR(Begin(first));
  // The epoch file may be older than a truncation that was followed by appends: then it has the newest epoch at an
  // offset that has gone, and would hide where that epoch begins now. From here on the batches say it.
  EpochRebuild epochs(log_.epochs, scanned_from);
  for (std::size_t i = first; i < segments.size(); ++i) {
    if (i > first) OTTLA_RETURN_IF_ERROR(WriteSnapshot(segments[i].base));
    const auto recovered =
        RecoverSegment(files_, log_.dir, options_.config, NextBase(i), segments[i], log_.producers, epochs);
    if (!recovered.ok()) return recovered.status().WithContext(SegmentPath(log_.dir, segments[i].base, kLogSuffix));
    const bool emptied = recovered->emptied && i + 1 < segments.size();
    if (recovered->bytes_cut == 0 && !emptied && !LeavesHole(i, recovered->next)) continue;
    NoteCut(segments[i], *recovered, emptied);
    OTTLA_RETURN_IF_ERROR(CutAfter(i));
    break;
  }
  log_.epochs = epochs.epochs();
  log_.epochs_changed = true;
  if (failed_sync_) OTTLA_RETURN_IF_ERROR(WriteAgainFrom(first));
  return scanned_from;
}

// The segment of the recovery point. After a failed fsync the one before, too: it may have failed as that one ended.
std::size_t LogRecovery::FirstToScan() const {
  const auto after = std::ranges::upper_bound(log_.segments, options_.recovery_point, {}, &SegmentImage::base);
  const auto begun = static_cast<std::size_t>(after - log_.segments.begin());
  const std::size_t back = failed_sync_ ? 2 : 1;
  return begun > back ? begun - back : 0;
}

Status LogRecovery::WriteAgainFrom(std::size_t first) {
  for (std::size_t i = first; i < log_.segments.size(); ++i) {
    const auto file = files_.Open(SegmentPath(log_.dir, log_.segments[i].base, kLogSuffix), OpenMode::kWrite);
    if (!file.ok()) return file.status();
    OTTLA_RETURN_IF_ERROR(WriteAgain(**file));
  }
  log_.notes.push_back("an fsync of this log had failed: what was not surely on the disk is written again");
  return ForgetFailedSync(files_, log_.dir);
}

// Producers as they were where the scan begins.
Status LogRecovery::Begin(std::size_t first) {
  const Offset base = log_.segments[first].base;
  const std::vector<SegmentImage> trusted(log_.segments.begin(),
                                          log_.segments.begin() + static_cast<std::ptrdiff_t>(first));
  auto producers = RebuildProducers(files_, log_.dir, trusted, options_.Replay(options_.log_start, base), log_.notes);
  if (!producers.ok()) return producers.status();
  log_.producers = std::move(producers).value();
  return Status::Ok();
}

Status LogRecovery::RebuildIndexes(std::size_t i) {
  SegmentImage& segment = log_.segments[i];
  // Aborted transactions that began in earlier segments are known only with the producers of that time.
  ProducerReplay replay = options_.Replay(options_.log_start, segment.base);
  replay.keep_later = true;
  auto producers = RebuildProducers(files_, log_.dir, log_.segments, replay, log_.notes);
  if (!producers.ok()) return producers.status();
  EpochRebuild ignored;
  const auto done = RecoverSegment(files_, log_.dir, options_.config, NextBase(i), segment, *producers, ignored);
  if (!done.ok()) return done.status();
  if (done->bytes_cut > 0) NoteCut(segment, *done, false);
  return SyncIndexes(segment.base);
}

Offset LogRecovery::NextBase(std::size_t i) const {
  return i + 1 < log_.segments.size() ? log_.segments[i + 1].base : kNoLimit;
}

// A segment begins where the one before ended. When a scanned one ends earlier, lost power took its last batches
// whole: a log with a hole there would be followed from its end, and nobody would ever ask for what is missing. Where
// compaction may have emptied the end of a segment, now or before the topic's policy was changed, nothing can be told.
bool LogRecovery::LeavesHole(std::size_t i, Offset next) const {
  if (options_.config.cleanup_compact || i + 1 == log_.segments.size()) return false;
  const Offset next_base = log_.segments[i + 1].base;
  return next < next_base && next_base > options_.compacted_to;
}

void LogRecovery::NoteCut(const SegmentImage& segment, const SegmentRecovery& recovered, bool emptied) {
  const std::string name = SegmentPath(log_.dir, segment.base, kLogSuffix);
  if (emptied) return log_.notes.push_back(name + " is empty though a later segment exists: the log now ends here");
  if (recovered.bytes_cut == 0) {
    return log_.notes.push_back(name + " ends at offset " + std::to_string(recovered.next.value) +
                                ", before the next segment begins: the log now ends here");
  }
  log_.notes.push_back(
      name + ": cut " + std::to_string(recovered.bytes_cut) + " bytes at position " + std::to_string(segment.size) +
      ", offsets from " + std::to_string(recovered.next.value) + " on: " + recovered.reason +
      (recovered.valid_beyond ? "; there are good batches in it, and the whole file is kept with the suffix .cut"
                              : ""));
}

// Segment `last` ends the log; later ones are kept aside when they hold anything.
Status LogRecovery::CutAfter(std::size_t last) {
  const std::size_t count = log_.segments.size();
  for (std::size_t i = log_.segments.size() - 1; i > last; --i) {
    const SegmentImage& segment = log_.segments[i];
    const std::string path = SegmentPath(log_.dir, segment.base, kLogSuffix);
    if (segment.size > 0) {
      log_.notes.push_back(path + " begins after the end of the log: kept with the suffix .cut, " +
                           std::to_string(segment.size) + " bytes");
      OTTLA_RETURN_IF_ERROR(files_.Rename(path, path + std::string(kCutSuffix)));
    } else {
      OTTLA_RETURN_IF_ERROR(RemoveIfThere(files_, path));
    }
    for (const auto suffix : kIndexSuffixes) {
      OTTLA_RETURN_IF_ERROR(RemoveIfThere(files_, SegmentPath(log_.dir, segment.base, suffix)));
    }
    OTTLA_RETURN_IF_ERROR(RemoveIfThere(files_, SegmentPath(log_.dir, segment.base, kSnapshotSuffix)));
    log_.segments.pop_back();
  }
  // Else lost power could bring them back behind what is appended from now on.
  return last + 1 < count ? files_.SyncDir(log_.dir) : Status::Ok();
}

Status LogRecovery::WriteSnapshot(Offset at) {
  log_.producers.set_end(at);
  const auto file = files_.Open(SegmentPath(log_.dir, at, kSnapshotSuffix), OpenMode::kCreate);
  if (!file.ok()) return file.status();
  OTTLA_RETURN_IF_ERROR((*file)->Truncate(0));
  log_.unsynced_snapshots.push_back(at);
  return (*file)->Write(log_.producers.Snapshot(), 0);
}

// Of a segment below the recovery point, which no flush will come back to.
Status LogRecovery::SyncIndexes(Offset base) {
  for (const auto suffix : kIndexSuffixes) {
    const auto file = files_.Open(SegmentPath(log_.dir, base, suffix), OpenMode::kWrite);
    if (file.status().code() == StatusCode::kNotFound) continue;
    if (!file.ok()) return file.status();
    OTTLA_RETURN_IF_ERROR((*file)->Sync());
  }
  return files_.SyncDir(log_.dir);
}

}  // namespace ottla
