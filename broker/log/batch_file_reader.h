// Reads whole batches of a segment file one after the other, with few large reads. Blocks: for disk threads.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "common/base/status.h"
#include "common/io/file.h"
#include "common/record/record_batch.h"

namespace ottla {

class BatchFileReader {
 public:
  BatchFileReader(const File& file, std::uint64_t position, std::uint64_t limit)
      : file_(file), at_(position), limit_(limit), buffered_at_(position) {}

  // The next batch, good until the next call; nullopt at the limit. kCorrupt: no whole batch begins at position().
  // Its CRC is not checked.
  Result<std::optional<BatchFrame>> Next();
  std::uint64_t position() const { return at_; }            // where the next batch begins
  std::uint64_t last_position() const { return last_at_; }  // where the last batch given began

 private:
  Status Need(std::size_t bytes);  // from at_ on, in the buffer

  const File& file_;
  std::uint64_t at_;
  const std::uint64_t limit_;
  std::uint64_t last_at_ = 0;
  std::uint64_t buffered_at_;
  std::string buffer_;
};

}  // namespace ottla
