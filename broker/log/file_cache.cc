#include "broker/log/file_cache.h"

#include <utility>

namespace ottla {

std::shared_ptr<File> CachedFile::Get() {
  if (file_ != nullptr) cache_->recent_.splice(cache_->recent_.begin(), cache_->recent_, place_);
  return file_;
}

void CachedFile::Put(std::shared_ptr<File> file) {
  Drop();
  if (file == nullptr) return;
  file_ = std::move(file);
  place_ = cache_->recent_.insert(cache_->recent_.begin(), this);
  if (cache_->recent_.size() > cache_->capacity_) cache_->recent_.back()->Drop();
}

void CachedFile::Drop() {
  if (file_ == nullptr) return;
  file_ = nullptr;
  cache_->recent_.erase(place_);
}

}  // namespace ottla
