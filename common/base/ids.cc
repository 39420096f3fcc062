#include "common/base/ids.h"

namespace ottla {
namespace {

constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

int Digit(char c) {
  const auto at = kAlphabet.find(c);
  return at == std::string_view::npos ? -1 : static_cast<int>(at);
}

}  // namespace

std::string Uuid::ToString() const {
  std::string text;
  text.reserve(22);
  std::uint32_t bits = 0;
  int held = 0;
  for (const std::uint8_t byte : bytes) {
    bits = (bits << 8) | byte;
    for (held += 8; held >= 6; held -= 6) text += kAlphabet[(bits >> (held - 6)) & 63];
  }
  text += kAlphabet[(bits << (6 - held)) & 63];
  return text;
}

std::optional<Uuid> Uuid::FromString(std::string_view text) {
  if (text.size() == 24 && text.ends_with("==")) text.remove_suffix(2);
  if (text.size() != 22) return std::nullopt;
  Uuid id;
  std::uint32_t bits = 0;
  int held = 0;
  std::size_t at = 0;
  for (const char c : text) {
    const int digit = Digit(c);
    if (digit < 0) return std::nullopt;
    bits = (bits << 6) | static_cast<std::uint32_t>(digit);
    held += 6;
    if (held >= 8 && at < id.bytes.size()) {
      held -= 8;
      id.bytes[at++] = static_cast<std::uint8_t>(bits >> held);
    }
  }
  return id;
}

Uuid Uuid::FromRandom(std::uint64_t high, std::uint64_t low) {
  high = (high & ~0xF000ULL) | 0x4000ULL;                       // version 4
  low = (low & 0x3FFFFFFFFFFFFFFFULL) | 0x8000000000000000ULL;  // IETF variant
  Uuid id;
  for (int i = 0; i < 8; ++i) {
    id.bytes[static_cast<std::size_t>(i)] = static_cast<std::uint8_t>(high >> (56 - 8 * i));
    id.bytes[static_cast<std::size_t>(i) + 8] = static_cast<std::uint8_t>(low >> (56 - 8 * i));
  }
  return id;
}

bool Uuid::IsReserved() const {
  Uuid one;
  one.bytes[15] = 1;
  return IsZero() || *this == one || ToString().front() == '-';
}

std::ostream& operator<<(std::ostream& out, const Uuid& id) { return out << id.ToString(); }
std::ostream& operator<<(std::ostream& out, const TopicPartition& tp) { return out << tp.ToString(); }

}  // namespace ottla
