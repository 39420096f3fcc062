// Names in a partition directory, and reading batches out of a segment file. The functions block unless the reader they
// are given does not.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "common/base/ids.h"
#include "common/base/status.h"
#include "common/io/file.h"
#include "common/record/record_batch.h"

namespace ottla {

inline constexpr std::string_view kLogSuffix = ".log";
inline constexpr std::string_view kOffsetIndexSuffix = ".index";
inline constexpr std::string_view kTimeIndexSuffix = ".timeindex";
inline constexpr std::string_view kTxnIndexSuffix = ".txnindex";
inline constexpr std::string_view kSnapshotSuffix = ".snapshot";
inline constexpr std::string_view kIndexSuffixes[] = {kOffsetIndexSuffix, kTimeIndexSuffix, kTxnIndexSuffix};
inline constexpr std::string_view kSegmentSuffixes[] = {kLogSuffix, kOffsetIndexSuffix, kTimeIndexSuffix,
                                                        kTxnIndexSuffix,
                                                        kSnapshotSuffix};  // all that belong to one base offset
inline constexpr std::string_view kDeletedSuffix = ".deleted";
inline constexpr std::string_view kCleanedSuffix = ".cleaned";
inline constexpr std::string_view kSwapSuffix = ".swap";
// Bytes set aside by recovery. No reader, ours or Kafka's, looks at such a file; the operator may.
inline constexpr std::string_view kCutSuffix = ".cut";
inline constexpr std::string_view kPartitionMetadataFile = "partition.metadata";

// The directory that `path` is in.
std::string ParentOf(const std::string& path);
// dir/00000000000000000042.log
std::string SegmentPath(const std::string& dir, Offset base, std::string_view suffix);
// The offset of a name like 00000000000000000042.log when it ends in `suffix` and has exactly 20 digits before it:
// any other file is a stranger's.
std::optional<Offset> OffsetOfName(std::string_view name, std::string_view suffix);

struct BatchAt {
  std::uint64_t position = 0;
  BatchHeader header;
};

// Reads headers one after the other. `File` calls go through TryReadAt when `may_wait` is false, and then kUnavailable
// says that the disk is needed.
class HeaderScanner {
 public:
  // [position, limit) of `file`; `limit` is the end of the last whole batch.
  HeaderScanner(const File& file, std::uint64_t position, std::uint64_t limit, bool may_wait)
      : file_(file), at_(position), limit_(limit), may_wait_(may_wait) {}
  // The next batch; nullopt at the limit. kCorrupt: no batch begins here, or it goes beyond the limit.
  Result<std::optional<BatchAt>> Next();
  std::uint64_t position() const { return at_; }  // after the last batch given

 private:
  Status Fill();
  static constexpr std::size_t kBuffer = 4096;
  const File& file_;
  std::uint64_t at_;
  const std::uint64_t limit_;
  const bool may_wait_;
  std::uint64_t buffered_at_ = 0;
  std::size_t buffered_ = 0;
  char buffer_[kBuffer];
};

// The first batch at or after `position` whose last offset is at least `offset`; nullopt: none before `limit`.
Result<std::optional<BatchAt>> FindBatch(const File& file, std::uint64_t position, std::uint64_t limit, Offset offset,
                                         bool may_wait);

struct TxnMarker;
// The marker in a control batch; nullopt: the batch is empty, or its record is of another kind.
std::optional<TxnMarker> ParseTxnMarker(const BatchFrame& frame);

// The files of one partition directory.
std::string PartitionMetadataText(const Uuid& topic_id);
Result<Uuid> ParsePartitionMetadata(std::string_view text);

// A directory name like topic-3; nullopt for anything else.
std::optional<TopicPartition> ParsePartitionDir(std::string_view name);

}  // namespace ottla
