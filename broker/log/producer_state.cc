#include "broker/log/producer_state.h"

#include <algorithm>

namespace ottla {
namespace {

constexpr std::int32_t kMaxSequence = 2147483647;

bool Follows(std::int32_t last, std::int32_t next) {
  return (last == kMaxSequence && next == 0) || (last != kMaxSequence && next == last + 1);
}

std::string Describe(const BatchHeader& batch) {
  return "producer " + std::to_string(batch.producer_id) + " epoch " + std::to_string(batch.producer_epoch) +
         " offset " + std::to_string(batch.base_offset.value);
}

ProducerVerdict Refuse(ProducerCheck check, std::string message) { return {check, {}, std::move(message)}; }

std::optional<ProducerBatch> FindIn(const ProducerEntry& entry, const BatchHeader& batch) {
  if (entry.epoch != batch.producer_epoch) return std::nullopt;
  for (const auto& known : entry.batches) {
    if (known.first_sequence() == batch.base_sequence && known.last_sequence == batch.last_sequence) return known;
  }
  return std::nullopt;
}

// kOutOfOrder, or kOk with an empty message.
ProducerVerdict CheckSequence(const ProducerEntry& entry, const BatchHeader& batch) {
  if (entry.epoch == kNoProducerEpoch) return {};  // unknown here, perhaps by retention: any sequence may come
  if (batch.producer_epoch != entry.epoch) {
    if (batch.base_sequence == 0) return {};
    return Refuse(ProducerCheck::kOutOfOrder, "Invalid sequence number for new epoch of " + Describe(batch) + ": " +
                                                  std::to_string(batch.base_sequence) + " (request epoch), 0 expected");
  }
  if (Follows(entry.last_sequence(), batch.base_sequence)) return {};
  return Refuse(ProducerCheck::kOutOfOrder, "Out of order sequence number for " + Describe(batch) + ": " +
                                                std::to_string(batch.base_sequence) + " (incoming seq. number), " +
                                                std::to_string(entry.last_sequence()) +
                                                " (current end sequence number)");
}

void SetEpoch(ProducerEntry& entry, std::int16_t epoch) {
  if (entry.epoch == epoch) return;
  entry.epoch = epoch;
  entry.batches.clear();
}

void ApplyData(ProducerEntry& entry, const BatchHeader& batch) {
  SetEpoch(entry, batch.producer_epoch);
  entry.Add({.last_sequence = batch.last_sequence,
             .last_offset = batch.last_offset,
             .offset_delta = static_cast<std::int32_t>(Distance(batch.base_offset, batch.last_offset)),
             .timestamp = batch.max_timestamp});
  entry.last_timestamp = batch.max_timestamp;
  if (batch.is_transactional && !entry.in_transaction()) entry.txn_first_offset = batch.base_offset;
}

void ApplyEnd(ProducerEntry& entry, const BatchHeader& batch, const TxnMarker& marker) {
  SetEpoch(entry, batch.producer_epoch);
  entry.coordinator_epoch = marker.coordinator_epoch;
  entry.last_timestamp = batch.max_timestamp;
  entry.txn_first_offset = kNoOffset;
}

}  // namespace

void ProducerEntry::Add(const ProducerBatch& batch) {
  if (batches.size() == kBatchesKept) batches.erase(batches.begin());
  batches.push_back(batch);
}

ProducerEntry& ProducerStaging::Entry(std::int64_t producer_id) {
  const auto [it, fresh] = changed_.try_emplace(producer_id);
  if (fresh) {
    if (const auto* known = state_.Find(producer_id); known != nullptr) it->second = *known;
  }
  return it->second;
}

ProducerVerdict ProducerStaging::Check(const BatchHeader& batch, AppendOrigin origin, bool verified) {
  if (!batch.has_producer_id()) return {};
  ProducerEntry& entry = Entry(batch.producer_id);
  if (origin == AppendOrigin::kClient) {
    if (auto known = FindIn(entry, batch))
      return {ProducerCheck::kDuplicate, *known, "a repeat of a batch already written"};
  }
  if (batch.producer_epoch < entry.epoch && origin != AppendOrigin::kReplication) {
    return Refuse(ProducerCheck::kFenced, "Epoch of " + Describe(batch) + " is smaller than the last seen epoch " +
                                              std::to_string(entry.epoch));
  }
  if (origin == AppendOrigin::kClient) {
    if (auto verdict = CheckSequence(entry, batch); verdict.check != ProducerCheck::kOk) return verdict;
    if (batch.is_transactional && !entry.in_transaction() && !verified) {
      return Refuse(ProducerCheck::kInvalidTxnState,
                    "Record was not part of an ongoing transaction: " + Describe(batch) + " was not verified");
    }
  }
  if (!batch.is_transactional && entry.in_transaction()) {
    return Refuse(ProducerCheck::kInvalidTxnState,
                  "Expected transactional write from " + Describe(batch) + " while its transaction is open");
  }
  ApplyData(entry, batch);
  return {};
}

ProducerVerdict ProducerStaging::CheckMarker(const BatchHeader& batch, const TxnMarker& marker, AppendOrigin origin) {
  ProducerEntry& entry = Entry(batch.producer_id);
  if (origin != AppendOrigin::kReplication) {
    if (batch.producer_epoch < entry.epoch) {
      return Refuse(ProducerCheck::kFenced, "Epoch of marker for " + Describe(batch) +
                                                " is smaller than the last seen epoch " + std::to_string(entry.epoch));
    }
    if (marker.coordinator_epoch < entry.coordinator_epoch) {
      return Refuse(ProducerCheck::kCoordinatorFenced,
                    "Coordinator epoch " + std::to_string(marker.coordinator_epoch) + " of marker for " +
                        Describe(batch) + " is smaller than the last seen " + std::to_string(entry.coordinator_epoch));
    }
  }
  ApplyEnd(entry, batch, marker);
  return {};
}

const ProducerEntry* ProducerState::Find(std::int64_t producer_id) const {
  const auto it = producers_.find(producer_id);
  return it == producers_.end() ? nullptr : &it->second;
}

std::optional<ProducerBatch> ProducerState::FindDuplicate(const BatchHeader& batch) const {
  const auto* entry = batch.has_producer_id() ? Find(batch.producer_id) : nullptr;
  return entry == nullptr ? std::nullopt : FindIn(*entry, batch);
}

void ProducerState::Apply(const BatchHeader& batch) {
  if (!batch.has_producer_id()) return;
  ProducerEntry& entry = producers_[batch.producer_id];
  const bool was_open = entry.in_transaction();
  ApplyData(entry, batch);
  if (!was_open && entry.in_transaction()) open_[entry.txn_first_offset] = batch.producer_id;
}

std::optional<CompletedTxn> ProducerState::ApplyMarker(const BatchHeader& batch, const TxnMarker& marker) {
  ProducerEntry& entry = producers_[batch.producer_id];
  std::optional<CompletedTxn> completed;
  if (entry.in_transaction()) {
    completed = CompletedTxn{.producer_id = batch.producer_id,
                             .first_offset = entry.txn_first_offset,
                             .last_offset = batch.base_offset,
                             .aborted = !marker.commit};
    open_.erase(entry.txn_first_offset);
    unreplicated_[entry.txn_first_offset] = batch.base_offset;
  }
  ApplyEnd(entry, batch, marker);
  return completed;
}

std::optional<Offset> ProducerState::FirstUnstable() const {
  std::optional<Offset> first = FirstOpen();
  if (!unreplicated_.empty() && (!first || unreplicated_.begin()->first < *first)) first = unreplicated_.begin()->first;
  return first;
}

std::optional<Offset> ProducerState::FirstOpen() const {
  return open_.empty() ? std::nullopt : std::optional(open_.begin()->first);
}

Offset ProducerState::LastStableAfter(const CompletedTxn& txn) const {
  for (const auto& [first, producer_id] : open_) {
    if (producer_id != txn.producer_id) return first;
  }
  return Advance(txn.last_offset, 1);
}

void ProducerState::OnHighWatermark(Offset high_watermark) {
  std::erase_if(unreplicated_, [&](const auto& txn) { return txn.second < high_watermark; });
}

void ProducerState::OnLogStart(Offset log_start) {
  OnHighWatermark(log_start);
  end_ = std::max(end_, log_start);
}

std::size_t ProducerState::Expire(std::int64_t now_ms, std::int64_t expiration_ms) {
  return std::erase_if(producers_, [&](const auto& producer) {
    const ProducerEntry& entry = producer.second;
    return !entry.in_transaction() && now_ms - entry.last_timestamp >= expiration_ms;
  });
}

void ProducerState::Clear() { *this = ProducerState(); }

}  // namespace ottla
