#include "broker/log/checkpoint.h"

#include <utility>

namespace ottla {
namespace {

bool IsSpace(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\f' || c == '\v'; }

std::vector<std::string> Fields(std::string_view line) {
  std::vector<std::string> fields;
  std::size_t at = 0;
  while (at < line.size()) {
    while (at < line.size() && IsSpace(line[at])) ++at;
    const std::size_t begin = at;
    while (at < line.size() && !IsSpace(line[at])) ++at;
    if (at > begin) fields.emplace_back(line.substr(begin, at - begin));
  }
  return fields;
}

// The next line without its end; false at the end of the text.
bool TakeLine(std::string_view& rest, std::string_view& line) {
  if (rest.empty()) return false;
  const auto end = rest.find('\n');
  line = rest.substr(0, end);
  rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
  if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
  return true;
}

Status Bad(std::string_view what, std::string_view line) {
  return {StatusCode::kCorrupt, std::string(what) + ": '" + std::string(line.substr(0, 200)) + "'"};
}

}  // namespace

std::string CheckpointText(const std::vector<std::string>& lines) {
  std::string text = "0\n" + std::to_string(lines.size()) + "\n";
  for (const auto& line : lines) text.append(line).push_back('\n');
  return text;
}

Result<std::vector<std::vector<std::string>>> ParseCheckpoint(std::string_view text, std::size_t fields) {
  std::vector<std::vector<std::string>> rows;
  std::string_view line;
  if (!TakeLine(text, line)) return rows;
  if (ParseNumber<std::int32_t>(line) != 0) return Bad("unknown version", line);
  if (!TakeLine(text, line)) return rows;  // Kafka reads a file that ends after its version as empty
  const auto expected = ParseNumber<std::int32_t>(line);
  if (!expected || *expected < 0) return Bad("not a number of entries", line);
  while (TakeLine(text, line)) {
    auto row = Fields(line);
    if (row.size() != fields) return Bad("not an entry", line);
    rows.push_back(std::move(row));
  }
  if (rows.size() != static_cast<std::size_t>(*expected)) {
    return Status(StatusCode::kCorrupt,
                  std::to_string(*expected) + " entries announced, " + std::to_string(rows.size()) + " found");
  }
  return rows;
}

std::string OffsetCheckpointText(const OffsetCheckpoint& offsets) {
  std::vector<std::string> lines;
  lines.reserve(offsets.size());
  for (const auto& [tp, offset] : offsets) {
    lines.push_back(tp.topic + " " + std::to_string(tp.partition) + " " + std::to_string(offset.value));
  }
  return CheckpointText(lines);
}

Result<OffsetCheckpoint> ParseOffsetCheckpoint(std::string_view text) {
  auto rows = ParseCheckpoint(text, 3);
  if (!rows.ok()) return rows.status();
  OffsetCheckpoint offsets;
  for (auto& row : *rows) {
    const auto partition = ParseNumber<std::int32_t>(row[1]);
    const auto offset = ParseNumber<std::int64_t>(row[2]);
    if (!partition || !offset) return Bad("not a partition and an offset", row[1] + " " + row[2]);
    offsets[{std::move(row[0]), *partition}] = Offset(*offset);
  }
  return offsets;
}

}  // namespace ottla
