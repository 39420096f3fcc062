// Bounds-checked reading and writing of the primitive types of the wire (big-endian; compact forms with variable-length
// lengths). Bytes come from strangers: every failure is a value, and nothing is allocated here.
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include "common/base/ids.h"

namespace ottla {

inline constexpr std::size_t kMaxStringSize = 32767;  // bytes, in either form

// Reads front to back. The first failure sticks: `error` says what it was, nothing remains, and all later reads give
// zeros. So a caller may read several values and ask once.
class WireReader {
 public:
  explicit WireReader(std::string_view bytes) : at_(bytes.data()), end_(bytes.data() + bytes.size()) {}

  bool ok() const { return error_ == nullptr; }
  const char* error() const { return error_; }  // nullptr: none
  std::size_t remaining() const { return static_cast<std::size_t>(end_ - at_); }
  std::string_view rest() const { return {at_, remaining()}; }
  void Fail(const char* why);

  std::uint8_t U8() { return Fixed<std::uint8_t>(); }
  std::int8_t I8() { return static_cast<std::int8_t>(Fixed<std::uint8_t>()); }
  std::uint16_t U16() { return __builtin_bswap16(Fixed<std::uint16_t>()); }
  std::int16_t I16() { return static_cast<std::int16_t>(U16()); }
  std::uint32_t U32() { return __builtin_bswap32(Fixed<std::uint32_t>()); }
  std::int32_t I32() { return static_cast<std::int32_t>(U32()); }
  std::uint64_t U64() { return __builtin_bswap64(Fixed<std::uint64_t>()); }
  std::int64_t I64() { return static_cast<std::int64_t>(U64()); }
  double F64();
  Uuid ReadUuid();

  // At most 5 bytes; bits above the 32nd are dropped, as Kafka does.
  std::uint32_t UVarint() {
    if (at_ != end_ && static_cast<std::uint8_t>(*at_) < 0x80) return static_cast<std::uint8_t>(*at_++);
    return static_cast<std::uint32_t>(LongUVarint(5));
  }
  std::int32_t Varint();   // zigzag, at most 5 bytes
  std::int64_t Varlong();  // zigzag, at most 10 bytes

  // `size` raw bytes as a view.
  std::string_view Raw(std::size_t size) {
    if (size > remaining()) {
      Fail("a length beyond the end of the bytes");
      return {};
    }
    const std::string_view view(at_, size);
    at_ += size;
    return view;
  }

  // Skips a tag section and what is in it.
  void SkipTags();

 private:
  template <class T>
  T Fixed() {
    if (remaining() < sizeof(T)) {
      Fail("unexpected end of the bytes");
      return 0;
    }
    T value;
    std::memcpy(&value, at_, sizeof value);
    at_ += sizeof value;
    return value;
  }
  std::uint64_t LongUVarint(int max_bytes);

  const char* at_;
  const char* end_;
  const char* error_ = nullptr;
};

// Appends to a string. The string has a tail of spare room while the writer lives; Finish (or the destructor) cuts it.
class WireWriter {
 public:
  explicit WireWriter(std::string* out) : out_(out), size_(out->size()) {}
  ~WireWriter() { Finish(); }
  WireWriter(const WireWriter&) = delete;
  WireWriter& operator=(const WireWriter&) = delete;

  std::size_t size() const { return size_; }  // bytes in the string that count, with those that were there before
  void Finish() { out_->resize(size_); }

  void U8(std::uint8_t value) { *Extend(1) = static_cast<char>(value); }
  void I8(std::int8_t value) { U8(static_cast<std::uint8_t>(value)); }
  void U16(std::uint16_t value) { Fixed(__builtin_bswap16(value)); }
  void I16(std::int16_t value) { U16(static_cast<std::uint16_t>(value)); }
  void U32(std::uint32_t value) { Fixed(__builtin_bswap32(value)); }
  void I32(std::int32_t value) { U32(static_cast<std::uint32_t>(value)); }
  void U64(std::uint64_t value) { Fixed(__builtin_bswap64(value)); }
  void I64(std::int64_t value) { U64(static_cast<std::uint64_t>(value)); }
  void F64(double value);
  void WriteUuid(const Uuid& id) { Raw({reinterpret_cast<const char*>(id.bytes.data()), id.bytes.size()}); }
  void UVarint(std::uint32_t value);
  void Varint(std::int32_t value);
  void Varlong(std::int64_t value);
  void Raw(std::string_view bytes) {
    if (!bytes.empty()) std::memcpy(Extend(bytes.size()), bytes.data(), bytes.size());
  }

  // Puts the length of the bytes from `start` to the end in front of them, as an unsigned varint.
  void PrefixSize(std::size_t start);

 private:
  template <class T>
  void Fixed(T value) {
    std::memcpy(Extend(sizeof value), &value, sizeof value);
  }
  char* Extend(std::size_t count) {
    if (size_ + count > out_->size()) Grow(count);
    char* at = out_->data() + size_;
    size_ += count;
    return at;
  }
  void Grow(std::size_t count);
  void LongUVarint(std::uint64_t value);

  std::string* out_;
  std::size_t size_;
};

}  // namespace ottla
