#include "tests/sim/env/sim_pages.h"

#include <algorithm>
#include <cstring>

namespace ottla::sim {

namespace {

std::size_t PagesFor(std::uint64_t bytes) {
  return static_cast<std::size_t>((bytes + SimPages::kPageBytes - 1) / SimPages::kPageBytes);
}

}  // namespace

bool SimPages::dirty() const { return !dirty_.empty() || size_ != durable_size_; }

SimPages::Page& SimPages::Mutable(std::size_t index) {
  if (live_.size() <= index) live_.resize(index + 1);
  std::shared_ptr<const Page>& slot = live_[index];
  if (slot == nullptr) {
    slot = std::make_shared<const Page>(kPageBytes, '\0');
  } else if (slot.use_count() > 1) {
    slot = std::make_shared<const Page>(*slot);
  }
  dirty_.insert(index);
  return const_cast<Page&>(*slot);  // NOLINT: not shared with anybody, see above
}

void SimPages::Write(std::uint64_t offset, std::span<const char> bytes) {
  std::size_t done = 0;
  while (done < bytes.size()) {
    const std::uint64_t at = offset + done;
    const std::size_t in_page = static_cast<std::size_t>(at % kPageBytes);
    const std::size_t count = std::min<std::size_t>(bytes.size() - done, kPageBytes - in_page);
    std::memcpy(Mutable(static_cast<std::size_t>(at / kPageBytes)).data() + in_page, bytes.data() + done, count);
    done += count;
  }
  if (offset + bytes.size() > size_) {
    size_ = offset + bytes.size();
    size_forgotten_ = false;
  }
}

std::size_t SimPages::Read(std::uint64_t offset, std::span<char> into) const {
  if (offset >= size_) return 0;
  const std::size_t total = static_cast<std::size_t>(std::min<std::uint64_t>(into.size(), size_ - offset));
  std::size_t done = 0;
  while (done < total) {
    const std::uint64_t at = offset + done;
    const std::size_t page = static_cast<std::size_t>(at / kPageBytes);
    const std::size_t in_page = static_cast<std::size_t>(at % kPageBytes);
    const std::size_t count = std::min<std::size_t>(total - done, kPageBytes - in_page);
    if (page < live_.size() && live_[page] != nullptr) {
      std::memcpy(into.data() + done, live_[page]->data() + in_page, count);
    } else {
      std::memset(into.data() + done, 0, count);
    }
    done += count;
  }
  return total;
}

void SimPages::ZeroTail(Pages& pages, std::uint64_t size) {
  pages.resize(std::min(pages.size(), PagesFor(size)));
  const std::size_t keep = static_cast<std::size_t>(size % kPageBytes);
  if (keep == 0 || pages.size() < PagesFor(size) || pages.back() == nullptr) return;
  Page page = *pages.back();
  std::fill(page.begin() + static_cast<std::ptrdiff_t>(keep), page.end(), '\0');
  pages.back() = std::make_shared<const Page>(std::move(page));
}

void SimPages::Truncate(std::uint64_t size) {
  if (size == size_) return;
  if (size < size_) {
    // Pages cut off are dirty too: should the file grow over them again, they read as zeros, which Sync() must save.
    for (std::size_t index = PagesFor(size); index < PagesFor(size_); ++index) dirty_.insert(index);
    ZeroTail(live_, size);
    if (size % kPageBytes != 0 && live_.size() == PagesFor(size)) dirty_.insert(live_.size() - 1);
  }
  size_ = size;
  size_forgotten_ = false;
}

void SimPages::Persist(std::size_t index) {
  if (durable_.size() <= index) durable_.resize(index + 1);
  durable_[index] = index < live_.size() ? live_[index] : nullptr;
}

void SimPages::Sync() {
  for (const std::size_t index : dirty_) Persist(index);
  dirty_.clear();
  if (size_forgotten_) return;
  if (durable_size_ > size_) ZeroTail(durable_, size_);
  durable_size_ = size_;
}

void SimPages::WriteBack(Random& random, double share) {
  for (auto it = dirty_.begin(); it != dirty_.end();) {
    if (*it * kPageBytes >= size_ || !random.Chance(share)) {
      ++it;
      continue;
    }
    Persist(*it);
    durable_size_ = std::max(durable_size_, std::min<std::uint64_t>(size_, (*it + 1) * kPageBytes));
    it = dirty_.erase(it);
  }
}

void SimPages::ForgetDirty() {
  dirty_.clear();
  size_forgotten_ = size_ != durable_size_;
}

void SimPages::LosePower(Random& random) {
  for (const std::size_t index : dirty_) {
    if (index * kPageBytes >= size_) continue;  // cut off: part of the change of size below
    if (random.Chance(0.5)) continue;           // never reached the disk
    const std::shared_ptr<const Page> before = index < durable_.size() ? durable_[index] : nullptr;
    Persist(index);
    if (!random.Chance(0.25) || durable_[index] == nullptr) continue;
    Page torn = *durable_[index];
    for (std::uint64_t at = 0; at < kPageBytes; at += kSectorBytes) {
      if (random.Chance(0.5)) continue;
      const Page old = before != nullptr ? before->substr(at, kSectorBytes) : Page(kSectorBytes, '\0');
      torn.replace(at, kSectorBytes, old);
    }
    durable_[index] = std::make_shared<const Page>(std::move(torn));
  }
  std::uint64_t size = durable_size_;
  if (!size_forgotten_ && size_ != durable_size_) {
    const std::uint64_t low = std::min(size_, durable_size_);
    const std::uint64_t high = std::max(size_, durable_size_);
    const std::uint64_t choice = random.Below(3);
    size = choice == 0 ? low : choice == 1 ? high : low + random.Below(high - low + 1);
  }
  ZeroTail(durable_, size);
  live_ = durable_;
  size_ = durable_size_ = size;
  size_forgotten_ = false;
  dirty_.clear();
}

}  // namespace ottla::sim
