#include "common/protocol/json_dump.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstring>

#include "common/base/utf8.h"
#include "common/protocol/field_value.h"

namespace ottla {
namespace {

class Dumper {
 public:
  explicit Dumper(std::int16_t version) : version_(version) {}
  void Struct(const StructRows& rows, const char* object);
  std::string Take() { return std::move(out_); }

 private:
  void Name(std::string_view member);
  void Value(const Field& field, const char* member);
  void Primitive(FieldKind kind, const void* member);
  void Double(double value);
  void Text(FieldKind kind, std::string_view text);
  void String(std::string_view text);
  void Base64(std::string_view bytes);
  void RecordsValue(const Records& records);
  void Array(const Field& field, const void* member);

  const std::int16_t version_;
  std::string out_;
};

void Dumper::Struct(const StructRows& rows, const char* object) {
  out_ += '{';
  bool first = true;
  for (const Field& field : rows) {
    if (!field.versions.Contains(version_)) continue;
    if (field.tag != kNoTag && IsDefault(rows, field, object)) continue;
    if (!first) out_ += ',';
    first = false;
    Name(field.name);
    Value(field, object + field.offset);
  }
  out_ += '}';
}

void Dumper::Name(std::string_view member) {
  out_ += '"';
  bool upper = false;
  for (const char c : member) {
    if (c != '_') out_ += upper && c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    upper = c == '_';
  }
  out_ += "\":";
}

void Dumper::Value(const Field& field, const char* member) {
  switch (field.kind) {
    case FieldKind::kString:
    case FieldKind::kBytes: {
      if (!field.optional) return Text(field.kind, As<std::string_view>(member));
      const auto& text = As<std::optional<std::string_view>>(member);
      if (text) return Text(field.kind, *text);
      break;
    }
    case FieldKind::kRecords: return RecordsValue(As<Records>(member));
    case FieldKind::kArray: return Array(field, member);
    case FieldKind::kStruct: {
      const void* value = field.optional ? field.optional_struct->get(member) : member;
      if (value != nullptr) return Struct(*field.rows, static_cast<const char*>(value));
      break;
    }
    default: return Primitive(field.kind, member);
  }
  out_ += "null";
}

void Dumper::Primitive(FieldKind kind, const void* member) {
  switch (kind) {
    case FieldKind::kBool: out_ += As<bool>(member) ? "true" : "false"; return;
    case FieldKind::kInt8: out_ += std::to_string(As<std::int8_t>(member)); return;
    case FieldKind::kInt16: {
      std::int16_t value = 0;
      std::memcpy(&value, member, sizeof value);  // an int16 or an ErrorCode
      out_ += std::to_string(value);
      return;
    }
    case FieldKind::kUint16: out_ += std::to_string(As<std::uint16_t>(member)); return;
    case FieldKind::kInt32: out_ += std::to_string(As<std::int32_t>(member)); return;
    case FieldKind::kUint32: out_ += std::to_string(As<std::uint32_t>(member)); return;
    case FieldKind::kInt64: out_ += std::to_string(As<std::int64_t>(member)); return;
    case FieldKind::kFloat64: return Double(As<double>(member));
    case FieldKind::kUuid: out_ += '"' + As<Uuid>(member).ToString() + '"'; return;
    default: OTTLA_CHECK(false) << "not a primitive: " << static_cast<int>(kind);
  }
}

void Dumper::Double(double value) {
  if (std::isnan(value)) {
    out_ += "\"NaN\"";
  } else if (std::isinf(value)) {
    out_ += value > 0 ? "\"Infinity\"" : "\"-Infinity\"";
  } else {
    std::array<char, 32> digits{};
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
    const std::string_view text(digits.data(), static_cast<std::size_t>(end - digits.data()));
    out_ += text;
    if (text.find_first_of(".e") == std::string_view::npos) out_ += ".0";
  }
}

void Dumper::Text(FieldKind kind, std::string_view text) {
  if (kind == FieldKind::kString) return String(text);
  Base64(text);
}

void Dumper::String(std::string_view text) {
  static constexpr std::string_view kHex = "0123456789abcdef";
  out_ += '"';
  while (!text.empty()) {
    const std::size_t length = Utf8SequenceLength(text);
    const auto c = static_cast<unsigned char>(text[0]);
    if (length == 0) {
      out_ += "\xEF\xBF\xBD";
    } else if (c == '"' || c == '\\') {
      (out_ += '\\') += text[0];
    } else if (c < 0x20) {
      ((out_ += "\\u00") += kHex[c >> 4]) += kHex[c & 15];
    } else {
      out_ += text.substr(0, length);
    }
    text.remove_prefix(std::max<std::size_t>(length, 1));
  }
  out_ += '"';
}

void Dumper::Base64(std::string_view bytes) {
  static constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  const auto byte = [&](std::size_t i) { return i < bytes.size() ? static_cast<unsigned char>(bytes[i]) : 0u; };
  out_ += '"';
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const unsigned group = byte(i) << 16 | byte(i + 1) << 8 | byte(i + 2);
    const std::size_t left = bytes.size() - i;
    out_ += kDigits[group >> 18];
    out_ += kDigits[(group >> 12) & 63];
    out_ += left > 1 ? kDigits[(group >> 6) & 63] : '=';
    out_ += left > 2 ? kDigits[group & 63] : '=';
  }
  out_ += '"';
}

void Dumper::RecordsValue(const Records& records) {
  if (records.IsExternal()) {
    out_ += "{\"externalSize\":" + std::to_string(records.external_size) + '}';
  } else if (records.bytes) {
    Base64(*records.bytes);
  } else {
    out_ += "null";
  }
}

void Dumper::Array(const Field& field, const void* member) {
  const ArrayView array = field.array->view(member);
  if (array.null) {
    out_ += "null";
    return;
  }
  out_ += '[';
  const char* element = static_cast<const char*>(array.data);
  for (std::size_t i = 0; i < array.count; ++i, element += field.array->element_size) {
    if (i > 0) out_ += ',';
    if (field.element == FieldKind::kStruct) {
      Struct(*field.rows, element);
    } else if (field.element == FieldKind::kString) {
      String(As<std::string_view>(element));
    } else {
      Primitive(field.element, element);
    }
  }
  out_ += ']';
}

}  // namespace

std::string ToJson(const MessageRows& rows, const void* message, std::int16_t version) {
  Dumper dumper(version);
  dumper.Struct(*rows.root, static_cast<const char*>(message));
  return dumper.Take();
}

}  // namespace ottla
