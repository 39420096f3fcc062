#include "broker/log/unsynced_files.h"

#include <utility>

namespace ottla {
namespace {

class UnsyncedFile final : public File {
 public:
  explicit UnsyncedFile(std::shared_ptr<File> real) : real_(std::move(real)) {}

  Status WriteAt(std::span<const iovec> parts, std::uint64_t offset) override { return real_->WriteAt(parts, offset); }
  bool WaitedInWrite() const override { return real_->WaitedInWrite(); }
  Result<std::size_t> ReadAt(std::span<char> into, std::uint64_t offset) const override {
    return real_->ReadAt(into, offset);
  }
  Result<std::size_t> TryReadAt(std::span<char> into, std::uint64_t offset) const override {
    return real_->TryReadAt(into, offset);
  }
  Status Truncate(std::uint64_t size) override { return real_->Truncate(size); }
  Status Sync() override { return Status::Ok(); }
  Result<std::uint64_t> Size() const override { return real_->Size(); }
  int NativeFd() const override { return real_->NativeFd(); }

 private:
  const std::shared_ptr<File> real_;
};

}  // namespace

Result<std::shared_ptr<File>> UnsyncedFiles::Open(const std::string& path, OpenMode mode) {
  auto file = real_.Open(path, mode);
  if (!file.ok()) return file;
  return std::shared_ptr<File>(std::make_shared<UnsyncedFile>(std::move(*file)));
}

}  // namespace ottla
