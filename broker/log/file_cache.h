// Bounds the descriptors that the logs of one data loop keep open. Owner: that loop. A file in use by a send or a disk
// task is pinned by its shared_ptr: dropping it here only means that it is opened again when asked for next.
#pragma once

#include <list>
#include <memory>

#include "common/io/file.h"

namespace ottla {

class CachedFile;

class FileCache {
 public:
  explicit FileCache(std::size_t capacity) : capacity_(capacity) {}
  FileCache(const FileCache&) = delete;
  FileCache& operator=(const FileCache&) = delete;
  std::size_t open() const { return recent_.size(); }

 private:
  friend class CachedFile;
  const std::size_t capacity_;
  std::list<CachedFile*> recent_;  // most recently used first
};

// A slot for one open file.
class CachedFile {
 public:
  explicit CachedFile(std::shared_ptr<FileCache> cache) : cache_(std::move(cache)) {}
  ~CachedFile() { Drop(); }
  CachedFile(const CachedFile&) = delete;
  CachedFile& operator=(const CachedFile&) = delete;

  // The file, now the most recently used; null: not open.
  std::shared_ptr<File> Get();
  void Put(std::shared_ptr<File> file);  // may push another out
  void Drop();

 private:
  const std::shared_ptr<FileCache> cache_;
  std::shared_ptr<File> file_;
  std::list<CachedFile*>::iterator place_;
};

}  // namespace ottla
