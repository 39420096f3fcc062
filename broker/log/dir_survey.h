// What a log directory's own files say: whose it is, how it was left, what is in it. On its disk thread; blocks.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "broker/log/checkpoint.h"
#include "broker/log/meta_properties.h"
#include "common/base/ids.h"
#include "common/base/status.h"
#include "common/io/file.h"

namespace ottla {

// orders-3.<32 hex>-delete: a log that is to be removed.
inline constexpr std::string_view kDeleteDirSuffix = "-delete";

struct OpenedDir {
  Status status;  // kAlreadyExists: locked by another process
  std::unique_ptr<DirLock> lock;
  std::optional<MetaProperties> meta;  // nullopt: no file
};

// Creates the directory where it is missing, locks it, reads meta.properties.
OpenedDir OpenDir(FileSystem& files, const std::string& path);

struct DirSurvey {
  Status status;
  bool clean = false;  // it had its clean mark, which is durably gone now
  OffsetCheckpoint recovery_points;
  OffsetCheckpoint log_starts;
  OffsetCheckpoint high_watermarks;
  OffsetCheckpoint compacted;  // up to where Apache Kafka's cleaner came
  std::vector<TopicPartition> partitions;
  std::vector<std::string> to_delete;  // names of -delete directories
  std::vector<std::string> notes;      // what was found wrong, and what was done about it
};

// Whether a partition's directory has any record in it. What cannot be read is taken for full.
bool HoldsRecords(FileSystem& files, const std::string& path);

DirSurvey SurveyDir(FileSystem& files, const std::string& dir);

}  // namespace ottla
