#include "broker/log/segment_files.h"

#include <algorithm>
#include <array>
#include <cstdio>

#include "broker/log/checkpoint.h"
#include "broker/log/producer_state.h"
#include "common/record/record.h"

namespace ottla {
namespace {

constexpr std::size_t kOffsetDigits = 20;

bool AllDigits(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

}  // namespace

std::string ParentOf(const std::string& path) {
  const auto slash = path.find_last_of('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

std::string SegmentPath(const std::string& dir, Offset base, std::string_view suffix) {
  std::array<char, kOffsetDigits + 1> digits{};
  std::snprintf(digits.data(), digits.size(), "%020lld", static_cast<long long>(base.value));
  std::string path;
  path.reserve(dir.size() + 1 + kOffsetDigits + suffix.size());
  path.append(dir).append("/").append(digits.data()).append(suffix);
  return path;
}

std::optional<Offset> OffsetOfName(std::string_view name, std::string_view suffix) {
  if (!name.ends_with(suffix)) return std::nullopt;
  name.remove_suffix(suffix.size());
  if (name.size() != kOffsetDigits || !AllDigits(name)) return std::nullopt;
  const auto value = ParseNumber<std::int64_t>(name);
  return value ? std::optional(Offset(*value)) : std::nullopt;
}

Status HeaderScanner::Fill() {
  const std::size_t wanted = std::min<std::uint64_t>(kBuffer, limit_ - at_);
  const std::span<char> into(buffer_, wanted);
  const auto got = may_wait_ ? file_.ReadAt(into, at_) : file_.TryReadAt(into, at_);
  if (!got.ok()) return got.status();
  buffered_at_ = at_;
  buffered_ = *got;
  return Status::Ok();
}

Result<std::optional<BatchAt>> HeaderScanner::Next() {
  if (at_ >= limit_) return std::optional<BatchAt>();
  const std::size_t needed = std::min<std::uint64_t>(kBatchHeaderSize, limit_ - at_);
  if (at_ < buffered_at_ || at_ + needed > buffered_at_ + buffered_) OTTLA_RETURN_IF_ERROR(Fill());
  const std::string_view prefix(buffer_ + (at_ - buffered_at_), buffered_ - (at_ - buffered_at_));
  BatchAt found{.position = at_, .header = {}};
  const bool parsed = ParseBatchHeader(prefix, found.header) == HeaderParse::kOk;
  if (!parsed || found.header.size > limit_ - at_) {
    return Status(StatusCode::kCorrupt, "no whole batch at position " + std::to_string(at_));
  }
  at_ += found.header.size;
  return std::optional<BatchAt>(found);
}

Result<std::optional<BatchAt>> FindBatch(const File& file, std::uint64_t position, std::uint64_t limit, Offset offset,
                                         bool may_wait) {
  HeaderScanner scanner(file, position, limit, may_wait);
  for (;;) {
    auto batch = scanner.Next();
    if (!batch.ok() || !batch->has_value() || (*batch)->header.last_offset >= offset) return batch;
  }
}

std::optional<TxnMarker> ParseTxnMarker(const BatchFrame& frame) {
  if (!frame.header.is_control || frame.header.magic != 2 || frame.header.count <= 0) return std::nullopt;
  const std::string_view records = frame.v2().records();
  const char* p = records.data();
  RawRecord record;
  if (!ParseRecord(p, p + records.size(), record) || record.key_size < 4 || record.value_size < 6) return std::nullopt;
  const std::int16_t type = LoadI16(record.key + 2);
  if (LoadI16(record.key) < 0 || (type != 0 && type != 1)) return std::nullopt;
  return TxnMarker{.commit = type == 1, .coordinator_epoch = LoadI32(record.value + 2)};
}

std::string PartitionMetadataText(const Uuid& topic_id) { return "version: 0\ntopic_id: " + topic_id.ToString(); }

Result<Uuid> ParsePartitionMetadata(std::string_view text) {
  std::optional<std::int32_t> version;
  std::optional<Uuid> id;
  while (!text.empty()) {
    const auto end = text.find('\n');
    std::string_view line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
    const auto colon = line.find(':');
    if (colon == std::string_view::npos) return Status(StatusCode::kCorrupt, "not a line of partition.metadata");
    const auto value_at = line.find_first_not_of(" \t", colon + 1);
    const std::string_view value = value_at == std::string_view::npos ? "" : line.substr(value_at);
    if (line.substr(0, colon) == "version") version = ParseNumber<std::int32_t>(value);
    if (line.substr(0, colon) == "topic_id") id = Uuid::FromString(value);
  }
  if (version != 0) return Status(StatusCode::kCorrupt, "partition.metadata: unknown version");
  if (!id || id->IsZero()) return Status(StatusCode::kCorrupt, "partition.metadata: no topic id");
  return *id;
}

std::optional<TopicPartition> ParsePartitionDir(std::string_view name) {
  const auto dash = name.find_last_of('-');
  if (dash == std::string_view::npos || dash == 0 || !AllDigits(name.substr(dash + 1))) return std::nullopt;
  const auto partition = ParseNumber<std::int32_t>(name.substr(dash + 1));
  if (!partition) return std::nullopt;
  return TopicPartition{std::string(name.substr(0, dash)), *partition};
}

}  // namespace ottla
