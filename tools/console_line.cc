#include "tools/console_line.h"

#include "common/config/config_row.h"

namespace ottla::tools {
namespace {

Status Bad(std::string message) { return Status(StatusCode::kInvalidArgument, std::move(message)); }

bool IsTrue(const Properties& properties, const std::string& name) {
  const auto it = properties.find(name);
  if (it == properties.end()) return false;
  Result<ConfigValue> value = ParseConfigValue(rows::Bool(name, nullptr, ""), it->second);
  return value.ok() && std::get<bool>(*value);
}

void Take(const Properties& properties, const std::string& name, std::string* out) {
  if (const auto it = properties.find(name); it != properties.end()) *out = it->second;
}

class LineParser {
 public:
  LineParser(const LineFormat& format, std::string_view line, std::int64_t number)
      : format_(format), line_(line), number_(number) {}

  Result<ConsoleRecord> Parse() {
    ConsoleRecord record;
    std::optional<std::string_view> headers;
    std::optional<std::string_view> key;
    if (format_.parse_headers) {
      OTTLA_RETURN_IF_ERROR(Cut(format_.headers_delimiter, "headers delimiter", &headers));
    }
    if (format_.parse_key) OTTLA_RETURN_IF_ERROR(Cut(format_.key_separator, "key separator", &key));
    if (key) record.key = OrNull(*key);
    record.value = OrNull(line_.substr(start_));
    if (headers && OrNull(*headers)) OTTLA_RETURN_IF_ERROR(SplitHeaders(*headers, &record));
    return record;
  }

 private:
  // What stands before the next `mark`; nothing when it is missing and errors are ignored.
  Status Cut(const std::string& mark, std::string_view mark_name, std::optional<std::string_view>* out) {
    const std::size_t end = line_.find(mark, start_);
    if (end == std::string_view::npos) {
      if (format_.ignore_error) return Status::Ok();
      return Bad("No " + std::string(mark_name) + " found on line number " + std::to_string(number_) + ": '" +
                 std::string(line_) + "'");
    }
    *out = line_.substr(start_, end - start_);
    start_ = end + mark.size();
    return Status::Ok();
  }

  std::optional<std::string> OrNull(std::string_view text) const {
    if (format_.null_marker && text == *format_.null_marker) return std::nullopt;
    return std::string(text);
  }

  Status SplitHeaders(std::string_view text, ConsoleRecord* record) const {
    while (true) {
      const std::size_t end = text.find(format_.headers_separator);
      OTTLA_RETURN_IF_ERROR(AddHeader(text.substr(0, end), record));
      if (end == std::string_view::npos) return Status::Ok();
      text.remove_prefix(end + format_.headers_separator.size());
    }
  }

  Status AddHeader(std::string_view pair, ConsoleRecord* record) const {
    const std::size_t end = pair.find(format_.headers_key_separator);
    if (end == std::string_view::npos) {
      if (!format_.ignore_error) {
        return Bad("No header key separator found in pair '" + std::string(pair) + "' on line number " +
                   std::to_string(number_));
      }
      record->headers.emplace_back(std::string(pair), std::nullopt);
      return Status::Ok();
    }
    const auto name = OrNull(pair.substr(0, end));
    if (!name) {
      return Bad("Header keys should not be equal to the null marker '" + *format_.null_marker +
                 "' as they can't be null");
    }
    record->headers.emplace_back(*name, OrNull(pair.substr(end + format_.headers_key_separator.size())));
    return Status::Ok();
  }

  const LineFormat& format_;
  std::string_view line_;
  std::int64_t number_;
  std::size_t start_ = 0;
};

Status CheckApart(std::string_view a_name, const std::string& a, std::string_view b_name, const std::string& b) {
  if (a != b) return Status::Ok();
  return Bad(std::string(a_name) + " and " + std::string(b_name) + " may not be equal");
}

}  // namespace

Result<LineFormat> LineFormat::Make(const Properties& properties) {
  LineFormat format;
  format.parse_key = IsTrue(properties, "parse.key");
  format.parse_headers = IsTrue(properties, "parse.headers");
  format.ignore_error = IsTrue(properties, "ignore.error");
  Take(properties, "key.separator", &format.key_separator);
  Take(properties, "headers.delimiter", &format.headers_delimiter);
  Take(properties, "headers.separator", &format.headers_separator);
  Take(properties, "headers.key.separator", &format.headers_key_separator);
  for (const std::string* separator :
       {&format.key_separator, &format.headers_delimiter, &format.headers_separator, &format.headers_key_separator}) {
    if (separator->empty()) return Bad("a separator may not be empty");
  }
  if (const auto it = properties.find("null.marker"); it != properties.end()) format.null_marker = it->second;
  const std::string& between = format.headers_separator;
  OTTLA_RETURN_IF_ERROR(
      CheckApart("headers.delimiter", format.headers_delimiter, "headers.separator", format.headers_separator));
  OTTLA_RETURN_IF_ERROR(
      CheckApart("headers.delimiter", format.headers_delimiter, "headers.key.separator", format.headers_key_separator));
  OTTLA_RETURN_IF_ERROR(
      CheckApart("headers.separator", between, "headers.key.separator", format.headers_key_separator));
  if (!format.null_marker) return format;
  OTTLA_RETURN_IF_ERROR(CheckApart("null.marker", *format.null_marker, "key.separator", format.key_separator));
  OTTLA_RETURN_IF_ERROR(CheckApart("null.marker", *format.null_marker, "headers.delimiter", format.headers_delimiter));
  OTTLA_RETURN_IF_ERROR(CheckApart("null.marker", *format.null_marker, "headers.separator", between));
  return format;
}

Result<ConsoleRecord> ParseLine(const LineFormat& format, std::string_view line, std::int64_t line_number) {
  return LineParser(format, line, line_number).Parse();
}

}  // namespace ottla::tools
