#include "common/config/properties.h"

#include <cstdint>
#include <optional>

namespace ottla {
namespace {

bool IsBlank(char c) { return c == ' ' || c == '\t' || c == '\f'; }
bool IsLineEnd(char c) { return c == '\n' || c == '\r'; }
bool IsHighSurrogate(std::uint32_t unit) { return unit >= 0xD800 && unit < 0xDC00; }
bool IsLowSurrogate(std::uint32_t unit) { return unit >= 0xDC00 && unit < 0xE000; }

void AppendUtf8(std::uint32_t code, std::string* out) {
  auto put = [out](std::uint32_t byte) { out->push_back(static_cast<char>(byte)); };
  if (code < 0x80) return put(code);
  if (code < 0x800) {
    put(0xC0 | (code >> 6));
  } else if (code < 0x10000) {
    put(0xE0 | (code >> 12));
    put(0x80 | ((code >> 6) & 0x3F));
  } else {
    put(0xF0 | (code >> 18));
    put(0x80 | ((code >> 12) & 0x3F));
    put(0x80 | ((code >> 6) & 0x3F));
  }
  put(0x80 | (code & 0x3F));
}

// Collects UTF-16 units, since \u escapes name those: a pair of surrogates is one character, a lone one becomes '?'.
class Utf16Sink {
 public:
  void Put(std::uint32_t unit) {
    if (IsLowSurrogate(unit) && high_) {
      AppendUtf8(0x10000 + ((*high_ - 0xD800) << 10) + (unit - 0xDC00), &text_);
      high_.reset();
      return;
    }
    Flush();
    if (IsHighSurrogate(unit)) {
      high_ = unit;
    } else {
      AppendUtf8(IsLowSurrogate(unit) ? '?' : unit, &text_);
    }
  }
  std::string Take() {
    Flush();
    return std::move(text_);
  }

 private:
  void Flush() {
    if (high_) text_.push_back('?');
    high_.reset();
  }
  std::string text_;
  std::optional<std::uint32_t> high_;
};

class LineReader {
 public:
  explicit LineReader(std::string_view text) : text_(text) {}

  // The next logical line: comments and empty lines skipped, continuations joined, their leading blanks dropped.
  bool Next(std::string* line) {
    line->clear();
    while (pos_ < text_.size()) {
      SkipBlanks();
      if (pos_ == text_.size()) return false;
      if (IsLineEnd(text_[pos_])) {
        ++pos_;
      } else if (text_[pos_] == '#' || text_[pos_] == '!') {
        while (pos_ < text_.size() && !IsLineEnd(text_[pos_])) ++pos_;
      } else {
        Join(line);
        return true;
      }
    }
    return false;
  }

 private:
  void SkipBlanks() {
    while (pos_ < text_.size() && IsBlank(text_[pos_])) ++pos_;
  }

  void SkipLineEnd() {
    const bool carriage_return = text_[pos_] == '\r';
    ++pos_;
    if (carriage_return && pos_ < text_.size() && text_[pos_] == '\n') ++pos_;
  }

  void Join(std::string* line) {
    while (pos_ < text_.size()) {
      const char c = text_[pos_];
      if (IsLineEnd(c)) return SkipLineEnd();
      if (c != '\\') {
        line->push_back(c);
        ++pos_;
        continue;
      }
      if (++pos_ == text_.size()) return;  // a backslash as the very last byte is dropped
      if (IsLineEnd(text_[pos_])) {
        SkipLineEnd();
        SkipBlanks();
      } else {
        line->push_back('\\');
        line->push_back(text_[pos_++]);
      }
    }
  }

  std::string_view text_;
  std::size_t pos_ = 0;
};

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::uint32_t PlainEscape(char c) {
  switch (c) {
    case 't': return '\t';
    case 'n': return '\n';
    case 'r': return '\r';
    case 'f': return '\f';
    default: return static_cast<unsigned char>(c);
  }
}

Result<std::string> Unescape(std::string_view raw) {
  Utf16Sink out;
  for (std::size_t i = 0; i < raw.size(); ++i) {
    if (raw[i] != '\\' || i + 1 == raw.size()) {
      out.Put(static_cast<unsigned char>(raw[i]));
      continue;
    }
    if (raw[++i] != 'u') {
      out.Put(PlainEscape(raw[i]));
      continue;
    }
    std::uint32_t unit = 0;
    for (int digit = 0; digit < 4; ++digit) {
      const int value = ++i < raw.size() ? HexDigit(raw[i]) : -1;
      if (value < 0) return Status(StatusCode::kInvalidArgument, "Malformed \\uxxxx encoding.");
      unit = unit * 16 + static_cast<std::uint32_t>(value);
    }
    out.Put(unit);
  }
  return out.Take();
}

// Where the key of a logical line ends: at the first separator that is not escaped.
std::size_t KeyEnd(std::string_view line) {
  for (std::size_t i = 0; i < line.size(); ++i) {
    if (line[i] == '\\') {
      ++i;
    } else if (line[i] == '=' || line[i] == ':' || IsBlank(line[i])) {
      return i;
    }
  }
  return line.size();
}

std::size_t ValueStart(std::string_view line, std::size_t pos) {
  while (pos < line.size() && IsBlank(line[pos])) ++pos;
  if (pos < line.size() && (line[pos] == '=' || line[pos] == ':')) ++pos;
  while (pos < line.size() && IsBlank(line[pos])) ++pos;
  return pos;
}

}  // namespace

Result<Properties> ParseProperties(std::string_view text) {
  Properties properties;
  LineReader reader(text);
  std::string line;
  while (reader.Next(&line)) {
    const std::size_t key_end = KeyEnd(line);
    Result<std::string> key = Unescape(std::string_view(line).substr(0, key_end));
    if (!key.ok()) return key.status();
    Result<std::string> value = Unescape(std::string_view(line).substr(ValueStart(line, key_end)));
    if (!value.ok()) return value.status();
    properties[std::move(key).value()] = std::move(value).value();
  }
  return properties;
}

Status ApplyOverride(std::string_view key_and_value, Properties* properties) {
  const std::size_t equals = key_and_value.find('=');
  if (equals == std::string_view::npos || equals == 0) {
    return Status(StatusCode::kInvalidArgument, "--override needs key=value, got '" + std::string(key_and_value) + "'");
  }
  (*properties)[std::string(key_and_value.substr(0, equals))] = std::string(key_and_value.substr(equals + 1));
  return Status::Ok();
}

}  // namespace ottla
