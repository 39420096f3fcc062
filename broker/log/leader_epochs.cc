#include "broker/log/leader_epochs.h"

#include <algorithm>
#include <utility>

#include "broker/log/checkpoint.h"

namespace ottla {

std::optional<EpochStart> LeaderEpochs::latest() const {
  return entries_.empty() ? std::nullopt : std::optional(entries_.back());
}

std::optional<EpochStart> LeaderEpochs::earliest() const {
  return entries_.empty() ? std::nullopt : std::optional(entries_.front());
}

bool LeaderEpochs::Assign(LeaderEpoch epoch, Offset start) {
  if (epoch.value < 0 || start.value < 0) return false;
  if (!entries_.empty() && entries_.back().epoch == epoch && entries_.back().start <= start) return false;
  while (!entries_.empty() && (entries_.back().epoch >= epoch || entries_.back().start >= start)) entries_.pop_back();
  entries_.push_back({epoch, start});
  return true;
}

bool LeaderEpochs::TruncateFromEnd(Offset end) {
  const auto before = entries_.size();
  while (!entries_.empty() && entries_.back().start >= end) entries_.pop_back();
  return entries_.size() != before;
}

bool LeaderEpochs::TruncateFromStart(Offset start) {
  const auto kept = std::ranges::upper_bound(entries_, start, {}, &EpochStart::start);
  if (kept == entries_.begin()) return false;
  const EpochStart in_force{std::prev(kept)->epoch, start};
  if (kept == std::next(entries_.begin()) && entries_.front() == in_force) return false;
  entries_.erase(entries_.begin(), std::prev(kept));
  entries_.front() = in_force;
  return true;
}

bool LeaderEpochs::Clear() {
  const bool changed = !entries_.empty();
  entries_.clear();
  return changed;
}

EpochEnd LeaderEpochs::EndOffsetFor(LeaderEpoch epoch, Offset log_end) const {
  if (epoch == kNoLeaderEpoch || entries_.empty()) return {};
  if (epoch == entries_.back().epoch) return {epoch, log_end};
  const auto higher = std::ranges::upper_bound(entries_, epoch, {}, &EpochStart::epoch);
  if (higher == entries_.end()) return {};
  if (higher == entries_.begin()) return {epoch, higher->start};
  return {std::prev(higher)->epoch, higher->start};
}

std::optional<LeaderEpoch> LeaderEpochs::EpochAt(Offset offset) const {
  const auto after = std::ranges::upper_bound(entries_, offset, {}, &EpochStart::start);
  if (after == entries_.begin()) return std::nullopt;
  return std::prev(after)->epoch;
}

std::string LeaderEpochs::ToText() const {
  std::vector<std::string> lines;
  lines.reserve(entries_.size());
  for (const auto& entry : entries_) {
    lines.push_back(std::to_string(entry.epoch.value) + " " + std::to_string(entry.start.value));
  }
  return CheckpointText(lines);
}

Result<LeaderEpochs> LeaderEpochs::Parse(std::string_view text) {
  auto rows = ParseCheckpoint(text, 2);
  if (!rows.ok()) return rows.status();
  LeaderEpochs epochs;
  for (const auto& row : *rows) {
    const auto epoch = ParseNumber<std::int32_t>(row[0]);
    const auto start = ParseNumber<std::int64_t>(row[1]);
    if (!epoch || !start) return Status(StatusCode::kCorrupt, "not an epoch and an offset: " + row[0] + " " + row[1]);
    const EpochStart entry{LeaderEpoch(*epoch), Offset(*start)};
    if (*epoch < 0 || *start < 0 ||
        (!epochs.empty() &&
         (entry.epoch <= epochs.entries_.back().epoch || entry.start < epochs.entries_.back().start))) {
      return Status(StatusCode::kCorrupt, "epochs do not ascend at " + row[0] + " " + row[1]);
    }
    epochs.entries_.push_back(entry);
  }
  return epochs;
}

EpochRebuild::EpochRebuild(LeaderEpochs said, Offset from) : said_(std::move(said)), epochs_(said_), next_(from) {
  epochs_.TruncateFromEnd(from);
}

void EpochRebuild::OnBatch(const BatchHeader& batch) {
  const LeaderEpoch latest = epochs_.empty() ? kNoLeaderEpoch : epochs_.entries().back().epoch;
  if (batch.magic < 2) {
    epochs_.Clear();
  } else if (batch.leader_epoch > latest) {
    for (const EpochStart& entry : said_.entries()) {
      const bool between_batches = entry.start >= next_ && entry.start <= batch.base_offset;
      if (between_batches && entry.epoch > latest && entry.epoch <= batch.leader_epoch) {
        epochs_.Assign(entry.epoch, entry.start);
      }
    }
    epochs_.Assign(batch.leader_epoch, batch.base_offset);
  }
  next_ = batch.next_offset();
}

}  // namespace ottla
