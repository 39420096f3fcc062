// Directories: whose they are, what is loaded, where new logs go, what an orderly end leaves behind.
#include "broker/log/log_manager.h"

#include <gtest/gtest.h>

#include "broker/log/meta_properties.h"
#include "broker/log/segment_files.h"
#include "common/env/posix_file.h"
#include "fixture.h"
#include "log_batches.h"
#include "log_harness.h"
#include "tests/sim/env/sim_files.h"

namespace ottla {
namespace {

constexpr char kRecoveryPoints[] = "/d1/recovery-point-offset-checkpoint";
constexpr char kLogStarts[] = "/d1/log-start-offset-checkpoint";

class LogManagerTest : public testing::Test {
 protected:
  void Begin(std::vector<std::string> dirs = {"/d1", "/d2"}) {
    harness_ = std::make_unique<LogHarness>(files_, std::move(dirs));
    harness_->config.retention_ms = -1;
  }
  std::string Text(const std::string& path) { return files_.ReadFile(path).value(); }
  bool There(const std::string& path) { return files_.Peek(path).has_value(); }

  sim::SimFiles files_{5};
  std::unique_ptr<LogHarness> harness_;
};

TEST_F(LogManagerTest, AFirstStartWritesWhoTheDirectoriesBelongTo) {
  Begin();
  const auto found = harness_->Open();
  ASSERT_TRUE(found.ok()) << found.status();
  EXPECT_FALSE(found->broker_id);
  EXPECT_FALSE(found->cluster_id);
  ASSERT_TRUE(harness_->Load(BrokerId(7), "abc-DEF").ok());
  const std::string text = Text("/d2/meta.properties");
  EXPECT_TRUE(text.starts_with("#\n#")) << text;
  EXPECT_TRUE(text.ends_with(" UTC 2024\nbroker.id=7\nversion=0\ncluster.id=abc-DEF\n")) << text;
  ASSERT_TRUE(harness_->Stop().ok());
  EXPECT_EQ(Text("/d1/.kafka_cleanshutdown"), R"({"version":0,"brokerEpoch":-1})");
  Begin();
  const auto again = harness_->Open();
  ASSERT_TRUE(again.ok());
  EXPECT_EQ(again->broker_id, BrokerId(7));
  EXPECT_EQ(again->cluster_id, "abc-DEF");
}

TEST_F(LogManagerTest, ForeignDirectoriesAreRefusedByName) {
  Begin();
  ASSERT_TRUE(harness_->Open().ok());
  ASSERT_TRUE(harness_->Load(BrokerId(7), "abc").ok());
  ASSERT_TRUE(harness_->Stop().ok());
  Begin();
  ASSERT_TRUE(harness_->Open().ok());
  const Status broker = harness_->Load(BrokerId(8), "abc");
  EXPECT_EQ(broker.code(), StatusCode::kInvalidArgument);
  EXPECT_NE(broker.message().find("is 7"), std::string::npos) << broker;
  EXPECT_NE(broker.message().find("says 8"), std::string::npos) << broker;
  files_.Crash();
  Begin();
  ASSERT_TRUE(harness_->Open().ok());
  const Status cluster = harness_->Load(BrokerId(7), "xyz");
  EXPECT_NE(cluster.message().find("abc"), std::string::npos) << cluster;
  EXPECT_NE(cluster.message().find("xyz"), std::string::npos) << cluster;
}

TEST_F(LogManagerTest, UnknownKeysOfTheIdentityStay) {
  ASSERT_TRUE(files_.CreateDirs("/d1").ok());
  ASSERT_TRUE(files_.ReplaceFile("/d1/meta.properties", "directory.id=k2-xyz\nversion=0\nbroker.id=3\n").ok());
  Begin({"/d1"});
  ASSERT_EQ(harness_->Open()->broker_id, BrokerId(3));
  ASSERT_TRUE(harness_->Load(BrokerId(3), "abc").ok());
  const auto meta = ParseMetaProperties(Text("/d1/meta.properties"));
  ASSERT_TRUE(meta.ok());
  EXPECT_EQ(meta->cluster_id, "abc");
  EXPECT_EQ(meta->others.at("directory.id"), "k2-xyz");
}

TEST_F(LogManagerTest, ALockedDirectoryRefusesTheStart) {
  ASSERT_TRUE(files_.CreateDirs("/d1").ok());
  const auto lock = files_.Lock("/d1/.lock");
  ASSERT_TRUE(lock.ok());
  ASSERT_TRUE(files_.ReplaceFile(kRecoveryPoints, "0\n1\norders 0 9\n").ok());
  Begin();
  EXPECT_EQ(harness_->Open().status().code(), StatusCode::kAlreadyExists);
  static_cast<void>(harness_->Stop());
  EXPECT_EQ(Text(kRecoveryPoints), "0\n1\norders 0 9\n") << "another broker's";
  EXPECT_FALSE(There("/d1/.kafka_cleanshutdown"));
}

// Whatever ends a start before its logs are loaded, or while they are, the next one finds what the last stop left.
TEST_F(LogManagerTest, AStartThatEndsEarlyForgetsNothing) {
  Begin({"/d1"});
  ASSERT_TRUE(harness_->Start().ok());
  for (int i = 0; i < 5; ++i) {
    const auto log = harness_->Create({"orders", i});
    ASSERT_TRUE(harness_->Append(log, MakeBatch({.base = Offset(0), .count = 9})).ok());
    harness_->On(log, [&] {
      log->SetHighWatermark(Offset(9));
      OTTLA_CHECK(log->AdvanceLogStart(Offset(3)).ok());
    });
  }
  ASSERT_TRUE(harness_->Stop().ok());
  const std::string points = Text(kRecoveryPoints);
  const std::string starts = Text(kLogStarts);
  ASSERT_NE(points.find("orders 4 9"), std::string::npos) << points;
  ASSERT_NE(starts.find("orders 4 3"), std::string::npos) << starts;
  for (int tasks = -1; tasks < 40; ++tasks) {  // -1: nothing is loaded
    Begin({"/d1"});
    ASSERT_TRUE(harness_->Open().ok());
    if (tasks >= 0) {
      harness_->loops.Control().Post(
          [&] { harness_->manager->Load(BrokerId(1), "test-cluster", [](const Status&) {}); });
      for (int i = 0; i < tasks; ++i) harness_->scheduler.Step();
    }
    static_cast<void>(harness_->Stop());
    EXPECT_EQ(Text(kRecoveryPoints), points) << "after " << tasks << " tasks";
    EXPECT_EQ(Text(kLogStarts), starts) << "after " << tasks << " tasks";
    EXPECT_TRUE(There("/d1/.kafka_cleanshutdown")) << "after " << tasks << " tasks";
  }
}

// Directories of other names are somebody's, and no reason to fail.
TEST_F(LogManagerTest, FoldersThatAreNoPartitionsAreLeftAlone) {
  const char* const kept[] = {"backup-2024-05-01", "copy of orders-0", "photos.2024-delete",
                              "old.to-delete",     "orders-01",        "orders-0.0-delete"};
  const std::string deleted = "orders-7." + std::string(32, 'a') + "-delete";
  for (const std::string name : kept) ASSERT_TRUE(files_.CreateDirs("/d1/" + name).ok());
  ASSERT_TRUE(files_.CreateDirs("/d1/" + deleted).ok());
  Begin({"/d1"});
  ASSERT_TRUE(harness_->Start().ok());
  ASSERT_NE(harness_->Create({"orders", 1}), nullptr);
  harness_->Settle(Millis(120'000));  // past file.delete.delay.ms
  ASSERT_TRUE(harness_->Stop().ok());
  const auto names = files_.PeekNames("/d1");
  for (const std::string name : kept) EXPECT_EQ(std::ranges::count(names, name), 1) << name;
  EXPECT_EQ(std::ranges::count(names, deleted), 0);
  EXPECT_EQ(Text(kRecoveryPoints), "0\n1\norders 1 0\n");
}

TEST_F(LogManagerTest, NewLogsGoWhereTheFewestAre) {
  Begin();
  ASSERT_TRUE(harness_->Start().ok());
  std::map<std::string, int> per_dir;
  for (int i = 0; i < 6; ++i) ++per_dir[harness_->Create({"t", i})->dir().path()];
  EXPECT_EQ(per_dir, (std::map<std::string, int>{{"/d1", 3}, {"/d2", 3}}));
  EXPECT_EQ(harness_->Create({"t", 2}), harness_->Get({"t", 2})) << "asked again: the same log";
}

TEST_F(LogManagerTest, ALogThatMayBeOnALostDirectoryIsNotCreatedAnew) {
  Begin();
  ASSERT_TRUE(harness_->Start().ok());
  std::vector<std::size_t> offline;
  harness_->manager->OnDirOffline([&](std::size_t dir, const Status&) { offline.push_back(dir); });
  files_.set_hook([](sim::FileOp op, const std::string& path) {
    const bool fails = path.starts_with("/d1") && op == sim::FileOp::kMkdir;
    return fails ? Status(StatusCode::kIoError, "broken disk") : Status::Ok();
  });
  const auto log = harness_->Create(kOrders);
  EXPECT_EQ(log->dir().path(), "/d2") << "the next directory takes it";
  harness_->Settle();
  EXPECT_EQ(offline, (std::vector<std::size_t>{0}));
  const auto refused =
      harness_->Await<Result<std::shared_ptr<PartitionLog>>>(harness_->LoopOf({"t", 0}), [&](auto done) {
        harness_->manager->GetOrCreate({"t", 0}, {}, false, std::move(done));
      });
  EXPECT_EQ(refused.status().code(), StatusCode::kUnavailable);
  EXPECT_EQ(harness_->Create({"t", 0})->dir().path(), "/d2") << "a new one may be created";
  files_.set_hook(nullptr);
}

// The directory failed in the middle of it: what it left is no reason not to start.
TEST_F(LogManagerTest, ALogHalfMadeWhereTheDirectoryFailedIsRemoved) {
  Begin();
  ASSERT_TRUE(harness_->Start().ok());
  files_.set_hook([](sim::FileOp op, const std::string& path) {
    const bool fails = op == sim::FileOp::kWrite && path == "/d1/orders-0/partition.metadata";
    return fails ? Status(StatusCode::kIoError, "broken disk") : Status::Ok();
  });
  const Uuid id{{1, 2, 3}};
  const auto log = harness_->Create(kOrders, id);
  files_.set_hook(nullptr);
  ASSERT_EQ(log->dir().path(), "/d2");
  ASSERT_TRUE(harness_->Append(log, MakeBatch({.base = Offset(0)})).ok());
  ASSERT_FALSE(files_.PeekNames("/d1/orders-0").empty());
  files_.Crash();
  Begin();
  const Status started = harness_->Start();
  ASSERT_TRUE(started.ok()) << started;
  EXPECT_EQ(harness_->Get(kOrders)->dir().path(), "/d2");
  EXPECT_EQ(harness_->Get(kOrders)->log_end(), Offset(1));
  EXPECT_TRUE(files_.PeekNames("/d1/orders-0").empty());
}

TEST_F(LogManagerTest, ADeletedLogDoesNotComeBackWithLostPower) {
  for (int round = 0; round < 10; ++round) {
    Begin({"/d1"});
    ASSERT_TRUE(harness_->Start().ok());
    const auto log = harness_->Create(kOrders);
    ASSERT_TRUE(harness_->Append(log, MakeBatch({.base = Offset(0)})).ok());
    files_.SyncAll();
    const Status deleted = harness_->Await<Status>(
        harness_->LoopOf(kOrders), [&](auto done) { harness_->manager->Delete(kOrders, std::move(done)); });
    ASSERT_TRUE(deleted.ok()) << deleted;
    files_.LosePower();
    Begin({"/d1"});
    ASSERT_TRUE(harness_->Start().ok());
    ASSERT_EQ(harness_->Get(kOrders), nullptr) << "round " << round;
    files_.Crash();
    // Each harness draws the same names: the next round needs this one.
    for (const auto& name : files_.PeekNames("/d1")) {
      if (name.ends_with("-delete")) {
        ASSERT_TRUE(files_.RemoveAll("/d1/" + name).ok());
      }
    }
  }
}

TEST_F(LogManagerTest, CheckpointsSayWhatTheLogsSay) {
  Begin({"/d1"});
  ASSERT_TRUE(harness_->Start().ok());
  const auto log = harness_->Create(kOrders);
  ASSERT_TRUE(harness_->Append(log, MakeBatch({.base = Offset(0), .count = 9})).ok());
  ASSERT_TRUE(harness_->Flush(log).ok());
  harness_->On(log, [&] { log->SetHighWatermark(Offset(8)); });
  const auto write = [&](auto method) {
    return harness_->Await<Status>(harness_->loops.Control(),
                                   [&](auto done) { (harness_->manager.get()->*method)(std::move(done)); });
  };
  ASSERT_TRUE(write(&LogManager::CheckpointHighWatermarks).ok());
  ASSERT_TRUE(write(&LogManager::CheckpointRecoveryPoints).ok());
  ASSERT_TRUE(write(&LogManager::CheckpointLogStarts).ok());
  EXPECT_EQ(Text("/d1/replication-offset-checkpoint"), "0\n1\norders 0 8\n");
  EXPECT_EQ(Text("/d1/recovery-point-offset-checkpoint"), "0\n1\norders 0 9\n");
  EXPECT_EQ(Text("/d1/log-start-offset-checkpoint"), "0\n0\n");
}

// The policy may say "delete" by now: what Apache Kafka's cleaner left are no lost batches.
TEST_F(LogManagerTest, HolesBelowTheCleanersCheckpointStay) {
  ASSERT_TRUE(files_.CreateDirs("/d1/orders-3").ok());
  for (const std::int64_t base : {0, 10, 20}) {
    ASSERT_TRUE(
        files_.ReplaceFile(SegmentPath("/d1/orders-3", Offset(base), kLogSuffix), MakeBatch({.base = Offset(base + 2)}))
            .ok());
  }
  ASSERT_TRUE(files_.ReplaceFile("/d1/cleaner-offset-checkpoint", "0\n1\norders 3 20\n").ok());
  Begin({"/d1"});
  ASSERT_TRUE(harness_->Start().ok());
  const auto log = harness_->Get({"orders", 3});
  ASSERT_NE(log, nullptr);
  EXPECT_EQ(log->log_end(), Offset(23));
  EXPECT_EQ(log->segment_count(), 3U);
}

TEST_F(LogManagerTest, TheCleanMarkGoesBeforeAnythingIsLoadedAndComesOnlyWhenAllIsWell) {
  Begin({"/d1"});
  ASSERT_TRUE(harness_->Start().ok());
  const auto log = harness_->Create(kOrders);
  ASSERT_TRUE(harness_->Append(log, MakeBatch({.base = Offset(0)})).ok());
  ASSERT_TRUE(harness_->Stop().ok());
  ASSERT_TRUE(There("/d1/.kafka_cleanshutdown"));
  Begin({"/d1"});
  ASSERT_TRUE(harness_->Start().ok());
  EXPECT_FALSE(There("/d1/.kafka_cleanshutdown"));
  ASSERT_TRUE(harness_->Append(harness_->Get(kOrders), MakeBatch({.base = Offset(1)})).ok());
  files_.set_hook([](sim::FileOp op, const std::string& path) {
    const bool fails = op == sim::FileOp::kSync && path.ends_with(".log");
    return fails ? Status(StatusCode::kIoError, "broken disk") : Status::Ok();
  });
  static_cast<void>(harness_->Stop());
  files_.set_hook(nullptr);
  EXPECT_FALSE(There("/d1/.kafka_cleanshutdown")) << "a log could not be made durable";
}

// What Kafka did with each fault stands in the fixture; where it stopped the broker for one log, ours goes on.
struct Fault {
  const char* name;
  const char* refused;  // a part of the error; null: starts
  std::int64_t log_end;
  const char* kept;  // a file that must be there afterwards; null: none
};

class DirFaults : public testing::TestWithParam<Fault> {};

void Apply(const std::string& fault, const std::string& d1, const std::string& d2) {
  const auto write = [](const std::string& path, const std::string& text) {
    PosixFileSystem files;
    ASSERT_TRUE(files.ReplaceFile(path, text).ok());
  };
  const auto edit_meta = [&](const std::string& key, const std::string& value) {
    const std::string text = test::ReadAll(d1 + "/meta.properties");
    const auto at = text.find(key + "=");
    const auto end = text.find('\n', at);
    write(d1 + "/meta.properties", text.substr(0, at) + key + "=" + value + text.substr(end));
  };
  namespace fs = std::filesystem;
  const std::string log = d1 + "/f0-0";
  if (fault == "no-checkpoints") {
    for (const auto& dir : {d1, d2}) {
      for (const auto name : {kRecoveryPointFile, kLogStartFile, kHighWatermarkFile, kCleanerFile}) {
        fs::remove(dir + "/" + std::string(name));
      }
    }
  }
  if (fault == "bad-recovery-point") write(d1 + "/recovery-point-offset-checkpoint", "0\n3\nf0 0 x\n");
  if (fault == "bad-high-watermark") write(d1 + "/replication-offset-checkpoint", "0\n2\nf0 0 5\n");
  if (fault == "bad-log-start") write(d1 + "/log-start-offset-checkpoint", "1\n0\n");
  if (fault == "log-start-ahead") write(d1 + "/log-start-offset-checkpoint", "0\n1\nf0 0 5000\n");
  if (fault == "recovery-point-ahead") write(d1 + "/recovery-point-offset-checkpoint", "0\n1\nf0 0 5000\n");
  if (fault == "high-watermark-ahead") write(d1 + "/replication-offset-checkpoint", "0\n1\nf0 0 5000\n");
  if (fault == "bad-epochs") write(log + "/leader-epoch-checkpoint", "0\n1\n");
  if (fault == "bad-epochs-version") write(log + "/leader-epoch-checkpoint", "7\n0\n");
  if (fault == "no-meta" || fault == "no-meta-at-all") fs::remove(d1 + "/meta.properties");
  if (fault == "no-meta-at-all") fs::remove(d2 + "/meta.properties");
  if (fault == "other-broker") edit_meta("broker.id", "9");
  if (fault == "other-cluster") edit_meta("cluster.id", "AAAAAAAAAAAAAAAAAAAAAA");
  if (fault == "other-version") edit_meta("version", "7");
  if (fault == "same-partition-twice") fs::copy(log, d2 + "/f0-0", fs::copy_options::recursive);
  if (fault == "foreign-folder") fs::create_directory(d1 + "/not-a-partition");
  if (fault == "no-dash-folder") fs::create_directory(d1 + "/nodash");
  if (fault == "no-partition-metadata") fs::remove(log + "/partition.metadata");
  if (fault == "other-topic-id") write(log + "/partition.metadata", "version: 0\ntopic_id: AAAAAAAAAAAAAAAAAAAAAQ");
  if (fault == "bad-partition-metadata") write(log + "/partition.metadata", "version: 9\n");
  if (fault == "unknown-topic") fs::copy(log, d1 + "/ghost-0", fs::copy_options::recursive);
}

TEST_P(DirFaults, TouchNoMoreThanTheyMust) {
  const Fault& fault = GetParam();
  const Fixture fixture("dir-faults");
  const auto dirs = fixture.Dirs("b1");
  Apply(fault.name, dirs[0], dirs[1]);
  PosixFileSystem files;
  LogHarness harness(files, dirs);
  harness.config.retention_ms = -1;
  const auto checkpoints = [&] {
    std::vector<std::string> texts;
    for (const auto& dir : dirs) {
      for (const auto name : {kRecoveryPointFile, kLogStartFile, kHighWatermarkFile, kMetaPropertiesFile}) {
        const auto text = files.ReadFile(dir + "/" + std::string(name));
        texts.push_back(text.ok() ? *text : "none");
      }
      texts.push_back(files.Stat(dir + "/" + std::string(kCleanShutdownFile)).ok() ? "clean" : "unclean");
    }
    return texts;
  };
  const auto before = checkpoints();
  const Status started = harness.Start();
  if (fault.refused != nullptr) {
    EXPECT_FALSE(started.ok());
    EXPECT_NE(started.message().find(fault.refused), std::string::npos) << started;
    static_cast<void>(harness.Stop());
    EXPECT_EQ(checkpoints(), before) << "what is refused is not written to";
    return;
  }
  ASSERT_TRUE(started.ok()) << started;
  if (fault.log_end >= 0) {
    const auto log = harness.Get({"f0", 0});
    ASSERT_NE(log, nullptr);
    EXPECT_EQ(log->log_end(), Offset(fault.log_end));
    EXPECT_LE(log->high_watermark(), log->log_end());
    if (fault.log_end > 0 && fault.log_end < 5000) {
      EXPECT_EQ(log->epochs().entries().size(), 1U);
    }
  } else {
    EXPECT_TRUE(harness.manager->Dirs()[0].offline);
    EXPECT_FALSE(harness.manager->Dirs()[1].offline);
  }
  if (std::string(fault.name) == "unknown-topic") {
    EXPECT_NE(harness.Get({"ghost", 0}), nullptr);
  }
  if (fault.kept != nullptr) {
    EXPECT_TRUE(std::filesystem::exists(dirs[0] + "/" + fault.kept));
  }
  EXPECT_TRUE(harness.Stop().ok());
  EXPECT_TRUE(std::filesystem::exists(dirs[1] + "/.kafka_cleanshutdown"));
}

INSTANTIATE_TEST_SUITE_P(
    Kafka, DirFaults,
    testing::Values(
        Fault{"no-checkpoints", nullptr, 30, nullptr},
        Fault{"bad-recovery-point", nullptr, 30, "recovery-point-offset-checkpoint.bad"},
        Fault{"bad-high-watermark", nullptr, 30, "replication-offset-checkpoint.bad"},
        Fault{"bad-log-start", nullptr, 30, "log-start-offset-checkpoint.bad"},
        Fault{"log-start-ahead", nullptr, 5000, nullptr}, Fault{"recovery-point-ahead", nullptr, 30, nullptr},
        Fault{"high-watermark-ahead", nullptr, 30, nullptr},
        Fault{"bad-epochs", nullptr, 30, "f0-0/leader-epoch-checkpoint.bad"},
        Fault{"bad-epochs-version", nullptr, 30, "f0-0/leader-epoch-checkpoint.bad"},
        Fault{"no-meta", nullptr, 30, "meta.properties"}, Fault{"no-meta-at-all", nullptr, 30, "meta.properties"},
        Fault{"other-broker", "is 1, but", 0, nullptr}, Fault{"other-cluster", "AAAAAAAAAAAAAAAAAAAAAA", 0, nullptr},
        Fault{"other-version", nullptr, -1, nullptr}, Fault{"same-partition-twice", "f0-0 is in", 0, nullptr},
        Fault{"foreign-folder", nullptr, 30, "not-a-partition"}, Fault{"no-dash-folder", nullptr, 30, "nodash"},
        Fault{"no-partition-metadata", nullptr, 30, nullptr}, Fault{"other-topic-id", nullptr, 30, nullptr},
        Fault{"bad-partition-metadata", nullptr, 30, "f0-0/partition.metadata.bad"},
        Fault{"unknown-topic", nullptr, 30, nullptr}),
    [](const auto& param) {
      std::string name = param.param.name;
      std::ranges::replace(name, '-', '_');
      return name;
    });

}  // namespace
}  // namespace ottla
