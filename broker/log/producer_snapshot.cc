// The .snapshot file: i16 version 1, u32 CRC-32C over what follows it, i32 count, then 46 bytes for each producer.
#include <algorithm>

#include "broker/log/producer_state.h"
#include "common/base/crc32c.h"
#include "common/record/big_endian.h"

namespace ottla {
namespace {

constexpr std::int16_t kVersion = 1;
constexpr std::size_t kCrcAtByte = 2;
constexpr std::size_t kCountAt = 6;
constexpr std::size_t kRowsAt = 10;
constexpr std::size_t kRowSize = 46;

void EncodeRow(char* row, std::int64_t producer_id, const ProducerEntry& entry) {
  const ProducerBatch last = entry.batches.empty() ? ProducerBatch{} : entry.batches.back();
  StoreI64(row, producer_id);
  StoreI16(row + 8, entry.epoch);
  StoreI32(row + 10, last.last_sequence);
  StoreI64(row + 14, last.last_offset.value);
  StoreI32(row + 22, last.offset_delta);
  StoreI64(row + 26, entry.last_timestamp);
  StoreI32(row + 34, entry.coordinator_epoch);
  StoreI64(row + 38, entry.txn_first_offset.value);
}

ProducerEntry DecodeRow(const char* row) {
  ProducerEntry entry;
  entry.epoch = LoadI16(row + 8);
  entry.last_timestamp = LoadI64(row + 26);
  entry.coordinator_epoch = LoadI32(row + 34);
  entry.txn_first_offset = Offset(std::max<std::int64_t>(LoadI64(row + 38), -1));
  const ProducerBatch last{.last_sequence = LoadI32(row + 10),
                           .last_offset = Offset(LoadI64(row + 14)),
                           .offset_delta = LoadI32(row + 22),
                           .timestamp = entry.last_timestamp};
  if (last.last_offset.value >= 0) entry.batches.push_back(last);
  return entry;
}

}  // namespace

std::string ProducerState::Snapshot() const {
  std::vector<std::int64_t> ids;
  ids.reserve(producers_.size());
  for (const auto& [id, entry] : producers_) ids.push_back(id);
  std::ranges::sort(ids);
  std::string bytes(kRowsAt + ids.size() * kRowSize, '\0');
  StoreI16(bytes.data(), kVersion);
  StoreI32(bytes.data() + kCountAt, static_cast<std::int32_t>(ids.size()));
  char* row = bytes.data() + kRowsAt;
  for (const auto id : ids) {
    EncodeRow(row, id, producers_.at(id));
    row += kRowSize;
  }
  StoreU32(bytes.data() + kCrcAtByte, Crc32c(0, bytes.data() + kCountAt, bytes.size() - kCountAt));
  return bytes;
}

Result<ProducerState> ProducerState::FromSnapshot(std::string_view bytes, Offset end, std::int64_t now_ms,
                                                  std::int64_t expiration_ms) {
  const auto bad = [](std::string_view what) {
    return Status(StatusCode::kCorrupt, "producer snapshot: " + std::string(what));
  };
  if (bytes.size() < kRowsAt) return bad("too short");
  if (LoadI16(bytes.data()) != kVersion) return bad("unknown version");
  if (LoadU32(bytes.data() + kCrcAtByte) != Crc32c(0, bytes.data() + kCountAt, bytes.size() - kCountAt)) {
    return bad("checksum does not match");
  }
  const std::int32_t count = LoadI32(bytes.data() + kCountAt);
  if (count < 0 || bytes.size() - kRowsAt != static_cast<std::size_t>(count) * kRowSize)
    return bad("size does not fit");
  ProducerState state;
  state.end_ = end;
  for (std::size_t at = kRowsAt; at < bytes.size(); at += kRowSize) {
    const std::int64_t id = LoadI64(bytes.data() + at);
    ProducerEntry entry = DecodeRow(bytes.data() + at);
    if (!entry.in_transaction() && now_ms - entry.last_timestamp >= expiration_ms) continue;
    if (entry.in_transaction()) state.open_[entry.txn_first_offset] = id;
    state.producers_[id] = std::move(entry);
  }
  return state;
}

}  // namespace ottla
