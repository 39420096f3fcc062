#include "common/net/frame_buffer.h"

#include <cstdlib>

#include "common/base/check.h"

namespace ottla {

FrameBuffer::~FrameBuffer() {
  std::free(data_);
  if (budget_) budget_->Release(capacity_);
}

void FrameBuffer::Reserve(std::size_t capacity) {
  if (capacity <= capacity_) return;
  // realloc rather than new: the kernel moves the pages of a large block instead of copying them.
  char* grown = static_cast<char*>(std::realloc(data_, capacity));
  OTTLA_CHECK(grown != nullptr) << "out of memory for a frame of " << capacity << " bytes";
  if (budget_) budget_->Add(capacity - capacity_);
  data_ = grown;
  capacity_ = capacity;
}

}  // namespace ottla
