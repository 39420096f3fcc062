// Open files and locks of SimFiles. They belong to the process that opened them and are dead after it.
#pragma once

#include <memory>
#include <string>
#include <utility>

#include "tests/sim/env/sim_files.h"

namespace ottla::sim {

class SimFile final : public File {
 public:
  SimFile(SimFiles& files, std::string path, std::shared_ptr<SimFiles::Inode> inode, bool writable)
      : files_(files),
        path_(std::move(path)),
        inode_(std::move(inode)),
        generation_(files.generation_),
        writable_(writable) {}

  Status WriteAt(std::span<const iovec> parts, std::uint64_t offset) override;
  Result<std::size_t> ReadAt(std::span<char> into, std::uint64_t offset) const override;
  Result<std::size_t> TryReadAt(std::span<char> into, std::uint64_t offset) const override;
  Status Truncate(std::uint64_t size) override;
  Status Sync() override;
  Result<std::uint64_t> Size() const override;
  int NativeFd() const override { return 0; }  // SimStream::SendFile takes the file itself

 private:
  Status CheckUsable() const;
  Status CheckWritable() const;
  std::uint64_t RoomFor(std::uint64_t offset, std::uint64_t count) const;

  SimFiles& files_;
  const std::string path_;
  const std::shared_ptr<SimFiles::Inode> inode_;
  const std::uint64_t generation_;
  const bool writable_;
};

class SimDirLock final : public DirLock {
 public:
  SimDirLock(SimFiles& files, std::string path)
      : files_(files), path_(std::move(path)), generation_(files.generation_) {}
  ~SimDirLock() override {
    if (files_.generation_ == generation_) files_.locks_.erase(path_);
  }
  SimDirLock(const SimDirLock&) = delete;
  SimDirLock& operator=(const SimDirLock&) = delete;

 private:
  SimFiles& files_;
  const std::string path_;
  const std::uint64_t generation_;
};

}  // namespace ottla::sim
