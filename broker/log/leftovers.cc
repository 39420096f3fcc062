#include "broker/log/leftovers.h"

#include <algorithm>
#include <limits>
#include <optional>
#include <utility>
#include <vector>

#include "broker/log/segment_files.h"

namespace ottla {
namespace {

std::optional<Offset> AnyOffsetOfName(std::string_view name) {
  for (const auto suffix : kSegmentSuffixes) {
    if (const auto offset = OffsetOfName(name, suffix)) return offset;
  }
  return std::nullopt;
}

class Leftovers {
 public:
  Leftovers(FileSystem& files, const std::string& dir) : files_(files), dir_(dir) {}

  // Removes left-overs, completes what a compaction had finished writing.
  Status Settle() {
    OTTLA_RETURN_IF_ERROR(List());
    Offset unfinished(std::numeric_limits<std::int64_t>::max());
    std::vector<std::string> swaps;
    bool changed = false;
    for (const auto& name : names_) {
      if (name.ends_with(kCleanedSuffix)) {
        const auto base = AnyOffsetOfName(std::string_view(name).substr(0, name.size() - kCleanedSuffix.size()));
        if (base) unfinished = std::min(unfinished, *base);
      }
      if (name.ends_with(kSwapSuffix)) swaps.push_back(name);
      if (name.ends_with(kDeletedSuffix) || name.ends_with(kCleanedSuffix) || name.ends_with(".tmp")) {
        OTTLA_RETURN_IF_ERROR(files_.Remove(Path(name)));
        changed = true;
      }
    }
    if (!swaps.empty()) OTTLA_RETURN_IF_ERROR(CompleteSwaps(swaps, unfinished));
    return changed || !swaps.empty() ? List() : Status::Ok();
  }

  std::vector<std::string> names() && { return std::move(names_); }

 private:
  std::string Path(std::string_view name) const { return dir_ + "/" + std::string(name); }

  Status List() {
    auto entries = files_.List(dir_);
    if (!entries.ok()) return entries.status();
    names_.clear();
    for (auto& entry : *entries) {
      if (!entry.is_dir) names_.push_back(std::move(entry.name));
    }
    return Status::Ok();
  }

  Status CompleteSwaps(const std::vector<std::string>& swaps, Offset unfinished) {
    std::vector<std::string> complete;
    Offset low(std::numeric_limits<std::int64_t>::max());
    Offset high(0);
    for (const auto& name : swaps) {
      const std::string real = name.substr(0, name.size() - kSwapSuffix.size());
      const auto base = AnyOffsetOfName(real);
      if (!base || *base >= unfinished) {
        OTTLA_RETURN_IF_ERROR(files_.Remove(Path(name)));
        continue;
      }
      complete.push_back(real);
      if (!real.ends_with(kLogSuffix)) continue;
      const auto next = EndOfFile(Path(name), *base);
      if (!next.ok()) return next.status();
      low = std::min(low, *base);
      high = std::max(high, *next);
    }
    for (const auto& name : names_) {  // what the swapped segments replace
      const auto base = AnyOffsetOfName(name);
      if (base && *base >= low && *base < high) OTTLA_RETURN_IF_ERROR(files_.Remove(Path(name)));
    }
    // Durably gone first: a replaced segment that came back beside the new ones would have their offsets too.
    OTTLA_RETURN_IF_ERROR(files_.SyncDir(dir_));
    for (const auto& real : complete)
      OTTLA_RETURN_IF_ERROR(files_.Rename(Path(real + std::string(kSwapSuffix)), Path(real)));
    return files_.SyncDir(dir_);
  }

  // Offset after the last batch of a segment file.
  Result<Offset> EndOfFile(const std::string& path, Offset base) {
    const auto file = files_.Open(path, OpenMode::kRead);
    if (!file.ok()) return file.status();
    const auto size = (*file)->Size();
    if (!size.ok()) return size.status();
    HeaderScanner scanner(**file, 0, *size, /*may_wait=*/true);
    Offset next = base;
    for (;;) {
      const auto batch = scanner.Next();
      if (!batch.ok() && batch.status().code() != StatusCode::kCorrupt) return batch.status();
      if (!batch.ok() || !batch->has_value()) return next;
      next = (*batch)->header.next_offset();
    }
  }

  FileSystem& files_;
  const std::string& dir_;
  std::vector<std::string> names_;
};

}  // namespace

Result<std::vector<std::string>> SettleLeftovers(FileSystem& files, const std::string& dir) {
  Leftovers leftovers(files, dir);
  OTTLA_RETURN_IF_ERROR(leftovers.Settle());
  return std::move(leftovers).names();
}

}  // namespace ottla
