#include "common/net/frame_buffer.h"

#include <cstdlib>

#include "common/base/check.h"

namespace ottla {

// Orders against each other: used_ then awaited_ here, awaited_ then used_ in AwaitRoom, all sequentially consistent,
// so that one of the two sees the other.
void MemoryBudget::Release(std::uint64_t bytes) {
  const std::uint64_t before = used_.fetch_sub(bytes);
  const bool below_mark = before >= mark_ && before - bytes < mark_;
  if (awaited_.load() && (below_mark || !Exhausted())) Tell();
}

void MemoryBudget::ReturnOverdraft() {
  overdraft_taken_.store(false);
  Tell();
}

void MemoryBudget::Tell() {
  if (awaited_.exchange(false) && available_) available_();
}

bool MemoryBudget::AwaitRoom() {
  awaited_.store(true);
  return Exhausted();
}

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
