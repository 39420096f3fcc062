// How kafka-console-consumer prints a record. Pure.
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

enum class TimestampType { kNone, kCreateTime, kLogAppendTime };

struct ReceivedRecord {
  TimestampType timestamp_type = TimestampType::kNone;
  std::int64_t timestamp = -1;
  std::int32_t partition = 0;
  std::int64_t offset = 0;
  std::vector<std::pair<std::string_view, std::optional<std::string_view>>> headers;
  std::optional<std::string_view> key;
  std::optional<std::string_view> value;
};

// How bytes become text; all of Kafka's own deserializers for numbers and text.
enum class Decoding { kBytes, kShort, kInt, kLong, kFloat, kDouble };
// By class name, with or without its package. kUnsupported: not one of Kafka's.
Result<Decoding> ParseDecoding(std::string_view class_name);

struct MessageFormat {
  bool print_timestamp = false;
  bool print_partition = false;
  bool print_offset = false;
  bool print_headers = false;
  bool print_key = false;
  bool print_value = true;
  std::string key_separator = "\t";
  std::string line_separator = "\n";
  std::string headers_separator = ",";
  std::string null_literal = "null";
  Decoding key = Decoding::kBytes;
  Decoding value = Decoding::kBytes;
  Decoding headers = Decoding::kBytes;

  static Result<MessageFormat> Make(const Properties& properties);
};

// kCorrupt: bytes that the chosen decoding cannot read.
Result<std::string> FormatMessage(const MessageFormat& format, const ReceivedRecord& record);

}  // namespace ottla::tools
