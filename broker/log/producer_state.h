// What a log knows of the producers that wrote to it: sequences, epochs, open transactions; and from these the last
// stable offset. Pure; owned by the log. Checks never change it: a staging area remembers what an append under way
// would change, and the state itself moves only when the bytes are in the file (Apply). Rules: Apache Kafka's
// ProducerStateManager, ProducerAppendInfo (3.9). Survives a crash as snapshots plus replay.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "common/base/ids.h"
#include "common/base/status.h"
#include "common/record/record_batch.h"

namespace ottla {

// One batch a producer wrote, kept to recognise a repeat.
struct ProducerBatch {
  std::int32_t last_sequence = kNoSequence;
  Offset last_offset = kNoOffset;
  std::int32_t offset_delta = 0;  // last offset - first offset
  std::int64_t timestamp = kNoTimestamp;

  std::int32_t first_sequence() const { return AdvanceSequence(last_sequence, -offset_delta); }
  Offset first_offset() const { return Advance(last_offset, -offset_delta); }
  friend bool operator==(const ProducerBatch&, const ProducerBatch&) = default;
};

struct ProducerEntry {
  static constexpr std::size_t kBatchesKept = 5;

  std::int16_t epoch = kNoProducerEpoch;
  std::int32_t coordinator_epoch = -1;
  std::int64_t last_timestamp = kNoTimestamp;
  Offset txn_first_offset = kNoOffset;  // of the open transaction; -1: none
  std::vector<ProducerBatch> batches;   // oldest first, at most kBatchesKept

  bool in_transaction() const { return txn_first_offset != kNoOffset; }
  std::int32_t last_sequence() const { return batches.empty() ? kNoSequence : batches.back().last_sequence; }
  Offset last_data_offset() const { return batches.empty() ? kNoOffset : batches.back().last_offset; }
  void Add(const ProducerBatch& batch);
  friend bool operator==(const ProducerEntry&, const ProducerEntry&) = default;
};

// The body of a transaction marker.
struct TxnMarker {
  bool commit = false;
  std::int32_t coordinator_epoch = -1;
};

// A transaction that a marker has ended.
struct CompletedTxn {
  std::int64_t producer_id = kNoProducerId;
  Offset first_offset = kNoOffset;
  Offset last_offset = kNoOffset;  // of the marker
  bool aborted = false;
};

// Clients' appends are checked in full; writes of a group coordinator skip sequences; replication checks nothing that a
// leader has accepted.
enum class AppendOrigin { kClient, kCoordinator, kReplication };

enum class ProducerCheck {
  kOk,
  kDuplicate,   // write nothing, answer with the cached batch; it may be one of the same burst, so only once that is
                // written
  kOutOfOrder,  // OUT_OF_ORDER_SEQUENCE_NUMBER 45
  kFenced,      // INVALID_PRODUCER_EPOCH 47
  kInvalidTxnState,    // INVALID_TXN_STATE 48
  kCoordinatorFenced,  // TRANSACTION_COORDINATOR_FENCED 52
};

struct ProducerVerdict {
  ProducerCheck check = ProducerCheck::kOk;
  ProducerBatch duplicate;  // kDuplicate: the batch written before
  std::string message;      // empty when kOk
};

class ProducerState;

// The checks of one burst. Batches are checked in the order they will be written; each accepted one is seen by the
// next. Thrown away after the write, whatever its outcome.
class ProducerStaging {
 public:
  explicit ProducerStaging(const ProducerState& state) : state_(state) {}

  // `batch` has its final offsets. `verified`: the transaction coordinator has confirmed that this partition is part of
  // the transaction (or verification is off); needed only to open a transaction.
  ProducerVerdict Check(const BatchHeader& batch, AppendOrigin origin, bool verified);
  ProducerVerdict CheckMarker(const BatchHeader& batch, const TxnMarker& marker, AppendOrigin origin);

 private:
  ProducerEntry& Entry(std::int64_t producer_id);  // a copy to change
  const ProducerState& state_;
  std::unordered_map<std::int64_t, ProducerEntry> changed_;
};

class ProducerState {
 public:
  const ProducerEntry* Find(std::int64_t producer_id) const;
  const std::unordered_map<std::int64_t, ProducerEntry>& producers() const { return producers_; }
  // Exclusive end of the log covered by this state.
  Offset end() const { return end_; }
  void set_end(Offset end) { end_ = end; }

  // What a repeat of a batch would find: same epoch, same first and last sequence, among the last five.
  std::optional<ProducerBatch> FindDuplicate(const BatchHeader& batch) const;

  // A data batch of a producer is in the log now. Never refuses: what was wrong with it was found before.
  void Apply(const BatchHeader& batch);
  // A marker is in the log now. Returns the transaction it ended, if one was open.
  std::optional<CompletedTxn> ApplyMarker(const BatchHeader& batch, const TxnMarker& marker);

  // First offset that a transactional reader must not pass: of an open transaction, or of an ended one whose marker is
  // not yet below the high watermark. nullopt: none.
  std::optional<Offset> FirstUnstable() const;
  // First offset of the open transactions; nullopt: none.
  std::optional<Offset> FirstOpen() const;
  // Last stable offset to store with the aborted transaction `txn` in the txn index: the first offset of the earliest
  // other open transaction, else the one after the marker.
  Offset LastStableAfter(const CompletedTxn& txn) const;
  void OnHighWatermark(Offset high_watermark);
  void OnLogStart(Offset log_start);

  // Forgets producers without an open transaction whose last write is `expiration_ms` ago or more. Returns how many.
  std::size_t Expire(std::int64_t now_ms, std::int64_t expiration_ms);
  void Clear();

  // Bytes of a .snapshot file: version 1, CRC-32C, one row per producer with its last batch only.
  std::string Snapshot() const;
  // kCorrupt: wrong version, size or checksum. Producers already expired are left out.
  static Result<ProducerState> FromSnapshot(std::string_view bytes, Offset end, std::int64_t now_ms,
                                            std::int64_t expiration_ms);

 private:
  friend class ProducerStaging;

  std::unordered_map<std::int64_t, ProducerEntry> producers_;
  std::map<Offset, std::int64_t> open_;    // first offset -> producer
  std::map<Offset, Offset> unreplicated_;  // first offset -> offset of the marker, of ended transactions
  Offset end_{0};
};

}  // namespace ottla
