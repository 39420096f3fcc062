#include "tests/sim/kit/history.h"

#include <charconv>

namespace ottla::sim {

std::string RecordId::Value() const {
  std::string value = ToString() + ":";
  const std::uint64_t mixed =
      (static_cast<std::uint64_t>(producer) * 31 + static_cast<std::uint64_t>(index)) * 0x9E3779B97F4A7C15ULL;
  value.append(static_cast<std::size_t>((mixed >> 40) % 300),
               static_cast<char>('a' + static_cast<int>((mixed >> 20) % 26)));
  return value;
}

RecordId RecordId::Parse(std::string_view value) {
  RecordId id;
  const char* const end = value.data() + value.size();
  const auto first = std::from_chars(value.data(), end, id.producer);
  if (first.ec != std::errc() || first.ptr == end || *first.ptr != '-') return {-1, 0};
  const auto second = std::from_chars(first.ptr + 1, end, id.index);
  if (second.ec != std::errc() || id.Value() != value) return {-1, 0};
  return id;
}

void History::Violation(const std::string& what) {
  if (violations_.size() < 100) violations_.push_back(what);
}

void History::Sent(const TopicPartition& tp, RecordId id) { partitions_[tp].sent.insert(id); }

void History::Observe(const TopicPartition& tp, Partition& partition, Offset offset, RecordId id, const char* how) {
  const std::string what = tp.ToString() + " offset " + std::to_string(offset.value) + " " + how + " " + id.ToString();
  if (!partition.sent.contains(id)) Violation(what + ": was never sent there");
  const auto at = partition.at.emplace(offset, id);
  if (!at.second && at.first->second != id) Violation(what + ": was " + at.first->second.ToString() + " before");
  const auto where = partition.where.emplace(id, offset);
  if (!where.second && where.first->second != offset) {
    Violation(what + ": is also at " + std::to_string(where.first->second.value));
  }
  if (!where.second) return;
  // A producer's records stand in the order of their indexes.
  const auto next = std::next(where.first);
  if (next != partition.where.end() && next->first.producer == id.producer && next->second <= offset) {
    Violation(what + ": behind " + next->first.ToString());
  }
  if (where.first == partition.where.begin()) return;
  const auto before = std::prev(where.first);
  if (before->first.producer == id.producer && before->second >= offset) {
    Violation(what + ": before " + before->first.ToString());
  }
}

void History::Acked(const TopicPartition& tp, Offset offset, RecordId id) {
  Partition& partition = partitions_[tp];
  Observe(tp, partition, offset, id, "acknowledged");
  partition.acked[id] = offset;
  ++acked_count_;
}

void History::AckedSomewhere(const TopicPartition& tp, RecordId id) {
  partitions_[tp].acked.emplace(id, kNoOffset);
  ++acked_count_;
}

void History::Read(const TopicPartition& tp, Offset offset, std::string_view value) {
  const RecordId id = RecordId::Parse(value);
  if (id.producer < 0) {
    Violation(tp.ToString() + " offset " + std::to_string(offset.value) + ": a value nobody wrote");
    return;
  }
  Observe(tp, partitions_[tp], offset, id, "read");
  ++read_count_;
}

void History::OutOfRange(const TopicPartition& tp, Offset offset) {
  Violation(tp.ToString() + " offset " + std::to_string(offset.value) + ": out of range, though all below it was read");
}

void History::CheckFinal(const TopicPartition& tp, const std::map<Offset, RecordId>& read) {
  std::set<RecordId> there;
  for (const auto& entry : read) there.insert(entry.second);
  for (const auto& [id, offset] : partitions_[tp].acked) {
    if (there.contains(id)) continue;
    Violation(tp.ToString() + " lost " + id.ToString() + ", acknowledged at " + std::to_string(offset.value));
  }
}

}  // namespace ottla::sim
