#include "broker/log/batch_file_reader.h"

#include <algorithm>

namespace ottla {
namespace {

constexpr std::uint64_t kReadSize = 256 << 10;

}  // namespace

Status BatchFileReader::Need(std::size_t bytes) {
  const std::uint64_t skip = at_ - buffered_at_;
  if (skip + bytes <= buffer_.size()) return Status::Ok();
  const std::uint64_t wanted = std::min(std::max<std::uint64_t>(bytes, kReadSize), limit_ - at_);
  buffer_.resize(wanted);
  buffered_at_ = at_;
  const auto got = file_.ReadAt(buffer_, at_);
  if (!got.ok()) return got.status();
  buffer_.resize(*got);
  if (*got < bytes) return {StatusCode::kCorrupt, "the file ends at " + std::to_string(at_ + *got)};
  return Status::Ok();
}

Result<std::optional<BatchFrame>> BatchFileReader::Next() {
  if (at_ >= limit_) return std::optional<BatchFrame>();
  const std::size_t prefix = std::min<std::uint64_t>(kBatchHeaderSize, limit_ - at_);
  OTTLA_RETURN_IF_ERROR(Need(prefix));
  BatchFrame frame;
  const auto at_hand = [&] { return std::string_view(buffer_).substr(at_ - buffered_at_); };
  switch (ParseBatchHeader(at_hand(), frame.header)) {
    case HeaderParse::kOk: break;
    case HeaderParse::kShort: return Status(StatusCode::kCorrupt, "half a batch header");
    case HeaderParse::kCorrupt: return Status(StatusCode::kCorrupt, "not a batch header");
  }
  if (frame.header.size > limit_ - at_) {
    return Status(StatusCode::kCorrupt, "a batch of " + std::to_string(frame.header.size) + " bytes of which " +
                                            std::to_string(limit_ - at_) + " are there");
  }
  OTTLA_RETURN_IF_ERROR(Need(frame.header.size));
  frame.bytes = at_hand().substr(0, frame.header.size);
  last_at_ = at_;
  at_ += frame.header.size;
  return std::optional<BatchFrame>(frame);
}

}  // namespace ottla
