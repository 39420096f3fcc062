#include "common/net/cache_probes.h"

#include <algorithm>

namespace ottla {
namespace {

// For so long a page seen in the cache is taken to be there still: eviction passes over what was just read.
constexpr Micros kSeenFor = Millis(500);
constexpr Micros kWary = Millis(10'000);

}  // namespace

Result<std::uint64_t> CacheProbes::Look(const FileRange& front, std::uint64_t length, MonoTime now) {
  if (now - seen_at_ > kSeenFor) {
    Distrust();
    seen_to_.reset();
  }
  Status status = seen_to_ ? Status::Ok() : Begin(front, now);
  while (status.ok() && *seen_to_ < front.position + length) status = Step(front, now);
  const std::uint64_t seen = seen_to_ && *seen_to_ > front.position ? *seen_to_ - front.position : 0;
  if (!status.ok() && (seen == 0 || status.code() != StatusCode::kUnavailable)) {
    seen_to_.reset();
    return status;
  }
  return std::min(length, seen);
}

void CacheProbes::NextRange(const FileRange& sent) {
  seen_to_.reset();
  const File* file = sent.file.get();
  auto* end = std::ranges::find(ends_, file, &End::file);
  if (end == ends_.end()) {
    end = &ends_[oldest_end_];
    oldest_end_ = (oldest_end_ + 1) % ends_.size();
  }
  *end = {file, sent.position + sent.length};
}

// A reader asks again for the batch that the range before ended in.
bool CacheProbes::GoesOn(const FileRange& front) const {
  return std::ranges::any_of(ends_, [&](const End& end) {
    return end.file == front.file.get() && front.position <= end.position && end.position - front.position <= kClosest;
  });
}

Status CacheProbes::Begin(const FileRange& front, MonoTime now) {
  if (spacing_ == kClosest || !GoesOn(front)) OTTLA_RETURN_IF_ERROR(Probe(front, front.position, now));
  seen_to_ = front.position;
  return Status::Ok();
}

Status CacheProbes::Step(const FileRange& front, MonoTime now) {
  const std::uint64_t end = front.position + front.length;
  const std::uint64_t next = *seen_to_ + spacing_ - unprobed_;
  if (next > end && spacing_ > kClosest) {
    unprobed_ += end - *seen_to_;
    seen_to_ = end;
    return Status::Ok();
  }
  const std::uint64_t to = std::min(next, end);
  OTTLA_RETURN_IF_ERROR(Probe(front, to - 1, now));
  Trust(unprobed_ + to - *seen_to_, now);
  seen_to_ = to;
  return Status::Ok();
}

Status CacheProbes::Probe(const FileRange& front, std::uint64_t position, MonoTime now) {
  Status status = ProbeCached(front, position);
  if (status.ok()) {
    seen_at_ = now;
  } else {
    Distrust();
    wary_until_ = now + kWary;
  }
  return status;
}

void CacheProbes::Trust(std::uint64_t bytes, MonoTime now) {
  unprobed_ = 0;
  if (now < wary_until_) return;
  trusted_ += bytes;
  if (trusted_ < spacing_) return;
  trusted_ = 0;
  spacing_ = std::min(2 * spacing_, kWidest);
}

void CacheProbes::Distrust() {
  spacing_ = kClosest;
  unprobed_ = 0;
  trusted_ = 0;
}

}  // namespace ottla
