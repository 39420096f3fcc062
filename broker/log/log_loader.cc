#include "broker/log/log_loader.h"

#include <algorithm>
#include <optional>
#include <set>

#include "broker/log/checkpoint.h"
#include "broker/log/leftovers.h"
#include "broker/log/log_recovery.h"
#include "broker/log/producer_replay.h"
#include "broker/log/segment_changes.h"
#include "broker/log/segment_files.h"

namespace ottla {
namespace {

// One load under way.
class Loader {
 public:
  Loader(FileSystem& files, const std::string& dir, const LoadOptions& options) : files_(files), options_(options) {
    log_.dir = dir;
  }

  Result<LoadedLog> Run() {
    OTTLA_RETURN_IF_ERROR(List());
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
    auto names = SettleLeftovers(files_, log_.dir);
    if (!names.ok()) return names.status();
    names_ = std::move(names).value();
    return Status::Ok();
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

  Status Recover() {
    const auto from = LogRecovery(files_, options_, log_).Run();
    if (!from.ok()) return from.status();
    recovered_from_ = *from;
    return Status::Ok();
  }

  // A segment without an index is scanned once, so that lookups in it are quick again; one whose aborted transactions
  // are unreadable, because no reader of committed records would get past it. The active one is seen to elsewhere.
  Status RepairIndexes() {
    for (std::size_t i = 0; i < log_.segments.size(); ++i) {
      const SegmentImage& segment = log_.segments[i];
      if (segment.indexes_known || segment.size == 0) continue;
      const bool unindexed = unindexed_.contains(segment.base);
      const bool closed = i + 1 < log_.segments.size();
      Status rows = closed && segment.has_txn_file ? Aborted(segment).status() : Status::Ok();
      if (!rows.ok() && rows.code() != StatusCode::kCorrupt) return rows;
      if (!unindexed && rows.ok()) continue;
      Note(unindexed ? SegmentPath(log_.dir, segment.base, kOffsetIndexSuffix) + " is missing and is built anew"
                     : UnreadableAborted(segment, rows));
      OTTLA_RETURN_IF_ERROR(LogRecovery(files_, options_, log_).RebuildIndexes(i));
    }
    return Status::Ok();
  }

  Result<std::vector<AbortedTxn>> Aborted(const SegmentImage& segment) {
    const auto bytes = files_.ReadFile(SegmentPath(log_.dir, segment.base, kTxnIndexSuffix), UINT64_MAX);
    if (!bytes.ok()) return bytes.status();
    return DecodeAbortedTxns(*bytes, segment.base);
  }

  std::string UnreadableAborted(const SegmentImage& segment, const Status& why) const {
    return SegmentPath(log_.dir, segment.base, kTxnIndexSuffix) + " is unreadable (" + why.message() +
           ") and is built anew";
  }

  Status FindEnd() {
    OTTLA_RETURN_IF_ERROR(RepairIndexes());
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

  // The active segment's aborted transactions grow with the next abort, so they are at hand from the start.
  Status ReadAborted(SegmentImage& active) {
    if (!active.has_txn_file) return Status::Ok();
    auto rows = Aborted(active);
    if (!rows.ok()) {
      if (rows.status().code() != StatusCode::kCorrupt) return rows.status();
      Note(UnreadableAborted(active, rows.status()));
      OTTLA_RETURN_IF_ERROR(LogRecovery(files_, options_, log_).RebuildIndexes(log_.segments.size() - 1));
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
        auto producers = RebuildProducers(files_, log_.dir, log_.segments,
                                          options_.Replay(log_.log_start, log_.log_end), log_.notes);
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
  Offset recovered_from_ = kNoLimit;  // base of the first segment that was scanned
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

}  // namespace ottla
