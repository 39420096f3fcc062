// The least that a broker can do with records: check what came, write it to a file, send it from there. No replicas,
// no indexes, no limits but one batch at a time, nothing survives the process. The lower bound that bench_null_server
// --store gives to run.py.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace ottla {

class BareStore {
 public:
  struct Range {
    int fd = -1;
    std::int64_t position = 0;
    std::int64_t size = 0;
    std::int64_t end_offset = 0;  // of the whole partition
  };

  // `dir` exists. Files of it are left behind for the caller to remove.
  explicit BareStore(std::string dir) : dir_(std::move(dir)) {}

  // One v2 batch: its CRC is checked, its base offset and epoch are set, its bytes are appended. The base offset, or
  // nullopt for a batch that does not hold together. Any thread.
  std::optional<std::int64_t> Append(std::string_view topic, std::int32_t partition, std::string_view batch);

  // Whole batches from the one that holds `offset`, at least one and about `max_bytes`. Any thread.
  Range Read(std::string_view topic, std::int32_t partition, std::int64_t offset, std::int32_t max_bytes);

 private:
  struct Batch {
    std::int64_t next_offset = 0;
    std::int64_t end_position = 0;
  };
  struct Log {
    int fd = -1;
    std::vector<Batch> batches;
    std::mutex mutex;
  };
  Log& Find(std::string_view topic, std::int32_t partition);

  const std::string dir_;
  std::mutex mutex_;
  std::map<std::pair<std::string, std::int32_t>, Log> logs_;
};

}  // namespace ottla
