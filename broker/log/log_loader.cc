#include "broker/log/log_loader.h"

#include <algorithm>
#include <limits>
#include <set>

#include "broker/log/checkpoint.h"
#include "broker/log/segment_files.h"

namespace ottla {
namespace {

constexpr std::string_view kIndexSuffixes[] = {kOffsetIndexSuffix, kTimeIndexSuffix, kTxnIndexSuffix};
constexpr std::string_view kSegmentSuffixes[] = {kLogSuffix, kOffsetIndexSuffix, kTimeIndexSuffix, kTxnIndexSuffix,
                                                 kSnapshotSuffix};

std::optional<Offset> AnyOffsetOfName(std::string_view name) {
  for (const auto suffix : kSegmentSuffixes) {
    if (const auto offset = OffsetOfName(name, suffix)) return offset;
  }
  return std::nullopt;
}

// One load under way.
class Loader {
 public:
  Loader(FileSystem& files, const std::string& dir, const LoadOptions& options) : files_(files), options_(options) {
    log_.dir = dir;
  }

  Result<LoadedLog> Run() {
    OTTLA_RETURN_IF_ERROR(FinishSwaps());
    OTTLA_RETURN_IF_ERROR(FindSegments());
    OTTLA_RETURN_IF_ERROR(ReadTopicId());
    OTTLA_RETURN_IF_ERROR(ReadEpochs());
    if (!options_.clean) OTTLA_RETURN_IF_ERROR(Recover());
    OTTLA_RETURN_IF_ERROR(FindEnd());
    OTTLA_RETURN_IF_ERROR(SettleBounds());
    OTTLA_RETURN_IF_ERROR(SettleEpochs());
    OTTLA_RETURN_IF_ERROR(SettleProducers());
    return std::move(log_);
  }

 private:
  std::string Path(std::string_view name) const { return log_.dir + "/" + std::string(name); }
  void Note(std::string text) { log_.notes.push_back(std::move(text)); }

  Status List() {
    auto entries = files_.List(log_.dir);
    if (!entries.ok()) return entries.status();
    names_.clear();
    for (auto& entry : *entries) {
      if (!entry.is_dir) names_.push_back(std::move(entry.name));
    }
    return Status::Ok();
  }

  // Removes left-overs, completes what a compaction had finished writing.
  Status FinishSwaps() {
    OTTLA_RETURN_IF_ERROR(List());
    Offset unfinished(std::numeric_limits<std::int64_t>::max());
    std::vector<std::string> swaps;
    bool changed = false;
    for (const auto& name : names_) {
      if (name.ends_with(kCleanedSuffix)) {
        const auto base = AnyOffsetOfName(std::string_view(name).substr(0, name.size() - kCleanedSuffix.size()));
        if (base) unfinished = std::min(unfinished, *base);
      }
      if (name.ends_with(kSwapSuffix)) swaps.push_back(name);
      if (name.ends_with(kDeletedSuffix) || name.ends_with(kCleanedSuffix) || name.ends_with(".tmp")) {
        OTTLA_RETURN_IF_ERROR(files_.Remove(Path(name)));
        changed = true;
      }
    }
    if (!swaps.empty()) OTTLA_RETURN_IF_ERROR(CompleteSwaps(swaps, unfinished));
    return changed || !swaps.empty() ? List() : Status::Ok();
  }

  Status CompleteSwaps(const std::vector<std::string>& swaps, Offset unfinished) {
    std::vector<std::string> complete;
    Offset low(std::numeric_limits<std::int64_t>::max());
    Offset high(0);
    for (const auto& name : swaps) {
      const std::string real = name.substr(0, name.size() - kSwapSuffix.size());
      const auto base = AnyOffsetOfName(real);
      if (!base || *base >= unfinished) {
        OTTLA_RETURN_IF_ERROR(files_.Remove(Path(name)));
        continue;
      }
      complete.push_back(real);
      if (!real.ends_with(kLogSuffix)) continue;
      const auto next = EndOfFile(Path(name), *base);
      if (!next.ok()) return next.status();
      low = std::min(low, *base);
      high = std::max(high, *next);
    }
    for (const auto& name : names_) {  // what the swapped segments replace
      const auto base = AnyOffsetOfName(name);
      if (base && *base >= low && *base < high) OTTLA_RETURN_IF_ERROR(files_.Remove(Path(name)));
    }
    for (const auto& real : complete)
      OTTLA_RETURN_IF_ERROR(files_.Rename(Path(real + std::string(kSwapSuffix)), Path(real)));
    return files_.SyncDir(log_.dir);
  }

  // Offset after the last batch of a segment file.
  Result<Offset> EndOfFile(const std::string& path, Offset base) {
    const auto file = files_.Open(path, OpenMode::kRead);
    if (!file.ok()) return file.status();
    const auto size = (*file)->Size();
    if (!size.ok()) return size.status();
    HeaderScanner scanner(**file, 0, *size, /*may_wait=*/true);
    Offset next = base;
    for (;;) {
      const auto batch = scanner.Next();
      if (!batch.ok() && batch.status().code() != StatusCode::kCorrupt) return batch.status();
      if (!batch.ok() || !batch->has_value()) return next;
      next = (*batch)->header.next_offset();
    }
  }

  Status FindSegments() {
    std::set<Offset> bases;
    for (const auto& name : names_) {
      if (const auto base = OffsetOfName(name, kLogSuffix)) bases.insert(*base);
    }
    std::set<Offset> indexed;
    for (const auto& name : names_) {
      for (const auto suffix : kIndexSuffixes) {
        const auto base = OffsetOfName(name, suffix);
        if (!base) continue;
        if (!bases.contains(*base)) {
          Note(name + " belongs to no segment and is removed");
          OTTLA_RETURN_IF_ERROR(files_.Remove(Path(name)));
        } else if (suffix == kTxnIndexSuffix) {
          with_txn_.insert(*base);
        } else if (suffix == kOffsetIndexSuffix) {
          indexed.insert(*base);
        }
      }
    }
    for (const Offset base : bases) {
      const auto info = files_.Stat(SegmentPath(log_.dir, base, kLogSuffix));
      if (!info.ok()) return info.status();
      log_.segments.push_back({.base = base, .size = info->size, .mtime_ms = info->mtime_ms});
      log_.segments.back().has_txn_file = with_txn_.contains(base);
      if (!indexed.contains(base)) unindexed_.insert(base);
      if (info->size > 0 || base == *bases.rbegin()) continue;
      // Compaction leaves empty segments, but with empty indexes.
      const auto times = files_.Stat(SegmentPath(log_.dir, base, kTimeIndexSuffix));
      if (times.ok() && times->size > 0) {
        Note(SegmentPath(log_.dir, base, kLogSuffix) + " is empty though it once had records: a hole in the log");
      }
    }
    return Status::Ok();
  }

  Status ReadTopicId() {
    if (!std::ranges::binary_search(names_, kPartitionMetadataFile)) return Status::Ok();
    const auto text = files_.ReadFile(Path(kPartitionMetadataFile), 4096);
    if (!text.ok() && text.status().code() != StatusCode::kCorrupt) return text.status();
    const auto id = text.ok() ? ParsePartitionMetadata(*text) : Result<Uuid>(text.status());
    if (id.ok()) {
      log_.topic_id = *id;
      return Status::Ok();
    }
    return SetAside(kPartitionMetadataFile, id.status());
  }

  Status SetAside(std::string_view name, const Status& why) {
    const std::string aside = std::string(name) + ".bad";
    Note(std::string(name) + " is unreadable (" + why.message() + "), kept as " + aside);
    return files_.Rename(Path(name), Path(aside));
  }

  Status ReadEpochs() {
    if (!std::ranges::binary_search(names_, kLeaderEpochFile)) {
      epochs_missing_ = true;
      return Status::Ok();
    }
    const auto text = files_.ReadFile(Path(kLeaderEpochFile));
    if (!text.ok() && text.status().code() != StatusCode::kCorrupt) return text.status();
    auto epochs = text.ok() ? LeaderEpochs::Parse(*text) : Result<LeaderEpochs>(text.status());
    if (epochs.ok()) {
      log_.epochs = std::move(epochs).value();
      return Status::Ok();
    }
    epochs_missing_ = true;
    return SetAside(kLeaderEpochFile, epochs.status());
  }

  // Scans from the segment of the recovery point on. The first one that had to be cut ends the log.
  Status Recover() {
    auto& segments = log_.segments;
    if (segments.empty()) return Status::Ok();
    auto from = std::ranges::upper_bound(segments, options_.recovery_point, {}, &SegmentImage::base);
    if (from != segments.begin()) --from;
    const auto first = static_cast<std::size_t>(from - segments.begin());
    recovered_from_ = segments[first].base;
    const std::vector<SegmentImage> trusted(segments.begin(), from);
    auto producers =
        RebuildProducers(files_, log_.dir, trusted, options_.log_start, segments[first].base, options_, log_.notes);
    if (!producers.ok()) return producers.status();
    log_.producers = std::move(producers).value();
    // The epoch file may be older than a truncation that was followed by appends: then it has the newest epoch at an
    // offset that has gone, and would hide where that epoch begins now. From here on the batches say it.
    log_.epochs_changed |= log_.epochs.TruncateFromEnd(segments[first].base);
    for (std::size_t i = first; i < segments.size(); ++i) {
      if (i > first) OTTLA_RETURN_IF_ERROR(WriteSnapshot(segments[i].base));
      const auto recovered =
          RecoverSegment(files_, log_.dir, options_.config, NextBase(i), segments[i], log_.producers, log_.epochs);
      if (!recovered.ok()) return recovered.status().WithContext(SegmentPath(log_.dir, segments[i].base, kLogSuffix));
      log_.epochs_changed = true;
      const bool emptied = recovered->emptied && i + 1 < segments.size();
      if (recovered->bytes_cut == 0 && !emptied && !LeavesHole(i, recovered->next)) continue;
      NoteCut(segments[i], *recovered, emptied);
      return CutAfter(i);
    }
    return Status::Ok();
  }

  Offset NextBase(std::size_t i) const { return i + 1 < log_.segments.size() ? log_.segments[i + 1].base : kNoLimit; }

  // A segment begins where the one before ended. When a scanned one ends earlier, lost power took its last batches
  // whole: a log with a hole there would be followed from its end, and nobody would ever ask for what is missing. Where
  // compaction may have emptied the end of a segment, nothing can be told.
  bool LeavesHole(std::size_t i, Offset next) const {
    return !options_.config.cleanup_compact && i + 1 < log_.segments.size() && next < log_.segments[i + 1].base;
  }

  void NoteCut(const SegmentImage& segment, const SegmentRecovery& recovered, bool emptied) {
    const std::string name = SegmentPath(log_.dir, segment.base, kLogSuffix);
    if (emptied) return Note(name + " is empty though a later segment exists: the log now ends here");
    if (recovered.bytes_cut == 0) {
      return Note(name + " ends at offset " + std::to_string(recovered.next.value) +
                  ", before the next segment begins: the log now ends here");
    }
    Note(name + ": cut " + std::to_string(recovered.bytes_cut) + " bytes at position " + std::to_string(segment.size) +
         ", offsets from " + std::to_string(recovered.next.value) + " on: " + recovered.reason +
         (recovered.valid_beyond ? "; there are good batches in it, and the whole file is kept with the suffix .cut"
                                 : ""));
  }

  // Segment `last` ends the log; later ones are kept aside when they hold anything.
  Status CutAfter(std::size_t last) {
    for (std::size_t i = log_.segments.size() - 1; i > last; --i) {
      const SegmentImage& segment = log_.segments[i];
      const std::string path = SegmentPath(log_.dir, segment.base, kLogSuffix);
      if (segment.size > 0) {
        Note(path + " begins after the end of the log: kept with the suffix .cut, " + std::to_string(segment.size) +
             " bytes");
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
    return Status::Ok();
  }

  Status WriteSnapshot(Offset at) {
    log_.producers.set_end(at);
    const auto file = files_.Open(SegmentPath(log_.dir, at, kSnapshotSuffix), OpenMode::kCreate);
    if (!file.ok()) return file.status();
    OTTLA_RETURN_IF_ERROR((*file)->Truncate(0));
    log_.unsynced_snapshots.push_back(at);
    return (*file)->Write(log_.producers.Snapshot(), 0);
  }

  Status FindEnd() {
    // A segment without an index is scanned once, so that lookups in it are quick again.
    for (std::size_t i = 0; i < log_.segments.size(); ++i) {
      SegmentImage& segment = log_.segments[i];
      if (!unindexed_.contains(segment.base) || segment.indexes_known || segment.size == 0) continue;
      Note(SegmentPath(log_.dir, segment.base, kOffsetIndexSuffix) + " is missing and is built anew");
      ProducerState ignored;
      LeaderEpochs ignored_epochs;
      const auto done =
          RecoverSegment(files_, log_.dir, options_.config, NextBase(i), segment, ignored, ignored_epochs);
      if (!done.ok()) return done.status();
      OTTLA_RETURN_IF_ERROR(SyncIndexes(segment.base));
      if (done->bytes_cut > 0) NoteCut(segment, *done, false);
    }
    if (log_.segments.empty()) {
      OTTLA_RETURN_IF_ERROR(CreateSegment(files_, log_.dir, options_.config, options_.log_start));
      log_.segments.push_back(EmptySegment(options_.log_start, options_.now_ms));
    }
    SegmentImage& active = log_.segments.back();
    const std::uint64_t file_size = active.size;
    const auto end = LoadTail(files_, log_.dir, active, [&](const BatchHeader& batch) { last_magic_ = batch.magic; });
    if (!end.ok()) return end.status();
    log_.log_end = *end;
    OTTLA_RETURN_IF_ERROR(ReadAborted(active));
    if (active.size < file_size) {
      Note(SegmentPath(log_.dir, active.base, kLogSuffix) + ": " + std::to_string(file_size - active.size) +
           " bytes at the end are no whole batch and are cut");
      const auto file = files_.Open(SegmentPath(log_.dir, active.base, kLogSuffix), OpenMode::kWrite);
      if (!file.ok()) return file.status();
      OTTLA_RETURN_IF_ERROR((*file)->Truncate(active.size));
    }
    return Status::Ok();
  }

  // Of a segment below the recovery point, which no flush will come back to.
  Status SyncIndexes(Offset base) {
    for (const auto suffix : kIndexSuffixes) {
      const auto file = files_.Open(SegmentPath(log_.dir, base, suffix), OpenMode::kWrite);
      if (file.status().code() == StatusCode::kNotFound) continue;
      if (!file.ok()) return file.status();
      OTTLA_RETURN_IF_ERROR((*file)->Sync());
    }
    return files_.SyncDir(log_.dir);
  }

  // The active segment's aborted transactions grow with the next abort, so they are at hand from the start.
  Status ReadAborted(SegmentImage& active) {
    if (!active.has_txn_file) return Status::Ok();
    const std::string path = SegmentPath(log_.dir, active.base, kTxnIndexSuffix);
    const auto bytes = files_.ReadFile(path, UINT64_MAX);
    if (!bytes.ok()) return bytes.status();
    auto rows = DecodeAbortedTxns(*bytes, active.base);
    if (!rows.ok()) {
      Note(path + " is unreadable (" + rows.status().message() + ") and is built anew");
      auto producers =
          RebuildProducers(files_, log_.dir, log_.segments, log_.log_start, active.base, options_, log_.notes);
      if (!producers.ok()) return producers.status();
      LeaderEpochs ignored;
      const auto done = RecoverSegment(files_, log_.dir, options_.config, kNoLimit, active, *producers, ignored);
      if (!done.ok()) return done.status();
      OTTLA_RETURN_IF_ERROR(SyncIndexes(active.base));
      return ReadAborted(active);
    }
    log_.active_aborted = std::move(rows).value();
    return Status::Ok();
  }

  static SegmentImage EmptySegment(Offset base, std::int64_t now_ms) {
    return {.base = base, .mtime_ms = now_ms, .indexes_known = true, .timestamps_known = true};
  }

  Status SettleBounds() {
    if (log_.log_end < options_.log_start) {
      Note("the log ends at " + std::to_string(log_.log_end.value) + ", before its checkpointed start " +
           std::to_string(options_.log_start.value) + ": it begins anew there, the old segments are removed");
      for (auto it = log_.segments.rbegin(); it != log_.segments.rend(); ++it) {
        OTTLA_RETURN_IF_ERROR(MarkDeleted(files_, log_.dir, it->base));
        OTTLA_RETURN_IF_ERROR(UnlinkDeleted(files_, log_.dir, it->base));
      }
      OTTLA_RETURN_IF_ERROR(CreateSegment(files_, log_.dir, options_.config, options_.log_start));
      log_.segments = {EmptySegment(options_.log_start, options_.now_ms)};
      log_.active_aborted.clear();
      log_.log_end = options_.log_start;
      log_.epochs_changed |= log_.epochs.Clear();
      epochs_missing_ = false;
    }
    log_.log_start = std::max(options_.log_start, log_.segments.front().base);
    // The indexes of scanned segments were written anew and are not synced: the next flush must begin with them.
    log_.recovery_point =
        options_.clean ? log_.log_end : std::min({options_.recovery_point, log_.log_end, recovered_from_});
    log_.high_watermark = std::clamp(options_.high_watermark, log_.log_start, log_.log_end);
    return Status::Ok();
  }

  Status SettleEpochs() {
    if (epochs_missing_ && last_magic_ >= 2) {
      auto epochs = ScanEpochs(files_, log_.dir, log_.segments);
      if (!epochs.ok() && epochs.status().code() != StatusCode::kCorrupt) return epochs.status();
      if (epochs.ok()) {
        Note("leader epochs are taken from the batches: " + std::to_string(epochs->entries().size()) + " found");
        log_.epochs = std::move(epochs).value();
        log_.epochs_changed = true;
      }
    }
    log_.epochs_changed |= log_.epochs.TruncateFromEnd(log_.log_end);
    log_.epochs_changed |= log_.epochs.TruncateFromStart(log_.log_start);
    return Status::Ok();
  }

  Status SettleProducers() {
    if (options_.clean || log_.producers.end() != log_.log_end) {
      const bool any =
          std::ranges::any_of(names_, [](const auto& name) { return OffsetOfName(name, kSnapshotSuffix).has_value(); });
      if (options_.clean && !options_.replay_producers && !any) {
        log_.producers = ProducerState();  // as Kafka: no snapshot after a clean stop means no producers
      } else {
        auto producers =
            RebuildProducers(files_, log_.dir, log_.segments, log_.log_start, log_.log_end, options_, log_.notes);
        if (!producers.ok()) return producers.status();
        log_.producers = std::move(producers).value();
      }
    }
    const std::string snapshot = SegmentPath("", log_.log_end, kSnapshotSuffix).substr(1);
    log_.as_left = options_.clean && log_.notes.empty() && std::ranges::binary_search(names_, snapshot);
    log_.producers.set_end(log_.log_end);
    log_.producers.OnHighWatermark(log_.high_watermark);
    return Status::Ok();
  }

  FileSystem& files_;
  const LoadOptions& options_;
  LoadedLog log_;
  std::vector<std::string> names_;  // sorted
  std::set<Offset> with_txn_;
  std::set<Offset> unindexed_;
  Offset recovered_from_{std::numeric_limits<std::int64_t>::max()};  // base of the first segment that was scanned
  bool epochs_missing_ = false;
  std::int8_t last_magic_ = -1;
};

}  // namespace

Result<LoadedLog> LoadLog(FileSystem& files, const std::string& dir, const LoadOptions& options) {
  return Loader(files, dir, options).Run();
}

Result<LoadedLog> CreateLog(FileSystem& files, const std::string& dir, const LogConfig& config, const Uuid& topic_id,
                            Offset start) {
  OTTLA_RETURN_IF_ERROR(files.CreateDirs(dir));
  OTTLA_RETURN_IF_ERROR(CreateSegment(files, dir, config, start));
  if (!topic_id.IsZero()) {
    const auto file = files.Open(dir + "/" + std::string(kPartitionMetadataFile), OpenMode::kCreate);
    if (!file.ok()) return file.status();
    OTTLA_RETURN_IF_ERROR((*file)->Truncate(0));
    OTTLA_RETURN_IF_ERROR((*file)->Write(PartitionMetadataText(topic_id), 0));
  }
  LoadedLog log;
  log.dir = dir;
  log.segments.push_back({.base = start, .indexes_known = true, .timestamps_known = true});
  log.log_start = log.log_end = log.recovery_point = log.high_watermark = start;
  log.producers.set_end(start);
  log.topic_id = topic_id;
  return log;
}

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

Result<ProducerState> RebuildProducers(FileSystem& files, const std::string& dir,
                                       const std::vector<SegmentImage>& segments, Offset log_start, Offset end,
                                       const LoadOptions& options, std::vector<std::string>& notes) {
  const auto entries = files.List(dir);
  if (!entries.ok()) return entries.status();
  std::vector<Offset> snapshots;
  for (const auto& entry : *entries) {
    if (const auto at = OffsetOfName(entry.name, kSnapshotSuffix)) snapshots.push_back(*at);
  }
  ProducerState state;
  Offset from = log_start;
  bool found = false;
  for (auto it = snapshots.rbegin(); it != snapshots.rend(); ++it) {
    const std::string path = SegmentPath(dir, *it, kSnapshotSuffix);
    if (*it > end) {
      OTTLA_RETURN_IF_ERROR(files.Remove(path));
      continue;
    }
    const bool is_base = std::ranges::any_of(segments, [&](const auto& segment) { return segment.base == *it; });
    if (*it < log_start && !is_base) {
      OTTLA_RETURN_IF_ERROR(files.Remove(path));
      continue;
    }
    if (found) continue;
    const auto bytes = files.ReadFile(path);
    if (!bytes.ok() && bytes.status().code() != StatusCode::kCorrupt) return bytes.status();
    auto read = bytes.ok()
                    ? ProducerState::FromSnapshot(*bytes, *it, options.now_ms, options.config.producer_expiration_ms)
                    : Result<ProducerState>(bytes.status());
    if (!read.ok()) {
      notes.push_back(path + " is removed: " + read.status().message());
      OTTLA_RETURN_IF_ERROR(files.Remove(path));
      continue;
    }
    state = std::move(read).value();
    from = *it;
    found = true;
  }
  const Status replayed = ReplayProducers(files, dir, segments, from, end, state);
  if (replayed.code() == StatusCode::kCorrupt) {
    notes.push_back("producers are known only in part: " + replayed.message());
  } else if (!replayed.ok()) {
    return replayed;
  }
  state.Expire(options.now_ms, options.config.producer_expiration_ms);
  state.set_end(end);
  return state;
}

}  // namespace ottla
