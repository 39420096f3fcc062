#include "broker/log/dir_survey.h"

#include <algorithm>
#include <utility>

#include "broker/log/segment_files.h"
#include "common/base/topic_name.h"

namespace ottla {
namespace {

constexpr std::string_view kLockFile = ".lock";

constexpr std::string_view kStrayDirSuffix = "-stray";
constexpr std::string_view kFutureDirSuffix = "-future";

// Creates what is missing of `path`, durably: no fsync below can save a file whose directory is lost.
Status CreateDurably(FileSystem& files, const std::string& path) {
  std::vector<std::string> parents;
  for (std::string at = path; !files.Stat(at).ok() && ParentOf(at) != at; at = ParentOf(at)) {
    parents.push_back(ParentOf(at));
  }
  OTTLA_RETURN_IF_ERROR(files.CreateDirs(path));
  for (const auto& parent : parents) OTTLA_RETURN_IF_ERROR(files.SyncDir(parent));
  return Status::Ok();
}

// Reads a checkpoint; an unreadable one is kept aside and counts as empty.
Status ReadCheckpoint(FileSystem& files, const std::string& dir, std::string_view name, OffsetCheckpoint& into,
                      std::vector<std::string>& notes) {
  const std::string path = dir + "/" + std::string(name);
  const auto text = files.ReadFile(path);
  if (text.status().code() == StatusCode::kNotFound) return Status::Ok();
  if (!text.ok() && text.status().code() != StatusCode::kCorrupt) return text.status();
  auto parsed = text.ok() ? ParseOffsetCheckpoint(*text) : Result<OffsetCheckpoint>(text.status());
  if (parsed.ok()) {
    into = std::move(parsed).value();
    return Status::Ok();
  }
  notes.push_back(path + " is unreadable (" + parsed.status().message() + "): kept as .bad, taken as empty");
  return files.Rename(path, path + ".bad");
}

// topic-partition.id-delete, the id of 32 hexadecimal digits, the topic perhaps cut. Nothing else is removed for its
// name.
bool IsDeletedName(std::string_view name) {
  constexpr std::size_t kIdDigits = 32;
  if (!name.ends_with(kDeleteDirSuffix)) return false;
  name.remove_suffix(kDeleteDirSuffix.size());
  const auto dot = name.rfind('.');
  if (dot == std::string_view::npos || name.size() - dot - 1 != kIdDigits) return false;
  const std::string_view id = name.substr(dot + 1);
  return id.find_first_not_of("0123456789abcdef") == std::string_view::npos && ParsePartitionDir(name.substr(0, dot));
}

Status SurveyNames(FileSystem& files, const std::string& dir, DirSurvey& survey) {
  const auto entries = files.List(dir);
  if (!entries.ok()) return entries.status();
  for (const auto& entry : *entries) {
    if (!entry.is_dir || entry.name == "remote-log-index-cache") continue;
    const std::string& name = entry.name;
    const auto note = [&](std::string_view what) {
      survey.notes.push_back(std::string(dir).append("/").append(name).append(" ").append(what));
    };
    if (IsDeletedName(name)) {
      survey.to_delete.push_back(name);
    } else if (name.ends_with(kStrayDirSuffix) || name.ends_with(kFutureDirSuffix)) {
      note("is left as it is and not served");
    } else if (name == "__cluster_metadata-0") {
      note("belongs to a cluster without ZooKeeper and is left as it is");
    } else if (auto tp = ParsePartitionDir(name); tp && tp->ToString() == name && ValidateTopicName(tp->topic).ok()) {
      survey.partitions.push_back(std::move(tp).value());
    } else {
      note("is no partition and is left as it is");
    }
  }
  return Status::Ok();
}

}  // namespace

OpenedDir OpenDir(FileSystem& files, const std::string& path) {
  OpenedDir opened;
  opened.status = CreateDurably(files, path);
  if (!opened.status.ok()) return opened;
  auto lock = files.Lock(path + "/" + std::string(kLockFile));
  opened.status = lock.status();
  if (!lock.ok()) return opened;
  opened.lock = std::move(lock).value();
  const auto text = files.ReadFile(path + "/" + std::string(kMetaPropertiesFile), 1 << 20);
  if (text.status().code() == StatusCode::kNotFound) return opened;
  opened.status = text.status();
  if (!text.ok()) return opened;
  auto meta = ParseMetaProperties(*text);
  opened.status = meta.status();
  if (meta.ok()) opened.meta = std::move(meta).value();
  return opened;
}

bool HoldsRecords(FileSystem& files, const std::string& path) {
  const auto entries = files.List(path);
  if (!entries.ok()) return true;
  return std::ranges::any_of(*entries, [&](const DirEntry& entry) {
    if (entry.is_dir || !entry.name.ends_with(kLogSuffix)) return false;
    const auto info = files.Stat(path + "/" + entry.name);
    return !info.ok() || info->size > 0;
  });
}

DirSurvey SurveyDir(FileSystem& files, const std::string& dir) {
  DirSurvey survey;
  const auto run = [&] {
    const std::string mark = dir + "/" + std::string(kCleanShutdownFile);
    survey.clean = files.Stat(mark).ok();
    if (survey.clean) {
      // Durably gone before the first log is opened: a crash from here on must count as unclean.
      OTTLA_RETURN_IF_ERROR(files.Remove(mark));
      OTTLA_RETURN_IF_ERROR(files.SyncDir(dir));
    }
    OTTLA_RETURN_IF_ERROR(ReadCheckpoint(files, dir, kRecoveryPointFile, survey.recovery_points, survey.notes));
    OTTLA_RETURN_IF_ERROR(ReadCheckpoint(files, dir, kLogStartFile, survey.log_starts, survey.notes));
    OTTLA_RETURN_IF_ERROR(ReadCheckpoint(files, dir, kHighWatermarkFile, survey.high_watermarks, survey.notes));
    OTTLA_RETURN_IF_ERROR(ReadCheckpoint(files, dir, kCleanerFile, survey.compacted, survey.notes));
    return SurveyNames(files, dir, survey);
  };
  survey.status = run();
  return survey;
}

}  // namespace ottla
