// Batches for log tests.
#pragma once

#include <string>

#include "common/record/batch_builder.h"

namespace ottla {

struct TestBatch {
  Offset base{0};
  int count = 1;
  LeaderEpoch epoch{0};
  std::int64_t timestamp = 1'700'000'000'000;  // of the first record; one more ms for each next
  std::size_t value_size = 10;
  std::int64_t producer_id = kNoProducerId;
  std::int16_t producer_epoch = kNoProducerEpoch;
  std::int32_t sequence = kNoSequence;
  bool transactional = false;
};

inline std::string MakeBatch(const TestBatch& batch) {
  BatchBuilder builder({.base_offset = batch.base,
                        .leader_epoch = batch.epoch,
                        .producer_id = batch.producer_id,
                        .producer_epoch = batch.producer_epoch,
                        .base_sequence = batch.sequence,
                        .is_transactional = batch.transactional});
  const std::string value(batch.value_size, static_cast<char>('a' + batch.base.value % 26));
  for (int i = 0; i < batch.count; ++i) builder.Append(batch.timestamp + i, std::nullopt, value);
  std::string bytes;
  builder.Build(nullptr, bytes);
  SetLeaderEpoch(bytes.data(), batch.epoch);
  return bytes;
}

inline std::string MakeMarker(Offset base, LeaderEpoch epoch, std::int64_t producer_id, bool commit) {
  std::string bytes = MakeEndTransactionMarker(producer_id, 0, commit, 0, 1'700'000'000'000);
  SetBaseOffset(bytes.data(), base);
  SetLeaderEpoch(bytes.data(), epoch);
  return bytes;
}

}  // namespace ottla
