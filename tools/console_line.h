// One line of kafka-console-producer's input as a record. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/base/status.h"
#include "common/config/properties.h"

namespace ottla::tools {

struct ConsoleRecord {
  std::vector<std::pair<std::string, std::optional<std::string>>> headers;
  std::optional<std::string> key;
  std::optional<std::string> value;
};

// The --property values of the line reader.
struct LineFormat {
  bool parse_key = false;
  bool parse_headers = false;
  bool ignore_error = false;
  std::string key_separator = "\t";
  std::string headers_delimiter = "\t";
  std::string headers_separator = ",";
  std::string headers_key_separator = ":";
  std::optional<std::string> null_marker;

  // kInvalidArgument: two separators that could not be told apart, or that equal the null marker.
  static Result<LineFormat> Make(const Properties& properties);
};

// `line_number` counts from 1 and stands in the error: No key separator found on line number 3: 'text'.
Result<ConsoleRecord> ParseLine(const LineFormat& format, std::string_view line, std::int64_t line_number);

}  // namespace ottla::tools
