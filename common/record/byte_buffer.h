// A growing buffer that does not clear what will be overwritten anyway. Owner: one thread.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <memory>
#include <string_view>

#include "common/base/check.h"

namespace ottla {

class ByteBuffer {
 public:
  char* data() { return bytes_.get(); }
  std::size_t size() const { return size_; }
  std::size_t capacity() const { return capacity_; }
  std::string_view view() const { return {bytes_.get(), size_}; }
  void Clear() { size_ = 0; }

  // Makes room for at least `capacity` bytes in all; keeps the content.
  void Reserve(std::size_t capacity) {
    if (capacity <= capacity_) return;
    auto grown = std::make_unique_for_overwrite<char[]>(capacity);  // NOLINT(modernize-avoid-c-arrays)
    if (size_ > 0) std::memcpy(grown.get(), bytes_.get(), size_);
    bytes_ = std::move(grown);
    capacity_ = capacity;
  }
  // The first `size` bytes now count as content; they were written through data().
  void SetSize(std::size_t size) {
    OTTLA_CHECK(size <= capacity_);
    size_ = size;
  }
  void Append(std::string_view bytes) {
    if (bytes.empty()) return;
    if (size_ + bytes.size() > capacity_) Reserve(std::max(2 * capacity_, size_ + bytes.size()));
    std::memcpy(bytes_.get() + size_, bytes.data(), bytes.size());
    size_ += bytes.size();
  }
  // Gives memory back when a rare large batch made the buffer grow past `keep`. Drops the content.
  void Trim(std::size_t keep) {
    size_ = 0;
    if (capacity_ <= keep) return;
    bytes_.reset();
    capacity_ = 0;
  }

 private:
  std::unique_ptr<char[]> bytes_;  // NOLINT(modernize-avoid-c-arrays)
  std::size_t size_ = 0;
  std::size_t capacity_ = 0;
};

}  // namespace ottla
