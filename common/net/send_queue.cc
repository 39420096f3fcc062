#include "common/net/send_queue.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <string_view>
#include <utility>

#include "common/base/check.h"

namespace ottla {
namespace {

constexpr std::size_t kMaxParts = 64;

std::string_view BytesOf(const WireSegment& segment) {
  if (const auto* owned = std::get_if<std::string>(&segment)) return *owned;
  return std::get<SharedBytes>(segment).bytes;
}

}  // namespace

// What one write call takes.
struct SendQueue::Batch {
  std::array<iovec, kMaxParts> parts;
  std::size_t count = 0;
  std::uint64_t bytes = 0;
  std::size_t scratch_used = 0;
  const FileRange* before = nullptr;  // what follows and leaves by Stream::SendFile

  void Add(const char* data, std::size_t size) {
    parts[count++] = {const_cast<char*>(data), size};
    bytes += size;
  }
};

void SendQueue::Push(WireSegment segment) {
  const std::uint64_t size = SegmentSize(segment);
  if (size == 0) return;
  queued_ += size;
  segments_.push_back(std::move(segment));
}

std::uint64_t SendQueue::Share(std::size_t senders) const {
  return std::max(options_.share_bytes, options_.turn_bytes / std::max<std::size_t>(senders, 1));
}

bool SendQueue::BySendFile(const WireSegment& segment) const {
  const auto* range = std::get_if<FileRange>(&segment);
  return range != nullptr && options_.file_mode == FileSendMode::kSendFile && range->length >= options_.sendfile_from &&
         range->file != nullptr && range->file->NativeFd() >= 0;
}

SendQueue::Outcome SendQueue::Flush(Stream& stream, const Turn& turn) {
  std::uint64_t sent = 0;
  while (!segments_.empty()) {
    if (sent >= turn.share) return Outcome::kTurnOver;
    const std::uint64_t room = turn.share - sent;
    if (BySendFile(segments_.front())) {
      // A range that fits into a turn is not torn in two: the next turn costs more than what this one is too long.
      const std::uint64_t front = SegmentSize(segments_.front());
      const Outcome outcome = SendFileFront(stream, front <= turn.share ? front : room, turn.now, &sent);
      if (outcome != Outcome::kDrained) return outcome;
      continue;
    }
    Batch batch;
    const Gathered gathered = Gather(batch, turn.scratch, room);
    if (gathered == Gathered::kBroken) return Outcome::kBroken;
    if (batch.count == 0) return Outcome::kCold;
    // Only what is sure to leave may be announced: the kernel keeps the last bytes before it back.
    const bool more = batch.before != nullptr && batch.bytes < room && probes_.Look(*batch.before, 1, turn.now).ok();
    const IoResult result = stream.Write({batch.parts.data(), batch.count}, more);
    if (result.kind == IoResult::Kind::kWouldBlock) return Outcome::kBlocked;
    if (result.kind != IoResult::Kind::kOk) return Outcome::kBroken;
    Consume(result.bytes);
    sent += result.bytes;
    if (result.bytes < batch.bytes) return Outcome::kBlocked;
  }
  return Outcome::kDrained;
}

SendQueue::Gathered SendQueue::Gather(Batch& batch, std::span<char> scratch, std::uint64_t room) const {
  std::uint64_t skip = front_sent_;
  for (const WireSegment& segment : segments_) {
    batch.before = BySendFile(segment) ? &std::get<FileRange>(segment) : nullptr;
    if (batch.count == kMaxParts || batch.bytes >= room || batch.before != nullptr) break;
    if (const auto* range = std::get_if<FileRange>(&segment)) {
      const std::uint64_t before = batch.bytes;
      const Gathered gathered = CopyFromFile(*range, batch, scratch, room);
      // What stands before a cold or broken range is still good to go.
      if (gathered != Gathered::kOk) return batch.count == 0 ? gathered : Gathered::kOk;
      if (batch.bytes - before < range->length) break;
    } else {
      const std::string_view bytes = BytesOf(segment).substr(skip);
      batch.Add(bytes.data(), bytes.size());
    }
    skip = 0;
  }
  return Gathered::kOk;
}

SendQueue::Gathered SendQueue::CopyFromFile(const FileRange& range, Batch& batch, std::span<char> scratch,
                                            std::uint64_t room) const {
  const std::size_t wanted =
      std::min<std::uint64_t>({range.length, room - batch.bytes, scratch.size() - batch.scratch_used});
  if (wanted == 0) return Gathered::kOk;
  const std::span<char> into = scratch.subspan(batch.scratch_used, wanted);
  if (range.file == nullptr || !range.Valid()) return Gathered::kBroken;
  const auto got = range.file->TryReadAt(into, range.position);
  if (!got.ok()) return got.status().code() == StatusCode::kUnavailable ? Gathered::kCold : Gathered::kBroken;
  // Asked again after the read: what a truncation let in meanwhile must not leave.
  if (*got == 0 || !range.Valid()) return Gathered::kBroken;
  batch.Add(into.data(), *got);
  batch.scratch_used += *got;
  return Gathered::kOk;
}

SendQueue::Outcome SendQueue::SendFileFront(Stream& stream, std::uint64_t room, MonoTime now, std::uint64_t* sent) {
  const FileRange& range = std::get<FileRange>(segments_.front());
  if (!range.Valid()) return Outcome::kBroken;
  const Result<std::uint64_t> cached = probes_.Look(range, std::min(range.length, room), now);
  if (!cached.ok()) return cached.status().code() == StatusCode::kUnavailable ? Outcome::kCold : Outcome::kBroken;
  const std::uint64_t length = *cached;
  const IoResult result = stream.SendFile(*range.file, range.position, length);
  if (result.kind == IoResult::Kind::kWouldBlock) return Outcome::kBlocked;
  if (result.kind != IoResult::Kind::kOk || !range.Valid()) return Outcome::kBroken;
  Consume(result.bytes);
  *sent += result.bytes;
  return result.bytes < length ? Outcome::kBlocked : Outcome::kDrained;
}

void SendQueue::Consume(std::uint64_t bytes) {
  queued_ -= bytes;
  while (bytes > 0) {
    OTTLA_CHECK(!segments_.empty());
    WireSegment& front = segments_.front();
    if (auto* range = std::get_if<FileRange>(&front)) {
      const std::uint64_t step = std::min(bytes, range->length);
      range->Consume(step);
      bytes -= step;
      if (range->length > 0) continue;
      probes_.NextRange(*range);
      segments_.pop_front();
      continue;
    }
    const std::uint64_t left = BytesOf(front).size() - front_sent_;
    const std::uint64_t step = std::min(bytes, left);
    bytes -= step;
    front_sent_ += step;
    if (step == left) {
      segments_.pop_front();
      front_sent_ = 0;
    }
  }
}

}  // namespace ottla
