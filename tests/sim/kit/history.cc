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

History::Era History::era(const TopicPartition& tp) const {
  const auto found = partitions_.find(tp);
  return found == partitions_.end() ? 0 : found->second.era;
}

bool History::forgiven(const TopicPartition& tp) const {
  const auto found = partitions_.find(tp);
  return found != partitions_.end() && found->second.forgiven;
}

void History::Forgive(const TopicPartition& tp) {
  Partition& partition = partitions_[tp];
  ++forgiven_count_;
  ++partition.era;
  partition.forgiven = true;
  partition.at.clear();
  partition.where.clear();
  partition.acked.clear();
  for (const RecordId& id : partition.sent) partition.loose[id.producer] = id.index;  // ascending
}

void History::GiveUp(const TopicPartition& tp) {
  Forgive(tp);
  partitions_[tp].lawless = true;
}

void History::Sent(const TopicPartition& tp, RecordId id) { partitions_[tp].sent.insert(id); }

void History::Observe(const TopicPartition& tp, Partition& partition, Offset offset, RecordId id, const char* how) {
  const std::string what = tp.ToString() + " offset " + std::to_string(offset.value) + " " + how + " " + id.ToString();
  if (!partition.sent.contains(id)) Violation(what + ": was never sent there");
  if (partition.lawless) return;
  const auto at = partition.at.emplace(offset, id);
  if (!at.second && at.first->second != id) Violation(what + ": was " + at.first->second.ToString() + " before");
  const auto loose = partition.loose.find(id.producer);
  if (loose != partition.loose.end() && id.index <= loose->second) return;
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

void History::Acked(const TopicPartition& tp, Offset offset, RecordId id, Era era) {
  Partition& partition = partitions_[tp];
  ++acked_count_;
  if (partition.era != era || partition.lawless) return;
  Observe(tp, partition, offset, id, "acknowledged");
  partition.acked[id] = offset;
}

void History::AckedSomewhere(const TopicPartition& tp, RecordId id, Era era) {
  Partition& partition = partitions_[tp];
  ++acked_count_;
  if (partition.era == era && !partition.lawless) partition.acked.emplace(id, kNoOffset);
}

void History::Read(const TopicPartition& tp, Offset offset, std::string_view value, Era era) {
  const RecordId id = RecordId::Parse(value);
  if (id.producer < 0) {
    Violation(tp.ToString() + " offset " + std::to_string(offset.value) + ": a value nobody wrote");
    return;
  }
  Partition& partition = partitions_[tp];
  if (partition.era == era) Observe(tp, partition, offset, id, "read");
  ++read_count_;
}

void History::OutOfRange(const TopicPartition& tp, Offset offset) {
  if (forgiven(tp)) return;
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
