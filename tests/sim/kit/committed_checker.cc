#include <algorithm>
#include <charconv>

#include "tests/sim/kit/checkers.h"

namespace ottla::sim {

namespace {

constexpr std::size_t kChunk = 16384;

std::int64_t BaseOf(const std::string& name) {
  std::int64_t base = 0;
  std::from_chars(name.data(), name.data() + name.size(), base);
  return base;
}

}  // namespace

void CommittedChecker::Forget(const TopicPartition& tp) {
  committed_.erase(tp);
  std::erase_if(copies_, [&](const auto& entry) { return entry.first.first == tp; });
}

void CommittedChecker::Check(int broker, std::uint64_t incarnation, const SimFiles& files, ReplicaView replica,
                             bool says) {
  if (const History::Era era = history_.era(replica.tp); era != committed_[replica.tp].era) {
    Forget(replica.tp);
    committed_[replica.tp].era = era;
  }
  if (!says) replica.high_watermark = std::min(replica.high_watermark, committed_[replica.tp].end);
  Copy& copy = copies_[{replica.tp, broker}];
  if (copy.incarnation != incarnation || replica.log_end < copy.checked) copy = {.incarnation = incarnation};
  if (replica.high_watermark <= copy.checked) return;
  const std::string dir = replica.log_dir + "/" + replica.tp.ToString();
  if (copy.checked < replica.log_start) copy = {.incarnation = incarnation, .checked = replica.log_start};
  Read read = Read::kSome;
  while (read == Read::kSome && copy.checked < replica.high_watermark) {
    if (copy.file.empty() && !FindSegment(files, dir, copy)) break;
    read = ReadSome(broker, files, replica, copy);
  }
  if (read == Read::kBeyond) return;
  if (copy.checked < replica.high_watermark) {
    history_.Violation("broker " + std::to_string(broker) + " " + replica.tp.ToString() + ": nothing is stored at " +
                       std::to_string(copy.checked.value) + ", below the high watermark " +
                       std::to_string(replica.high_watermark.value));
  }
}

// The last segment that begins at or below what is to be read.
bool CommittedChecker::FindSegment(const SimFiles& files, const std::string& dir, Copy& copy) const {
  std::string best;
  for (const std::string& name : files.PeekNames(dir)) {
    if (name.ends_with(".log") && BaseOf(name) <= copy.checked.value) best = dir + "/" + name;  // in order
  }
  copy.file = best;
  copy.position = 0;
  return !best.empty();
}

CommittedChecker::Read CommittedChecker::ReadSome(int broker, const SimFiles& files, const ReplicaView& replica,
                                                  Copy& copy) {
  const std::string bytes = files.PeekAt(copy.file, copy.position, kChunk);
  BatchScanner scanner(bytes);
  BatchFrame frame;
  bool any = false;
  while (scanner.Next(frame) == BatchScanner::Step::kBatch) {
    if (frame.header.last_offset >= replica.high_watermark) return Read::kBeyond;
    any = true;
    copy.position += frame.bytes.size();
    if (frame.header.base_offset < copy.checked) continue;
    Compare(broker, replica, frame);
    copy.checked = Advance(frame.header.last_offset, 1);
  }
  if (any) return Read::kSome;
  // The end of this file: another segment begins here, or nothing does.
  const std::string at = copy.file;
  const bool found = FindSegment(files, at.substr(0, at.rfind('/')), copy) && copy.file != at;
  if (!found) copy.file.clear();
  return found ? Read::kSome : Read::kNothing;
}

void CommittedChecker::Compare(int broker, const ReplicaView& replica, const BatchFrame& frame) {
  ++batches_;
  const std::string what = replica.tp.ToString() + " offset " + std::to_string(frame.header.base_offset.value) +
                           ": broker " + std::to_string(broker);
  if (!CrcMatches(frame)) history_.Violation(what + " holds a wrong CRC below its high watermark");
  const Batch found{HashBytes(frame.bytes), frame.header.last_offset};
  Committed& all = committed_[replica.tp];
  std::map<Offset, Batch>& committed = all.batches;
  const auto [at, fresh] = committed.emplace(frame.header.base_offset, found);
  if (at->second.hash != found.hash) history_.Violation(what + " holds different bytes below its high watermark");
  if (!fresh) return;
  all.end = std::max(all.end, Advance(found.last, 1));
  const bool over_next = std::next(at) != committed.end() && std::next(at)->first <= found.last;
  const bool over_last = at != committed.begin() && std::prev(at)->second.last >= at->first;
  if (over_next || over_last) history_.Violation(what + " holds another batch across what is committed");
}

}  // namespace ottla::sim
