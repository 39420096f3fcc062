// A partition directory whose files were spoiled at random: loading it must end, must not trust what it cannot check,
// and must leave a directory that loads again to the same log.
#include <algorithm>
#include <string>
#include <vector>

#include "broker/log/batch_file_reader.h"
#include "broker/log/log_loader.h"
#include "broker/log/segment_files.h"
#include "common/record/batch_builder.h"
#include "fuzz_main.h"
#include "tests/sim/env/sim_files.h"

namespace ottla {
namespace {

constexpr const char* kDir = "/d/orders-0";

std::string SomeBatch(Offset base, Random& random) {
  const auto kind = random.Below(6);
  const auto producer = static_cast<std::int64_t>(random.Below(3));
  if (kind == 0) {
    std::string marker = MakeEndTransactionMarker(producer, 0, random.Chance(0.5), 0, 1'000);
    SetBaseOffset(marker.data(), base);
    return marker;
  }
  if (kind == 1) {
    std::string legacy;
    AppendLegacyMessage(static_cast<int>(random.Below(2)), base, 1'000, TimestampType::kCreateTime, Codec::kNone,
                        std::nullopt, "value", legacy);
    return legacy;
  }
  const bool idempotent = kind < 4;
  BatchBuilder builder({.base_offset = base,
                        .leader_epoch = LeaderEpoch(static_cast<std::int32_t>(base.value / 10)),
                        .producer_id = idempotent ? producer : kNoProducerId,
                        .producer_epoch = static_cast<std::int16_t>(idempotent ? 0 : -1),
                        .base_sequence = idempotent ? static_cast<std::int32_t>(base.value) : kNoSequence,
                        .is_transactional = idempotent && random.Chance(0.5)});
  const std::string value(random.Below(80), 'v');
  for (auto left = 1 + random.Below(4); left > 0; --left) builder.Append(1'000 + base.value, std::nullopt, value);
  std::string bytes;
  builder.Build(nullptr, bytes);
  return bytes;
}

// Segments of a few batches each, written as plain files; indexes and snapshots come from a first load.
void WriteLog(FileSystem& files, Random& random) {
  OTTLA_CHECK(files.CreateDirs(kDir).ok());
  Offset next(0);
  for (auto segments = 1 + random.Below(4); segments > 0; --segments) {
    std::string bytes;
    const Offset base = next;
    for (auto batches = 1 + random.Below(8); batches > 0; --batches) {
      const std::string batch = SomeBatch(next, random);
      BatchHeader header;
      OTTLA_CHECK(ParseBatchHeader(batch, header) == HeaderParse::kOk);
      next = header.next_offset();
      bytes += batch;
    }
    OTTLA_CHECK(files.ReplaceFile(SegmentPath(kDir, base, kLogSuffix), bytes).ok());
  }
}

void SpoilFiles(FileSystem& files, Random& random) {
  const auto entries = files.List(kDir).value();
  std::string other;
  for (auto times = 1 + random.Below(3); times > 0; --times) {
    const std::string path = std::string(kDir) + "/" + entries[random.Below(entries.size())].name;
    const auto bytes = files.ReadFile(path);
    if (!bytes.ok()) continue;
    const auto kind = random.Below(10);
    if (kind == 0) {
      OTTLA_CHECK(files.Remove(path).ok());
    } else if (kind == 1) {
      OTTLA_CHECK(files.ReplaceFile(path, *bytes + std::string(random.Below(5000), '\0')).ok());
    } else if (kind == 2) {
      OTTLA_CHECK(files.Rename(path, path + (random.Chance(0.5) ? ".swap" : ".cleaned")).ok());
    } else {
      OTTLA_CHECK(files.ReplaceFile(path, test::Mutate(*bytes, other, random)).ok());
    }
    other = *bytes;
  }
}

void CheckBounds(const LoadedLog& log) {
  OTTLA_CHECK(!log.segments.empty());
  OTTLA_CHECK(log.log_start <= log.log_end);
  OTTLA_CHECK(log.recovery_point <= log.log_end);
  OTTLA_CHECK(log.log_start <= log.high_watermark && log.high_watermark <= log.log_end);
  OTTLA_CHECK(log.segments.back().indexes_known);
  for (std::size_t i = 1; i < log.segments.size(); ++i) OTTLA_CHECK(log.segments[i - 1].base < log.segments[i].base);
  const auto& epochs = log.epochs.entries();
  for (std::size_t i = 0; i < epochs.size(); ++i) {
    OTTLA_CHECK(epochs[i].start <= log.log_end);  // equal where the log is empty
    OTTLA_CHECK(i == 0 || epochs[i - 1].epoch < epochs[i].epoch);
  }
}

// After a scan of everything each batch is good, and they ascend through all segments.
void CheckBatches(FileSystem& files, const LoadedLog& log) {
  Offset next(0);
  for (const auto& segment : log.segments) {
    const auto file = files.Open(SegmentPath(kDir, segment.base, kLogSuffix), OpenMode::kRead).value();
    OTTLA_CHECK(*file->Size() == segment.size);
    BatchFileReader reader(*file, 0, segment.size);
    for (;;) {
      const auto frame = reader.Next();
      OTTLA_CHECK(frame.ok()) << frame.status();
      if (!frame->has_value()) break;
      OTTLA_CHECK(CrcMatches(**frame));
      OTTLA_CHECK((*frame)->header.last_offset >= next);
      next = (*frame)->header.next_offset();
    }
  }
  OTTLA_CHECK(next <= log.log_end);
}

void One(Random& random) {
  sim::SimFiles files(random.Next());
  WriteLog(files, random);
  LoadOptions options;
  options.config.index_interval_bytes = 100;
  options.config.producer_expiration_ms = LogConfig::kForever;
  OTTLA_CHECK(LoadLog(files, kDir, options).ok()) << "unspoiled";
  SpoilFiles(files, random);

  options.clean = random.Chance(0.3);
  options.recovery_point = Offset(static_cast<std::int64_t>(random.Below(60)));
  options.log_start = Offset(random.Chance(0.2) ? static_cast<std::int64_t>(random.Below(60)) : 0);
  options.high_watermark = Offset(static_cast<std::int64_t>(random.Below(60)));
  auto first = LoadLog(files, kDir, options);
  OTTLA_CHECK(first.ok()) << first.status();
  CheckBounds(*first);

  options.clean = false;
  options.recovery_point = Offset(0);
  auto scanned = LoadLog(files, kDir, options);
  OTTLA_CHECK(scanned.ok()) << scanned.status();
  CheckBounds(*scanned);
  CheckBatches(files, *scanned);

  auto again = LoadLog(files, kDir, options);
  OTTLA_CHECK(again.ok()) << again.status();
  CheckBatches(files, *again);
  OTTLA_CHECK(again->log_end == scanned->log_end && again->log_start == scanned->log_start);
  OTTLA_CHECK(again->producers.Snapshot() == scanned->producers.Snapshot());
}

}  // namespace
}  // namespace ottla

int main(int argc, char** argv) { return ottla::test::FuzzMain(argc, argv, ottla::One); }
