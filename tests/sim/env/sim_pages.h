// The bytes of one simulated file, twice: what a process reads, and what lost power would leave. Pages of 4 KiB are
// shared between the two until one is written.
#pragma once

#include <cstdint>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "common/base/random.h"

namespace ottla::sim {

class SimPages {
 public:
  static constexpr std::uint64_t kPageBytes = 4096;
  static constexpr std::uint64_t kSectorBytes = 512;  // the most a real disk writes at once

  std::uint64_t size() const { return size_; }
  std::uint64_t durable_size() const { return durable_size_; }
  bool dirty() const;

  void Write(std::uint64_t offset, std::span<const char> bytes);
  std::size_t Read(std::uint64_t offset, std::span<char> into) const;
  void Truncate(std::uint64_t size);

  void Sync();
  // Some of the unsynced pages reach the disk unasked, as a kernel's write-back does at any time.
  void WriteBack(Random& random, double share);
  // After a failed fsync the kernel forgets that pages were dirty: a later Sync() does not save them.
  void ForgetDirty();
  // Any subset of unsynced pages survives, some torn between sectors; of a changed size, the old, the new or one
  // between.
  void LosePower(Random& random);

 private:
  using Page = std::string;                                // kPageBytes
  using Pages = std::vector<std::shared_ptr<const Page>>;  // null: zeros

  Page& Mutable(std::size_t index);
  void Persist(std::size_t index);
  static void ZeroTail(Pages& pages, std::uint64_t size);

  Pages live_;
  Pages durable_;
  std::uint64_t size_ = 0;
  std::uint64_t durable_size_ = 0;
  bool size_forgotten_ = false;  // a changed size that no Sync() will save until it changes again
  std::set<std::size_t> dirty_;  // pages a Sync() would save
};

}  // namespace ottla::sim
