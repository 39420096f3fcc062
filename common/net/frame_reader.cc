#include "common/net/frame_reader.h"

#include <algorithm>
#include <cstring>
#include <string>
#include <utility>

#include "common/base/check.h"

namespace ottla {
namespace {

constexpr std::size_t kPrefix = 4;
constexpr std::size_t kFirstReserve = 16 << 10;
constexpr std::size_t kTrustMax = 4 << 20;
// After a frame of this size the next one is likely large as well: only its start is read into scratch, the rest where
// it belongs.
constexpr std::size_t kLargeFrame = 64 << 10;
constexpr std::size_t kShortWindow = 4 << 10;

std::int32_t ReadLength(const char* at) {
  std::uint32_t big_endian = 0;
  std::memcpy(&big_endian, at, sizeof big_endian);
  return static_cast<std::int32_t>(__builtin_bswap32(big_endian));
}

}  // namespace

std::span<char> FrameReader::Window(std::span<char> scratch) {
  if (partial_ == nullptr) {
    return trusted_ >= kLargeFrame ? scratch.first(std::min(scratch.size(), kShortWindow)) : scratch;
  }
  if (partial_filled_ == partial_->capacity()) partial_->Reserve(std::min(partial_length_, 2 * partial_filled_));
  return {partial_->data() + partial_filled_, std::min(partial_->capacity(), partial_length_) - partial_filled_};
}

Status FrameReader::Received(std::span<char> window, std::size_t count, std::vector<Frame>* frames) {
  if (partial_ == nullptr) return TakeScratch(window.first(count), frames);
  partial_filled_ += count;
  if (partial_filled_ < partial_length_) return Status::Ok();
  trusted_ = std::min(partial_length_, kTrustMax);
  char* data = partial_->data();
  frames->push_back({std::move(partial_), {data, partial_length_}});
  partial_ = nullptr;
  return Status::Ok();
}

Status FrameReader::TakeScratch(std::span<char> bytes, std::vector<Frame>* frames) {
  Status status;
  std::size_t at = 0;
  if (prefix_bytes_ > 0) {  // a length that came in two pieces: rare, and then its frame is a partial one
    const std::size_t missing = std::min(kPrefix - prefix_bytes_, bytes.size());
    std::memcpy(prefix_ + prefix_bytes_, bytes.data(), missing);
    prefix_bytes_ += missing;
    if (prefix_bytes_ < kPrefix) return status;
    prefix_bytes_ = 0;
    const std::int32_t length = ReadLength(prefix_);
    OTTLA_RETURN_IF_ERROR(CheckLength(length));
    at = missing;
    const std::size_t here = std::min(bytes.size() - at, static_cast<std::size_t>(length));
    StartPartial(bytes.subspan(at, here), static_cast<std::size_t>(length));
    at += here;
    if (here == static_cast<std::size_t>(length)) OTTLA_RETURN_IF_ERROR(Received({}, 0, frames));
  }
  // Whole frames first: one buffer for all of them.
  const std::size_t first = at;
  std::size_t end = at;
  while (bytes.size() - end >= kPrefix) {
    const std::int32_t length = ReadLength(bytes.data() + end);
    status = CheckLength(length);
    if (!status.ok() || bytes.size() - end - kPrefix < static_cast<std::size_t>(length)) break;
    end += kPrefix + static_cast<std::size_t>(length);
  }
  if (end > first) {
    auto buffer = std::make_shared<FrameBuffer>(budget_);
    buffer->Reserve(end - first);
    std::memcpy(buffer->data(), bytes.data() + first, end - first);
    for (at = 0; at < end - first;) {
      const auto length = static_cast<std::size_t>(ReadLength(buffer->data() + at));
      frames->push_back({buffer, {buffer->data() + at + kPrefix, length}});
      at += kPrefix + length;
    }
    trusted_ = 0;
  }
  if (!status.ok()) return status;
  const std::span<char> rest = bytes.subspan(end);
  if (rest.size() >= kPrefix) {
    StartPartial(rest.subspan(kPrefix), static_cast<std::size_t>(ReadLength(rest.data())));
  } else if (!rest.empty()) {
    std::memcpy(prefix_, rest.data(), rest.size());
    prefix_bytes_ = rest.size();
  }
  return status;
}

void FrameReader::DropPartial() {
  partial_ = nullptr;
  prefix_bytes_ = 0;
}

std::size_t FrameReader::missing() const {
  if (partial_ != nullptr) return partial_length_ - partial_filled_;
  return prefix_bytes_ > 0 ? kPrefix - prefix_bytes_ : 0;
}

Status FrameReader::CheckLength(std::int32_t length) const {
  if (length >= 0 && length <= max_frame_bytes_) return Status::Ok();
  return {StatusCode::kCorrupt,
          "a frame of " + std::to_string(length) + " bytes, the limit is " + std::to_string(max_frame_bytes_)};
}

void FrameReader::StartPartial(std::span<const char> body, std::size_t length) {
  partial_ = std::make_shared<FrameBuffer>(budget_);
  partial_length_ = length;
  partial_filled_ = body.size();
  // While memory is short, trust would let every connection claim room for bytes that are not here.
  const std::size_t trusted = budget_ != nullptr && budget_->Exhausted() ? 0 : trusted_;
  partial_->Reserve(std::max(body.size(), std::min(length, std::max({kFirstReserve, trusted, 2 * body.size()}))));
  if (!body.empty()) std::memcpy(partial_->data(), body.data(), body.size());
}

}  // namespace ottla
