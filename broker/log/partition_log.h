// The log of one partition: segments, their indexes, leader epochs, producer state, and the offsets that bound them.
//
// Owner: one data loop, the one of its partition. Everything below is called there, and every callback runs there; a
// callback may run before the call returns, or later. Disk work beyond one append of at most 256 KiB to the page cache
// runs on the Disk executor of the log's directory.
//
// What moves when: log end, producer state, epochs and indexes move only when the bytes are in the file. The recovery
// point moves only when everything below it is durable. What a crash loses above the recovery point is found again by
// scanning; a short write is cut back, and if even that fails the directory goes offline.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "broker/log/leader_epochs.h"
#include "broker/log/log_config.h"
#include "broker/log/producer_state.h"
#include "broker/log/txn_index.h"
#include "common/base/executor.h"
#include "common/base/ids.h"
#include "common/base/status.h"
#include "common/io/file_range.h"
#include "common/record/record_batch.h"

namespace ottla {

class FileCache;
class LogDir;
struct LoadedLog;
struct Segment;
struct SegmentImage;

// Whole batches in the order they are to be written. The views stay good while `owner` is held.
struct AppendBytes {
  std::vector<std::string_view> parts;  // each part: one or more whole batches
  std::shared_ptr<const void> owner;

  std::uint64_t size() const {
    std::uint64_t total = 0;
    for (const auto& part : parts) total += part.size();
    return total;
  }
};

enum class AppendError {
  kNone,
  kTooLarge,    // more than segment.bytes in one append: RECORD_LIST_TOO_LARGE 18 on a leader, failed on a follower
  kOutOfOrder,  // follower: last offsets do not increase inside the bytes; the partition is to be failed
  kUnexpectedOffset,  // follower: begins below the log end; outcome.first_offset says where
  kCorrupt,           // bad framing or CRC; nothing written; may be fetched again
  kInvalidTxnState,   // follower: a non-transactional batch inside an open transaction
  kStorage,           // this write failed and was cut back, or the directory is offline: KAFKA_STORAGE_ERROR 56
  kClosed,            // the log was closed or deleted
};

struct BatchAt;
struct CutRange;

struct AppendOutcome {
  AppendError error = AppendError::kNone;
  std::string message;              // for the log and for clients; empty when kNone
  Offset first_offset = kNoOffset;  // of the bytes given, -1 when there was no whole batch
  Offset last_offset = kNoOffset;
  Offset log_start = kNoOffset;  // after the append
  Offset log_end = kNoOffset;
  LeaderEpoch last_epoch = kNoLeaderEpoch;  // of the last v2 batch
  bool ok() const { return error == AppendError::kNone; }
};
using AppendDone = UniqueFunction<void(const AppendOutcome&)>;

struct ReadRequest {
  Offset offset;
  std::uint64_t max_bytes = 0;
  Offset upper;                  // exclusive: high watermark, last stable offset or log end
  bool min_one_message = false;  // a first batch larger than max_bytes is given whole
};

// One stretch of one segment. It begins with the batch that holds `offset` (earlier records of that batch come along)
// and may end inside a batch when max_bytes ends there.
struct ReadPlan {
  FileRange range;    // empty: nothing between offset and upper
  BatchHeader first;  // header of the first batch; meaningful when the range is not empty
  // Bytes of the range in front of a batch of which only the beginning is in it, where its first batch is large and
  // that is known at little cost; else its length.
  std::uint64_t whole_bytes = 0;
  // No record in the range has this offset or a larger one, unless it is below the request's `upper` as well: an upper
  // bound for AbortedIn.
  Offset end_bound = kNoOffset;
};

enum class ReadStatus {
  kOk,
  kCold,        // needs the disk: call Warm with the same request, then Read again
  kOutOfRange,  // below log start or above log end: OFFSET_OUT_OF_RANGE 1
  kCorrupt,     // the segment does not parse there: CORRUPT_MESSAGE 2
  kStorage,     // the directory is offline: KAFKA_STORAGE_ERROR 56
};

struct ReadResult {
  ReadStatus status = ReadStatus::kOk;
  ReadPlan plan;
};

// Answer to a lookup by time. -1 everywhere: no such record.
struct TimestampedOffset {
  std::int64_t timestamp = kNoTimestamp;
  Offset offset = kNoOffset;
  LeaderEpoch epoch = kNoLeaderEpoch;
  friend bool operator==(const TimestampedOffset&, const TimestampedOffset&) = default;
};

class PartitionLog : public std::enable_shared_from_this<PartitionLog> {
 public:
  // Made by LogManager only.
  PartitionLog(TopicPartition tp, std::shared_ptr<LogDir> dir, Executor& owner, std::shared_ptr<FileCache> cache,
               LogConfig config, LoadedLog loaded);
  ~PartitionLog();
  PartitionLog(const PartitionLog&) = delete;
  PartitionLog& operator=(const PartitionLog&) = delete;

  const TopicPartition& tp() const;
  const Uuid& topic_id() const;        // zero: none is recorded
  void AssignTopicId(const Uuid& id);  // only while none is recorded; written in the background
  const LogDir& dir() const;
  const LogConfig& config() const;
  void UpdateConfig(const LogConfig& config);

  Offset log_start() const;
  Offset log_end() const;
  Offset recovery_point() const;
  Offset high_watermark() const;      // the copy last told; at load: from the checkpoint, within [log start, log end]
  Offset last_stable_offset() const;  // min(high watermark, first unstable offset)
  std::uint64_t size_bytes() const;
  std::size_t segment_count() const;
  Offset active_base() const;
  // Base offset of each segment with the time its file was last written, oldest first (ListOffsets v0).
  std::vector<std::pair<Offset, std::int64_t>> SegmentTimes() const;

  // The replica layer decides the high watermark and tells it here: it bounds deletion, the last stable offset and what
  // is written to replication-offset-checkpoint. Clamped to [log start, log end].
  void SetHighWatermark(Offset high_watermark);

  // --- Writing. One at a time: Append and Truncate must not be called while busy().
  bool busy() const;
  void WhenIdle(Task task);  // at once when not busy, else after the operation in flight; in the order asked

  // Batches checked and given their offsets (from log_end() on) and leader epoch by append_check; sequences checked by
  // a ProducerStaging. `done` after the write (after the fsync too where flush.messages asks for it).
  void AppendAsLeader(AppendBytes bytes, AppendDone done);
  // Batches as fetched. Offsets may leave gaps; CRCs are checked here unless `crc_checked`; a partial last batch is
  // cut. An empty log (log end = log start) whose first batch straddles the log end restarts at that batch's first
  // offset.
  void AppendAsFollower(AppendBytes bytes, bool crc_checked, AppendDone done);
  // The log ends at `end` afterwards, or is unchanged when it ended before. Ranges handed out for what was cut are no
  // longer Valid(). Also lowers recovery point, log start and high watermark, and rebuilds producer state.
  void TruncateTo(Offset end, UniqueFunction<void(Status)> done);
  // Everything goes; the log is empty at `start`. `log_start`: start of the log if it differs.
  void TruncateFullyAndStartAt(Offset start, std::optional<Offset> log_start, UniqueFunction<void(Status)> done);

  // --- Leader epochs.
  const LeaderEpochs& epochs() const;
  // A leader begins `epoch` here, before its first record.
  void AssignEpoch(LeaderEpoch epoch, Offset start);
  EpochEnd EndOffsetFor(LeaderEpoch epoch) const;
  LeaderEpoch latest_epoch() const;  // -1: none

  // --- Reading. Never blocks.
  ReadResult Read(const ReadRequest& request);
  // Brings what `request` needs into memory, then `done`. An error: the directory went offline or the log is gone.
  void Warm(const ReadRequest& request, UniqueFunction<void(Status)> done);
  // Aborted transactions a reader of [from, upper) must skip; nullopt: cold (call WarmAborted, then again).
  std::optional<std::vector<AbortedTxn>> AbortedIn(Offset from, Offset upper);
  void WarmAborted(Offset from, Offset upper, UniqueFunction<void(Status)> done);
  // First record with a timestamp >= `timestamp` and an offset >= log start. Reads and decompresses on the disk thread.
  void OffsetForTimestamp(std::int64_t timestamp, UniqueFunction<void(Result<TimestampedOffset>)> done);
  // First record that has the largest timestamp.
  void OffsetOfMaxTimestamp(UniqueFunction<void(Result<TimestampedOffset>)> done);

  // --- Producers and transactions.
  const ProducerState& producers() const;
  void ExpireProducers(std::int64_t now_ms);

  // --- Deletion.
  // Log start moves up to `offset` (never down, never beyond the high watermark; kOutOfRange then). Segments go with
  // the next retention run.
  Status AdvanceLogStart(Offset offset);
  // Removes what the retention settings allow, then tells how many segments went.
  void ApplyRetention(std::int64_t now_ms, UniqueFunction<void(std::size_t removed)> done);
  // flush.ms: starts a flush when the oldest unflushed append is that old.
  void FlushIfDue(std::int64_t now_ms);
  // Makes everything below the log end durable and moves the recovery point there.
  void Flush(UniqueFunction<void(Status)> done);

  // Orderly end: flush, final index entries, producer snapshot named like the log end. Nothing may be called afterwards
  // but the accessors. Used by LogEnd.
  enum class CloseSync {
    kEach,    // durable when done, and the recovery point at the log end
    kCaller,  // written only: the caller makes the directory durable and then moves the recovery point
  };
  void Close(CloseSync sync, UniqueFunction<void(Status)> done);
  // Nothing changed since the last orderly end: closing costs nothing.
  bool Untouched() const;
  // The log's directory was renamed or is going away; what is in flight ends with kClosed. Used by LogManager.
  void Abandon();

 private:
  struct AppendOp;
  struct CloseJob;
  struct FlushWaiter {
    Offset target;
    UniqueFunction<void(Status)> done;
  };
  // Where a batch begins, remembered so that readers need no lookup. `at` is the offset a reader asks for.
  struct Landmark {
    Offset at;
    Offset segment;
    std::uint64_t position = 0;
    BatchHeader header;
    std::int64_t noted_ms = 0;
  };
  struct WarmResult;
  struct FlushJob;
  using SegmentIterator = std::vector<std::unique_ptr<Segment>>::const_iterator;

  // Runs `work` on the directory's disk executor, then `then(log, result)` here if the log still exists.
  template <class Work, class Then>
  void OnDisk(Work work, Then then);

  Segment& active() { return *segments_.back(); }
  const Segment& active() const { return *segments_.back(); }
  SegmentIterator FloorSegment(Offset offset) const;  // end(): all begin above it
  Segment* FindSegment(Offset base);
  void Adopt(LoadedLog loaded);
  void BeginOperation();
  // The operation in flight has ended: tells whoever asked (`answer`), then whoever waits.
  template <class Answer>
  void EndOperation(Answer answer) {
    busy_ = false;
    exclusive_ = false;
    answer();
    if (!busy_) RunIdleWaiters();
    StartFlush();
  }
  void RunIdleWaiters();
  // Makes the operation in flight exclusive and runs `task` once no background task is on the disk.
  void WhenBackgroundIdle(Task task);
  void BackgroundDone();
  void FailDir(const Status& why);

  // Appends (partition_log_append.cc).
  void StartAppend(std::unique_ptr<AppendOp> op);
  bool Analyze(AppendOp& op);
  bool CheckFollower(AppendOp& op);
  void AppendAfterRoll(std::unique_ptr<AppendOp> op);
  void OpenThenWrite(std::unique_ptr<AppendOp> op);
  void WriteAppend(std::unique_ptr<AppendOp> op);
  void WriteOnDisk(std::unique_ptr<AppendOp> op, std::shared_ptr<File> file);
  void CutBackFailedWrite(std::unique_ptr<AppendOp> op, std::shared_ptr<File> file, Status why);
  void Commit(AppendOp& op);
  void FinishAppend(std::unique_ptr<AppendOp> op, AppendError error, const std::string& message);
  void Refused(std::unique_ptr<AppendOp> op);  // its outcome says why
  void Answer(std::unique_ptr<AppendOp> op, AppendError error, const std::string& message);
  void Roll(Offset new_base, UniqueFunction<void(Status)> then);
  std::int64_t JitterMs() const;
  void Remember(const Landmark& landmark);

  // Reads (partition_log_read.cc).
  const Landmark* FindLandmark(Offset segment, Offset at) const;
  void RememberRead(Segment& segment, Offset at, const BatchAt& batch);
  std::uint64_t WholeBytes(Segment& segment, const File& file, const BatchHeader& first, const CutRange& range);
  Result<std::optional<Landmark>> Locate(Segment& segment, Offset offset);
  Result<std::uint64_t> LimitPosition(Segment& segment, Offset upper);
  Offset EndBound(Segment& segment, SegmentIterator next, std::uint64_t end_position, Offset upper);
  std::uint64_t HotFrom(const Segment& segment) const;
  std::vector<SegmentImage> Images() const;
  void LookUpTime(std::optional<std::int64_t> timestamp, UniqueFunction<void(Result<TimestampedOffset>)> done);
  void Learn(const std::vector<SegmentImage>& images);

  // Upkeep (partition_log_upkeep.cc).
  void WriteIndexBlocks();
  void StartFlush();
  FlushJob MakeFlushJob(Offset target);
  void FlushFrom(const std::shared_ptr<FlushJob>& job, std::size_t step);
  static Status RunFlushStep(FileSystem& files, const FlushJob& job, std::size_t step);
  void FinishFlush(const FlushJob& job, const Status& status);
  void RemoveSegments(std::size_t count);
  void RemoveFilesLater(std::vector<Offset> bases);
  void LoadTimestampsThenRetain(std::int64_t now_ms, UniqueFunction<void(std::size_t)> done);
  void NoteBounds();

  // The end (partition_log_close.cc).
  CloseJob MakeCloseJob(CloseSync sync);
  void OnClosed(const CloseJob& job, const Status& status);

  const TopicPartition tp_;
  const std::shared_ptr<LogDir> dir_;
  Executor& owner_;
  const std::shared_ptr<FileCache> cache_;
  LogConfig config_;
  std::string path_;
  Uuid topic_id_;

  std::vector<std::unique_ptr<Segment>> segments_;  // by base; never empty; the last is the active one
  Offset log_start_;
  Offset log_end_;
  Offset recovery_point_;
  Offset high_watermark_;
  LeaderEpochs epochs_;
  ProducerState producers_;
  std::deque<Landmark> landmarks_;   // of the last appends
  std::deque<Landmark> read_marks_;  // where readers go on that are not at the tail

  bool closed_ = false;
  bool busy_ = false;
  bool exclusive_ = false;  // the operation in flight cuts or closes files: no flush meanwhile
  std::deque<Task> idle_waiters_;
  int background_ = 0;      // tasks on the disk that do not stop appends
  Task background_waiter_;  // an operation that needs them ended

  // What the files do not say yet.
  bool flushing_ = false;
  std::vector<FlushWaiter> flush_waiters_;
  Offset flush_target_;
  std::uint64_t epochs_version_ = 0;  // raised by each change
  std::uint64_t epochs_written_ = 0;
  bool metadata_unsynced_ = false;
  bool dir_unsynced_ = false;      // the log's directory itself may be new
  bool names_unsynced_ = true;     // the active segment's files may be
  Offset as_left_at_ = kNoOffset;  // log end of a clean stop before; while nothing changes, closing has nothing to do
  std::vector<Offset> unsynced_snapshots_;
  std::int64_t oldest_unflushed_ms_ = -1;
  bool index_write_pending_ = false;
};

}  // namespace ottla
