#include "common/base/utf8.h"

#include "common/base/check.h"

namespace ottla {
namespace {

constexpr char32_t kReplacement = 0xFFFD;

unsigned ByteAt(std::string_view text, std::size_t i) {
  return i < text.size() ? static_cast<unsigned char>(text[i]) : 0u;
}
bool Continues(std::string_view text, std::size_t i) { return (ByteAt(text, i) & 0xc0) == 0x80; }

// The second byte of a long sequence has a narrower range: no overlong forms, no surrogates, nothing above U+10FFFF.
bool GoodSecondByte(unsigned lead, unsigned second) {
  switch (lead) {
    case 0xe0: return second >= 0xa0;
    case 0xed: return second < 0xa0;
    case 0xf0: return second >= 0x90;
    case 0xf4: return second < 0x90;
    default: return true;
  }
}

}  // namespace

std::size_t Utf8SequenceLength(std::string_view text) {
  if (text.empty()) return 0;
  const unsigned lead = ByteAt(text, 0);
  if (lead < 0x80) return 1;
  if (lead < 0xc2 || lead > 0xf4 || !Continues(text, 1) || !GoodSecondByte(lead, ByteAt(text, 1))) return 0;
  if (lead < 0xe0) return 2;
  if (!Continues(text, 2)) return 0;
  if (lead < 0xf0) return 3;
  return Continues(text, 3) ? 4 : 0;
}

char32_t TakeCodePoint(std::string_view* text) {
  OTTLA_CHECK(!text->empty());
  const std::size_t length = Utf8SequenceLength(*text);
  char32_t code = length == 0 ? kReplacement : ByteAt(*text, 0);
  if (length > 1) {
    code &= 0x7fu >> length;
    for (std::size_t i = 1; i < length; ++i) code = code << 6 | (ByteAt(*text, i) & 0x3f);
  }
  text->remove_prefix(length == 0 ? 1 : length);
  return code;
}

}  // namespace ottla
