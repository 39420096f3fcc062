#include "common/config/config_row.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdlib>

#include "common/base/check.h"

namespace ottla {
namespace {

std::string Lower(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return lower;
}

Status Invalid(const ConfigRow& row, std::string_view text, const std::string& reason) {
  return Status(StatusCode::kInvalidArgument, "Invalid value " + (row.sensitive() ? "[hidden]" : std::string(text)) +
                                                  " for configuration " + std::string(row.name) + ": " + reason);
}

// Widths of the integer types; a row's own bounds come on top.
std::pair<std::int64_t, std::int64_t> TypeRange(ConfigType type) {
  using Limit16 = std::numeric_limits<std::int16_t>;
  using Limit32 = std::numeric_limits<std::int32_t>;
  using Limit64 = std::numeric_limits<std::int64_t>;
  if (type == ConfigType::kShort) return {Limit16::min(), Limit16::max()};
  if (type == ConfigType::kInt) return {Limit32::min(), Limit32::max()};
  return {Limit64::min(), Limit64::max()};
}

std::string TypeName(ConfigType type) {
  std::string name(ToString(type));
  for (char& c : name) c = static_cast<char>(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
  return name;
}

template <class T>
bool ParseNumber(std::string_view text, T* out) {
  if (!text.empty() && text.front() == '+') {  // as Java's parsers allow
    text.remove_prefix(1);
    if (!text.empty() && text.front() == '-') return false;
  }
  const auto result = std::from_chars(text.data(), text.data() + text.size(), *out);
  return result.ec == std::errc() && result.ptr == text.data() + text.size();
}

Result<ConfigValue> ParseInteger(const ConfigRow& row, std::string_view text) {
  std::int64_t number = 0;
  const auto [lowest, highest] = TypeRange(row.type);
  if (!ParseNumber(text, &number) || number < lowest || number > highest) {
    return Invalid(row, text, "Not a number of type " + TypeName(row.type));
  }
  if (number < row.min) return Invalid(row, text, "Value must be at least " + std::to_string(row.min));
  if (number > row.max) return Invalid(row, text, "Value must be no more than " + std::to_string(row.max));
  return ConfigValue(number);
}

Result<ConfigValue> ParseDouble(const ConfigRow& row, std::string_view text) {
  double number = 0;
  if (!ParseNumber(text, &number) || std::isnan(number)) return Invalid(row, text, "Not a number of type DOUBLE");
  using Bounds = std::numeric_limits<std::int64_t>;  // at these, the row has no bound
  if (row.min != Bounds::min() && number < static_cast<double>(row.min)) {
    return Invalid(row, text, "Value must be at least " + std::to_string(row.min));
  }
  if (row.max != Bounds::max() && number > static_cast<double>(row.max)) {
    return Invalid(row, text, "Value must be no more than " + std::to_string(row.max));
  }
  return ConfigValue(number);
}

std::string ValidChoices(const ConfigRow& row) {
  std::string joined;
  for (const std::string& choice : SplitList(row.valid)) joined += (joined.empty() ? "" : ", ") + choice;
  return "String must be one of: " + joined;
}

bool IsValid(const ConfigRow& row, const std::string& text) {
  if (row.valid.empty()) return true;
  const std::vector<std::string> choices = SplitList(row.valid);
  // The choices of Kafka that are written in capitals are compared without regard to case.
  const bool any_case = row.valid.front() >= 'A' && row.valid.front() <= 'Z' && row.type == ConfigType::kString &&
                        row.name != "log.message.timestamp.type" && row.name != "message.timestamp.type";
  return std::ranges::any_of(
      choices, [&](const std::string& choice) { return choice == text || (any_case && Lower(choice) == Lower(text)); });
}

Result<ConfigValue> ParseText(const ConfigRow& row, std::string_view text) {
  std::string value(text);
  if (!IsValid(row, value)) return Invalid(row, text, ValidChoices(row));
  return ConfigValue(std::move(value));
}

Result<ConfigValue> ParseList(const ConfigRow& row, std::string_view text) {
  std::vector<std::string> items = SplitList(text);
  for (const std::string& item : items) {
    if (!IsValid(row, item)) return Invalid(row, item, ValidChoices(row));
  }
  return ConfigValue(std::move(items));
}

Result<ConfigValue> ParseBool(const ConfigRow& row, std::string_view text) {
  const std::string lower = Lower(text);
  if (lower != "true" && lower != "false") return Invalid(row, text, "Expected value to be either true or false");
  return ConfigValue(lower == "true");
}

std::string JavaDouble(double number) {
  char digits[64];
  const double size = std::abs(number);
  const bool plain = size == 0 || (size >= 1e-3 && size < 1e7);
  const auto format = plain ? std::chars_format::fixed : std::chars_format::scientific;
  const auto result = std::to_chars(digits, digits + sizeof(digits), number, format);
  std::string text(digits, result.ptr);
  if (plain) return text.find('.') == std::string::npos ? text + ".0" : text;
  // 1e+308 -> 1.0E308
  const std::size_t e = text.find('e');
  std::string mantissa = text.substr(0, e);
  if (mantissa.find('.') == std::string::npos) mantissa += ".0";
  return mantissa + "E" + std::to_string(std::atoi(text.c_str() + e + 1));
}

struct CanonicalVisitor {
  using Text = std::optional<std::string>;
  Text operator()(std::monostate) const { return std::nullopt; }
  Text operator()(bool value) const { return value ? "true" : "false"; }
  Text operator()(std::int64_t value) const { return std::to_string(value); }
  Text operator()(double value) const { return JavaDouble(value); }
  Text operator()(const std::string& value) const { return value; }
  Text operator()(const std::vector<std::string>& value) const {
    std::string joined;
    for (const std::string& item : value) joined += (&item == value.data() ? "" : ",") + item;
    return joined;
  }
};

}  // namespace

std::string_view ToString(ConfigType type) {
  switch (type) {
    case ConfigType::kUnknown: return "unknown";
    case ConfigType::kBool: return "boolean";
    case ConfigType::kString: return "string";
    case ConfigType::kInt: return "int";
    case ConfigType::kShort: return "short";
    case ConfigType::kLong: return "long";
    case ConfigType::kDouble: return "double";
    case ConfigType::kList: return "list";
    case ConfigType::kClass: return "class";
    case ConfigType::kPassword: return "password";
  }
  return "unknown";
}

std::string_view TrimBlanks(std::string_view text) {
  auto blank = [](char c) { return static_cast<unsigned char>(c) <= ' '; };  // as Java's trim
  while (!text.empty() && blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && blank(text.back())) text.remove_suffix(1);
  return text;
}

std::vector<std::string> SplitList(std::string_view text) {
  std::vector<std::string> items;
  text = TrimBlanks(text);
  while (!text.empty()) {
    const std::size_t comma = text.find(',');
    items.emplace_back(TrimBlanks(text.substr(0, comma)));
    if (comma == std::string_view::npos) break;
    text.remove_prefix(comma + 1);
    if (text.empty()) items.emplace_back();
  }
  return items;
}

Result<ConfigValue> ParseConfigValue(const ConfigRow& row, std::string_view text) {
  const std::string_view trimmed = TrimBlanks(text);
  switch (row.type) {
    case ConfigType::kBool: return ParseBool(row, trimmed);
    case ConfigType::kShort:
    case ConfigType::kInt:
    case ConfigType::kLong: return ParseInteger(row, trimmed);
    case ConfigType::kDouble: return ParseDouble(row, trimmed);
    case ConfigType::kList: return ParseList(row, trimmed);
    case ConfigType::kUnknown:
    case ConfigType::kString:
    case ConfigType::kClass:
    case ConfigType::kPassword: return ParseText(row, trimmed);
  }
  return ConfigValue();
}

ConfigValue DefaultValue(const ConfigRow& row) {
  if (row.def == nullptr) return {};
  Result<ConfigValue> value = ParseConfigValue(row, row.def);
  OTTLA_CHECK(value.ok()) << value.status();
  return std::move(value).value();
}

std::optional<std::string> CanonicalText(const ConfigValue& value) { return std::visit(CanonicalVisitor{}, value); }

}  // namespace ottla
