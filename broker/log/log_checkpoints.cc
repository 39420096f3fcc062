#include "broker/log/log_checkpoints.h"

#include <map>
#include <utility>
#include <vector>

#include "broker/log/checkpoint.h"

namespace ottla {
namespace {

using ByDir = std::map<std::size_t, OffsetCheckpoint>;

ByDir HighWatermarksOf(const LogShards::Logs& logs) {
  ByDir offsets;
  for (const auto& log : logs) offsets[log->dir().index()][log->tp()] = log->high_watermark();
  return offsets;
}

ByDir Merge(std::vector<ByDir>& loops, std::size_t dirs) {
  ByDir merged;
  for (std::size_t i = 0; i < dirs; ++i) merged[i];
  for (auto& loop : loops) {
    for (auto& [index, offsets] : loop) merged[index].merge(offsets);
  }
  return merged;
}

}  // namespace

void LogCheckpoints::WriteHighWatermarks(UniqueFunction<void(Status)> done) {
  shards_->Gather<ByDir>(HighWatermarksOf, [dirs = dirs_, done = std::move(done)](std::vector<ByDir>& loops) mutable {
    const auto merged = std::make_shared<const ByDir>(Merge(loops, dirs->size()));
    dirs->OnEach<Status>(
        [merged](LogDir& dir) {
          return dir.files().ReplaceFile(dir.path() + "/" + std::string(kHighWatermarkFile),
                                         OffsetCheckpointText(merged->at(dir.index())));
        },
        [dirs, done = std::move(done)](const std::map<std::size_t, Status>& results) mutable {
          done(dirs->FailThose(results));
        });
  });
}

void LogCheckpoints::Write(Status (LogDir::*write)(), UniqueFunction<void(Status)> done) {
  dirs_->OnEach<Status>([write](LogDir& dir) { return (dir.*write)(); },
                        [dirs = dirs_, done = std::move(done)](const std::map<std::size_t, Status>& results) mutable {
                          done(dirs->FailThose(results));
                        });
}

}  // namespace ottla
