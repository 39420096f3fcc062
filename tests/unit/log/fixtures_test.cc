// Opens log directories that Apache Kafka 3.9.1 wrote and compares with what Kafka itself said is in them.
#include <gtest/gtest.h>

#include <cctype>
#include <cstdlib>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

#include "broker/log/leader_epochs.h"
#include "broker/log/segment_files.h"
#include "common/env/posix_file.h"
#include "common/record/record_reader.h"
#include "fixture.h"
#include "log_harness.h"
#include "tests/support/golden.h"

namespace ottla {
namespace {

std::int64_t LastOffset(const json& batch) {
  return batch.contains("lastOffset") ? batch["lastOffset"].get<std::int64_t>() : batch["offset"].get<std::int64_t>();
}

// One opened broker of a fixture.
class Opened {
 public:
  Opened(const Fixture& fixture, const std::string& broker) : fixture_(fixture), harness(files_, fixture.Dirs(broker)) {
    harness.options.config_of = [&fixture](const std::string& topic) { return fixture.ConfigOf(topic); };
    const Status started = harness.Start();
    OTTLA_CHECK(started.ok()) << started;
  }

  void CompareOffset(const json& want, const Result<TimestampedOffset>& got, const std::string& what) {
    ASSERT_TRUE(got.ok()) << what << ": " << got.status();
    EXPECT_EQ(got->offset.value, want["offset"].get<std::int64_t>()) << what;
    EXPECT_EQ(got->timestamp, want["timestamp"].get<std::int64_t>()) << what;
    const std::int32_t epoch = !want.contains("leader_epoch") || want["leader_epoch"].is_null()
                                   ? -1
                                   : want["leader_epoch"].get<std::int32_t>();
    EXPECT_EQ(got->epoch.value, epoch) << what;
  }

  void CompareLive(const json& live) {
    const TopicPartition tp{live["topic"], live["partition"]};
    SCOPED_TRACE(fixture_.name + " " + tp.ToString());
    const auto log = harness.Get(tp);
    ASSERT_NE(log, nullptr);
    const auto& offsets = live["list_offsets"];
    EXPECT_EQ(log->log_start().value, offsets["earliest"]["offset"].get<std::int64_t>());
    EXPECT_EQ(log->log_end().value, offsets["latest"]["offset"].get<std::int64_t>());
    EXPECT_EQ(log->topic_id().ToString(), live["topic_id"].get<std::string>());
    harness.On(log, [&] { log->SetHighWatermark(log->log_end()); });
    if (offsets.contains("latest_read_committed")) {
      EXPECT_EQ(log->last_stable_offset().value, offsets["latest_read_committed"]["offset"].get<std::int64_t>());
    }
    const auto& largest = offsets["max_timestamp"];
    if (largest.contains("offset")) CompareOffset(largest, harness.MaxTime(log), "max timestamp");
    for (const auto& answer : offsets.value("by_timestamp", json::array())) {
      if (!answer.contains("offset")) continue;
      CompareOffset(answer, harness.AtTime(log, answer["query"]), "at " + answer["query"].dump());
    }
    for (const auto& producer : live.value("producers", json::array())) CompareProducer(*log, producer);
    for (const bool committed : {false, true}) CompareRanges(log, live, committed);
  }

  // The inclusive offset ranges that consumers got: records of the read plans, less control batches and, for
  // read_committed, what the aborted transactions say.
  void CompareRanges(const std::shared_ptr<PartitionLog>& log, const json& live, bool committed) {
    const char* key = committed ? "offsets_read_committed" : "offsets_read_uncommitted";
    if (!live.contains(key)) return;
    const Offset upper = committed ? log->last_stable_offset() : log->log_end();
    std::vector<AbortedTxn> aborted;
    if (committed) aborted = harness.Aborted(log, log->log_start(), upper);
    json ranges = json::array();
    const std::string bytes = harness.ReadAll(log, log->log_start(), upper);
    CodecContext codecs;
    RecordReader reader(codecs, kNoDecompressLimit);
    BatchScanner scanner(bytes);
    BatchFrame frame;
    while (scanner.Next(frame) == BatchScanner::Step::kBatch) {
      const BatchHeader& batch = frame.header;
      if (!CrcMatches(frame)) continue;  // consumers were told to skip these
      if (batch.is_control || (committed && IsAborted(batch, aborted))) continue;
      ASSERT_EQ(reader.Open(frame), RecordFault::kNone);
      Record record;
      while (reader.Next(record) == RecordReader::Step::kRecord) {
        if (record.offset < log->log_start()) continue;
        const std::int64_t offset = record.offset.value;
        if (!ranges.empty() && ranges.back()[1] == offset - 1) {
          ranges.back()[1] = offset;
        } else {
          ranges.push_back({offset, offset});
        }
      }
    }
    EXPECT_EQ(ranges, live[key]) << key;
  }

  static bool IsAborted(const BatchHeader& batch, const std::vector<AbortedTxn>& aborted) {
    return batch.is_transactional && std::ranges::any_of(aborted, [&](const AbortedTxn& txn) {
             return txn.producer_id == batch.producer_id && txn.first_offset <= batch.base_offset &&
                    batch.base_offset < txn.last_offset;
           });
  }

  static void CompareProducer(const PartitionLog& log, const json& want) {
    const auto* got = log.producers().Find(want["id"]);
    ASSERT_NE(got, nullptr) << want;
    EXPECT_EQ(got->epoch, want["epoch"].get<int>()) << want;
    EXPECT_EQ(got->last_sequence(), want["last_sequence"].get<int>()) << want;
    EXPECT_EQ(got->last_timestamp, want["last_timestamp"].get<std::int64_t>()) << want;
    EXPECT_EQ(got->coordinator_epoch, want["coordinator_epoch"].get<int>()) << want;
    EXPECT_EQ(got->txn_first_offset.value, want["txn_start"].get<std::int64_t>()) << want;
  }

  // Epochs as the file says them, without those that begin at the log end (no record has them).
  void CompareEpochs(const std::string& dir) {
    for (const auto& [name, content] : fixture_.expected["dirs"][dir]["partitions"].items()) {
      const auto tp = ParsePartitionDir(name);
      if (!tp) continue;
      SCOPED_TRACE(fixture_.name + " " + dir + " " + name);
      const auto log = harness.Get(*tp);
      ASSERT_NE(log, nullptr);
      if (!content.contains("leader-epoch-checkpoint") || content["leader-epoch-checkpoint"].is_null()) continue;
      auto want = LeaderEpochs::Parse(content["leader-epoch-checkpoint"].get<std::string>());
      ASSERT_TRUE(want.ok()) << want.status();
      want->TruncateFromEnd(log->log_end());
      EXPECT_EQ(log->epochs().entries(), want->entries());
    }
  }

  // Batches as kafka-dump-log lists them, in the order of the segments.
  void CompareBatches(const TopicPartition& tp, const std::vector<json>& want, Offset from) {
    SCOPED_TRACE(fixture_.name + " " + tp.ToString());
    const auto log = harness.Get(tp);
    ASSERT_NE(log, nullptr);
    const std::string bytes = harness.ReadAll(log, from, log->log_end(), 700);
    BatchScanner scanner(bytes);
    BatchFrame frame;
    std::size_t i = 0;
    while (scanner.Next(frame) == BatchScanner::Step::kBatch) {
      ASSERT_LT(i, want.size());
      const json& batch = want[i++];
      EXPECT_EQ(frame.header.last_offset.value,
                batch[frame.header.magic == 2 ? "lastOffset" : "offset"].get<std::int64_t>())
          << batch;
      EXPECT_EQ(frame.header.size, batch["size"].get<std::uint64_t>()) << batch;
      EXPECT_EQ(frame.header.magic, batch["magic"].get<int>()) << batch;
      EXPECT_EQ(frame.header.crc, batch["crc"].get<std::uint32_t>()) << batch;
      if (frame.header.magic == 2) {
        EXPECT_EQ(frame.header.producer_id, batch["producerId"].get<std::int64_t>()) << batch;
        EXPECT_EQ(frame.header.leader_epoch.value, batch["partitionLeaderEpoch"].get<int>()) << batch;
        EXPECT_EQ(frame.header.base_offset.value, batch["baseOffset"].get<std::int64_t>()) << batch;
      }
    }
    EXPECT_EQ(i, want.size());
  }

 private:
  const Fixture& fixture_;
  PosixFileSystem files_;

 public:
  LogHarness harness;
};

// How a fixture is to be read: as Kafka said of exactly these files, or of what its recovery made of them. The
// directories of `faults` are the subject of DirFaults.
enum class Kind { kAsItIs, kDamaged, kFatal, kFaults };

Kind KindOf(const json& expected) {
  if (expected.contains("faults")) return Kind::kFaults;
  if (expected.contains("fatal")) return Kind::kFatal;
  return expected.contains("damage") && !expected.contains("recovery_log") ? Kind::kDamaged : Kind::kAsItIs;
}

// Names of all fixtures of that kind in the folder, whatever they are called.
std::vector<std::string> FixturesOf(Kind kind) {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(test::FixturesDir())) {
    const std::string file = entry.path().filename().string();
    const auto at = file.find(".expected.json");
    if (at == std::string::npos || KindOf(json::parse(test::ReadAll(entry.path().string()))) != kind) continue;
    names.push_back(file.substr(0, at));
  }
  std::ranges::sort(names);
  return names;
}

std::string TestName(const testing::TestParamInfo<std::string>& param) {
  std::string name = param.param;
  std::ranges::replace_if(
      name, [](unsigned char c) { return std::isalnum(c) == 0; }, '_');
  return name;
}

class CleanFixture : public testing::TestWithParam<std::string> {};

TEST_P(CleanFixture, IsReadAsKafkaReadsIt) {
  const Fixture fixture(GetParam());
  std::map<std::string, std::map<TopicPartition, std::vector<json>>> batches;  // by broker
  for (const auto& dump : Lines(test::FixturesDir() + "/" + fixture.name + ".dump.jsonl.gz")) {
    const std::string file = dump["file"];
    if (!file.ends_with(".log") || !dump.contains("batches")) continue;
    const auto parent = std::filesystem::path(file).parent_path();
    const auto tp = ParsePartitionDir(parent.filename().string());
    if (!tp) continue;
    auto& all = batches[file.substr(0, file.find('/'))][*tp];
    for (const auto& batch : dump["batches"]) all.push_back(batch);
  }
  for (const auto& [broker, dirs] : fixture.brokers) {
    Opened opened(fixture, broker);
    for (const auto& dir : dirs) opened.CompareEpochs(dir);
    const int id = std::stoi(broker.substr(1));
    for (const auto& live : fixture.expected.value("live", json::object()).value("default", json::array())) {
      const std::string tp = live["topic"].get<std::string>() + "-" + live["partition"].dump();
      if (live["leader"] == id) opened.CompareLive(live);
    }
    for (auto& [tp, want] : batches[broker]) {
      const auto log = opened.harness.Get(tp);
      ASSERT_NE(log, nullptr) << tp;
      std::erase_if(want, [&](const json& batch) { return LastOffset(batch) < log->log_start().value; });
      opened.CompareBatches(tp, want, log->log_start());
    }
    EXPECT_TRUE(opened.harness.Stop().ok());
  }
}

class DamagedFixture : public testing::TestWithParam<std::string> {};

// After a kill and damage, recovery finds what Kafka's recovery found.
TEST_P(DamagedFixture, IsRecoveredAsKafkaRecovers) {
  const Fixture fixture(GetParam());
  const Fixture recovered(GetParam() + "-recovered");
  std::set<std::string> here;
  for (const auto& [dir, content] : fixture.expected["dirs"].items()) {
    for (const auto& [name, partition] : content["partitions"].items()) here.insert(name);
  }
  std::size_t compared = 0;
  for (const auto& [broker, dirs] : fixture.brokers) {
    Opened opened(fixture, broker);
    for (const auto& live : recovered.expected["live"]["default"]) {
      if (live["leader"] != std::stoi(broker.substr(1))) continue;
      if (!here.contains(live["topic"].get<std::string>() + "-" + live["partition"].dump())) continue;
      opened.CompareLive(live);
      ++compared;
    }
    EXPECT_TRUE(opened.harness.Stop().ok());
  }
  EXPECT_GE(compared, 1U);
}

class FatalFixture : public testing::TestWithParam<std::string> {};

// Damage by which Kafka refuses to start: here the log ends before it and the broker runs.
TEST_P(FatalFixture, EndsOnlyTheLog) {
  const Fixture fixture(GetParam());
  ASSERT_EQ(fixture.brokers.size(), 1U);
  const auto& [broker, dirs] = *fixture.brokers.begin();
  Opened opened(fixture, broker);
  for (const auto& [name, content] : fixture.expected["dirs"][dirs.front()]["partitions"].items()) {
    const auto tp = ParsePartitionDir(name);
    ASSERT_TRUE(tp) << name;
    const auto log = opened.harness.Get(*tp);
    ASSERT_NE(log, nullptr) << name;
    const std::string bytes = opened.harness.ReadAll(log, log->log_start(), log->log_end());
    BatchScanner scanner(bytes);
    BatchFrame frame;
    Offset next = log->log_start();
    while (scanner.Next(frame) == BatchScanner::Step::kBatch) {
      EXPECT_GE(frame.header.base_offset, next) << name;
      EXPECT_TRUE(CrcMatches(frame)) << name;
      next = frame.header.next_offset();
    }
    EXPECT_EQ(next, log->log_end()) << name;
  }
  EXPECT_TRUE(opened.harness.Stop().ok());
}

INSTANTIATE_TEST_SUITE_P(Kafka, CleanFixture, testing::ValuesIn(FixturesOf(Kind::kAsItIs)), TestName);
INSTANTIATE_TEST_SUITE_P(Kafka, DamagedFixture, testing::ValuesIn(FixturesOf(Kind::kDamaged)), TestName);
INSTANTIATE_TEST_SUITE_P(Kafka, FatalFixture, testing::ValuesIn(FixturesOf(Kind::kFatal)), TestName);

}  // namespace
}  // namespace ottla
