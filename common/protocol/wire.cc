#include "common/protocol/wire.h"

#include <algorithm>
#include <bit>

namespace ottla {
namespace {

constexpr std::size_t kLeastRoom = 256;  // bytes; most messages are smaller

constexpr std::uint64_t ZigZag(std::int64_t value) {
  return (static_cast<std::uint64_t>(value) << 1) ^ static_cast<std::uint64_t>(value >> 63);
}

}  // namespace

void WireReader::Fail(const char* why) {
  if (error_ == nullptr) error_ = why;
  at_ = end_;
}

double WireReader::F64() { return std::bit_cast<double>(U64()); }

Uuid WireReader::ReadUuid() {
  Uuid id;
  const std::string_view bytes = Raw(id.bytes.size());
  if (!bytes.empty()) std::memcpy(id.bytes.data(), bytes.data(), bytes.size());
  return id;
}

std::uint64_t WireReader::LongUVarint(int max_bytes) {
  std::uint64_t value = 0;
  for (int i = 0; i < max_bytes; ++i) {
    const std::uint8_t byte = U8();
    value |= static_cast<std::uint64_t>(byte & 0x7f)
             << (7 * i);  // the tenth byte has one useful bit; the rest drop out
    if (byte < 0x80) return value;
  }
  Fail("a variable-length number that does not end");
  return 0;
}

std::int32_t WireReader::Varint() {
  const std::uint32_t raw = UVarint();
  return static_cast<std::int32_t>((raw >> 1) ^ (0u - (raw & 1)));
}

std::int64_t WireReader::Varlong() {
  const std::uint64_t raw = LongUVarint(10);
  return static_cast<std::int64_t>((raw >> 1) ^ (0u - (raw & 1)));
}

void WireReader::SkipTags() {
  const std::uint32_t count = UVarint();
  for (std::uint32_t i = 0; i < count && ok(); ++i) {
    UVarint();
    Raw(UVarint());
  }
}

void WireWriter::Grow(std::size_t count) {
  const std::size_t needed = size_ + count;
  const std::size_t doubled = std::max(out_->size() * 2, kLeastRoom);
  out_->resize(std::max(needed, doubled));
}

void WireWriter::F64(double value) { U64(std::bit_cast<std::uint64_t>(value)); }

void WireWriter::UVarint(std::uint32_t value) {
  if (value < 0x80) {
    U8(static_cast<std::uint8_t>(value));
  } else {
    LongUVarint(value);
  }
}

void WireWriter::LongUVarint(std::uint64_t value) {
  for (; value >= 0x80; value >>= 7) U8(static_cast<std::uint8_t>(value | 0x80));
  U8(static_cast<std::uint8_t>(value));
}

void WireWriter::Varint(std::int32_t value) { UVarint(static_cast<std::uint32_t>(ZigZag(value))); }

void WireWriter::Varlong(std::int64_t value) { LongUVarint(ZigZag(value)); }

void WireWriter::PrefixSize(std::size_t start) {
  std::string prefix;
  {
    WireWriter writer(&prefix);
    writer.UVarint(static_cast<std::uint32_t>(size_ - start));
  }
  const std::size_t moved = size_ - start;
  Extend(prefix.size());
  std::memmove(out_->data() + start + prefix.size(), out_->data() + start, moved);
  std::memcpy(out_->data() + start, prefix.data(), prefix.size());
}

}  // namespace ottla
