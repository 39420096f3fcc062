#include "tools/message_format.h"

#include <array>
#include <bit>
#include <charconv>

#include "common/config/config_row.h"

namespace ottla::tools {
namespace {

Status ReadBool(const Properties& properties, const std::string& name, bool* out) {
  const auto it = properties.find(name);
  if (it == properties.end()) return Status::Ok();
  Result<ConfigValue> value = ParseConfigValue(rows::Bool(name, nullptr, ""), it->second);
  if (!value.ok()) return value.status();
  *out = std::get<bool>(*value);
  return Status::Ok();
}

void ReadText(const Properties& properties, const std::string& name, std::string* out) {
  if (const auto it = properties.find(name); it != properties.end()) *out = it->second;
}

Status ReadDecoding(const Properties& properties, const std::string& name, Decoding* out) {
  const auto it = properties.find(name);
  if (it == properties.end()) return Status::Ok();
  Result<Decoding> decoding = ParseDecoding(it->second);
  if (!decoding.ok()) return decoding.status();
  *out = *decoding;
  return Status::Ok();
}

std::size_t Width(Decoding decoding) {
  switch (decoding) {
    case Decoding::kBytes: return 0;
    case Decoding::kShort: return 2;
    case Decoding::kInt:
    case Decoding::kFloat: return 4;
    case Decoding::kLong:
    case Decoding::kDouble: return 8;
  }
  return 0;
}

std::string DoubleText(double number) { return CanonicalText(ConfigValue(number)).value_or(""); }

// The fewest digits that mean this float, which are fewer than those of the same double.
std::string FloatText(float number) {
  std::array<char, 64> text{};
  const auto end = std::to_chars(text.data(), text.data() + text.size(), number).ptr;
  double shortest = number;
  std::from_chars(text.data(), end, shortest);
  return DoubleText(shortest);
}

Result<std::string> Text(Decoding decoding, std::string_view bytes) {
  if (decoding == Decoding::kBytes) return std::string(bytes);
  if (bytes.size() != Width(decoding)) {
    return Status(StatusCode::kCorrupt,
                  "Size of data received by deserializer is not " + std::to_string(Width(decoding)));
  }
  std::uint64_t number = 0;
  for (char c : bytes) number = number << 8 | static_cast<unsigned char>(c);
  switch (decoding) {
    case Decoding::kShort: return std::to_string(static_cast<std::int16_t>(number));
    case Decoding::kInt: return std::to_string(static_cast<std::int32_t>(number));
    case Decoding::kFloat: return FloatText(std::bit_cast<float>(static_cast<std::uint32_t>(number)));
    case Decoding::kLong: return std::to_string(static_cast<std::int64_t>(number));
    case Decoding::kDouble: return DoubleText(std::bit_cast<double>(number));
    case Decoding::kBytes: break;
  }
  return std::string(bytes);
}

// A null is decoded as if the literal had been the data, except by the numeric decodings, which could not read it.
Result<std::string> TextOrNull(const MessageFormat& format, Decoding decoding, std::optional<std::string_view> bytes) {
  return bytes ? Text(decoding, *bytes) : Result<std::string>(format.null_literal);
}

std::string TimestampText(const ReceivedRecord& record) {
  switch (record.timestamp_type) {
    case TimestampType::kNone: return "NO_TIMESTAMP";
    case TimestampType::kCreateTime: return "CreateTime:" + std::to_string(record.timestamp);
    case TimestampType::kLogAppendTime: return "LogAppendTime:" + std::to_string(record.timestamp);
  }
  return "NO_TIMESTAMP";
}

Result<std::string> HeadersText(const MessageFormat& format, const ReceivedRecord& record) {
  if (record.headers.empty()) return std::string("NO_HEADERS");
  std::string text;
  for (const auto& [name, value] : record.headers) {
    Result<std::string> shown = TextOrNull(format, format.headers, value);
    if (!shown.ok()) return shown;
    if (!text.empty()) text += format.headers_separator;
    text += std::string(name) + ":" + *shown;
  }
  return text;
}

}  // namespace

Result<Decoding> ParseDecoding(std::string_view class_name) {
  constexpr std::pair<std::string_view, Decoding> kClasses[] = {
      {"StringDeserializer", Decoding::kBytes},  {"ByteArrayDeserializer", Decoding::kBytes},
      {"BytesDeserializer", Decoding::kBytes},   {"ByteBufferDeserializer", Decoding::kBytes},
      {"ShortDeserializer", Decoding::kShort},   {"IntegerDeserializer", Decoding::kInt},
      {"LongDeserializer", Decoding::kLong},     {"FloatDeserializer", Decoding::kFloat},
      {"DoubleDeserializer", Decoding::kDouble},
  };
  const std::string_view name = class_name.substr(class_name.rfind('.') + 1);
  for (const auto& [known, decoding] : kClasses) {
    if (known == name) return decoding;
  }
  return Status(StatusCode::kUnsupported, "the deserializer " + std::string(class_name) + " is not available");
}

Result<MessageFormat> MessageFormat::Make(const Properties& properties) {
  MessageFormat format;
  const std::pair<const char*, bool*> flags[] = {
      {"print.timestamp", &format.print_timestamp},
      {"print.partition", &format.print_partition},
      {"print.offset", &format.print_offset},
      {"print.headers", &format.print_headers},
      {"print.key", &format.print_key},
      {"print.value", &format.print_value},
  };
  for (const auto& [name, field] : flags) OTTLA_RETURN_IF_ERROR(ReadBool(properties, name, field));
  ReadText(properties, "key.separator", &format.key_separator);
  ReadText(properties, "line.separator", &format.line_separator);
  ReadText(properties, "headers.separator", &format.headers_separator);
  ReadText(properties, "null.literal", &format.null_literal);
  OTTLA_RETURN_IF_ERROR(ReadDecoding(properties, "key.deserializer", &format.key));
  OTTLA_RETURN_IF_ERROR(ReadDecoding(properties, "value.deserializer", &format.value));
  OTTLA_RETURN_IF_ERROR(ReadDecoding(properties, "headers.deserializer", &format.headers));
  return format;
}

Result<std::string> FormatMessage(const MessageFormat& format, const ReceivedRecord& record) {
  std::vector<std::string> columns;
  if (format.print_timestamp) columns.push_back(TimestampText(record));
  if (format.print_partition) columns.push_back("Partition:" + std::to_string(record.partition));
  if (format.print_offset) columns.push_back("Offset:" + std::to_string(record.offset));
  if (format.print_headers) {
    Result<std::string> text = HeadersText(format, record);
    if (!text.ok()) return text;
    columns.push_back(std::move(text).value());
  }
  if (format.print_key) {
    Result<std::string> text = TextOrNull(format, format.key, record.key);
    if (!text.ok()) return text;
    columns.push_back(std::move(text).value());
  }
  if (format.print_value) {
    Result<std::string> text = TextOrNull(format, format.value, record.value);
    if (!text.ok()) return text;
    columns.push_back(std::move(text).value());
  }
  std::string line;
  for (std::size_t i = 0; i < columns.size(); ++i) line += (i == 0 ? "" : format.key_separator) + columns[i];
  return columns.empty() ? line : line + format.line_separator;
}

}  // namespace ottla::tools
