// The simulated disk must be no kinder than a real one, and no crueller: what is synced stays.
#include "tests/sim/env/sim_files.h"

#include <gtest/gtest.h>

#include <set>

namespace ottla::sim {
namespace {

std::string Slurp(SimFiles& files, const std::string& path) {
  const Result<std::shared_ptr<File>> file = files.Open(path, OpenMode::kRead);
  if (!file.ok()) return "<" + std::string(ToString(file.status().code())) + ">";
  std::string bytes(file.value()->Size().value(), '?');
  EXPECT_EQ(file.value()->ReadAt(bytes, 0).value(), bytes.size());
  return bytes;
}

std::shared_ptr<File> Make(SimFiles& files, const std::string& path, const std::string& bytes) {
  std::shared_ptr<File> file = files.Open(path, OpenMode::kCreate).value();
  EXPECT_TRUE(file->Write(bytes, 0).ok());
  return file;
}

TEST(SimFiles, ReadsWhatWasWrittenAcrossPages) {
  SimFiles files(1);
  ASSERT_TRUE(files.CreateDirs("/data/t-0").ok());
  std::string bytes;
  for (int i = 0; i < 3000; ++i) bytes += std::to_string(i) + ",";
  const std::shared_ptr<File> file = Make(files, "/data/t-0/log", bytes);
  EXPECT_EQ(Slurp(files, "data/t-0/log"), bytes);
  std::string middle(100, '?');
  EXPECT_EQ(file->ReadAt(middle, 4090).value(), 100U);
  EXPECT_EQ(middle, bytes.substr(4090, 100));
  EXPECT_EQ(file->ReadAt(middle, bytes.size() - 10).value(), 10U);
  ASSERT_TRUE(file->Truncate(5000).ok());
  ASSERT_TRUE(file->Truncate(9000).ok());
  EXPECT_EQ(Slurp(files, "/data/t-0/log"), bytes.substr(0, 5000) + std::string(4000, '\0'));
  EXPECT_EQ(files.Open("/data/none", OpenMode::kWrite).status().code(), StatusCode::kNotFound);
  EXPECT_EQ(files.List("/data").value().size(), 1U);
}

TEST(SimFiles, KilledProcessKeepsThePageCacheAndLosesHandlesAndLocks) {
  SimFiles files(1);
  const std::shared_ptr<File> file = Make(files, "/a", "bytes");
  Result<std::unique_ptr<DirLock>> lock = files.Lock("/.lock");
  ASSERT_TRUE(lock.ok());
  EXPECT_EQ(files.Lock("/.lock").status().code(), StatusCode::kAlreadyExists);
  files.Crash();
  EXPECT_EQ(Slurp(files, "/a"), "bytes");
  EXPECT_EQ(file->Write("more", 0).code(), StatusCode::kClosed);
  Result<std::unique_ptr<DirLock>> next = files.Lock("/.lock");
  ASSERT_TRUE(next.ok());
  lock.value().reset();  // the dead process's lock must not free its successor's
  EXPECT_EQ(files.Lock("/.lock").status().code(), StatusCode::kAlreadyExists);
}

TEST(SimFiles, WhatIsSyncedSurvivesLostPowerUnderEverySeed) {
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    SimFiles files(seed);
    ASSERT_TRUE(files.CreateDirs("/d/e").ok());
    ASSERT_TRUE(files.SyncDir("/").ok());
    ASSERT_TRUE(files.SyncDir("/d").ok());
    const std::string synced(10000, 's');
    const std::shared_ptr<File> file = Make(files, "/d/e/f", synced);
    ASSERT_TRUE(file->Sync().ok());
    ASSERT_TRUE(files.SyncDir("/d/e").ok());
    ASSERT_TRUE(file->Write(std::string(9000, 'u'), 10000).ok());
    files.LosePower();
    const std::string left = Slurp(files, "/d/e/f");
    ASSERT_GE(left.size(), 10000U) << "seed " << seed;
    EXPECT_EQ(left.substr(0, 10000), synced) << "seed " << seed;
    EXPECT_EQ(left.find_first_not_of(std::string("u\0", 2), 10000), std::string::npos) << "seed " << seed;
  }
}

TEST(SimFiles, LostPowerShowsEveryOutcomeOfUnsyncedWork) {
  std::set<std::string> files_seen;
  std::set<std::uint64_t> sizes;
  bool hole = false;
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    SimFiles files(seed);
    Make(files, "/old", "1")->Sync().ok();
    files.SyncAll();
    ASSERT_TRUE(files.Rename("/old", "/new").ok());
    const std::shared_ptr<File> file = Make(files, "/fresh", std::string(3 * 4096 + 7, 'x'));
    files.LosePower();
    const bool old = files.Stat("/old").ok();
    const bool renamed = files.Stat("/new").ok();
    EXPECT_NE(old, renamed) << "a rename is whole or undone; seed " << seed;
    const std::string fresh = Slurp(files, "/fresh");
    files_seen.insert((old ? "old " : "new ") + std::string(fresh[0] == '<' ? "gone" : "there"));
    if (fresh[0] == '<') continue;
    sizes.insert(fresh.size());
    hole = hole || (fresh.size() > 8192 && fresh[0] == '\0' && fresh[4096] == 'x');
  }
  EXPECT_EQ(files_seen.size(), 4U);
  EXPECT_TRUE(sizes.contains(0) && sizes.contains(3 * 4096 + 7) && sizes.size() > 10);
  EXPECT_TRUE(hole) << "pages must survive independently";
}

TEST(SimFiles, UnsyncedTruncationIsOldOrNewNeverZeros) {
  std::set<std::size_t> sizes;
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    SimFiles files(seed);
    const std::shared_ptr<File> file = Make(files, "/f", std::string(20000, 'x'));
    files.SyncAll();
    ASSERT_TRUE(file->Truncate(100).ok());
    files.LosePower();
    const std::string left = Slurp(files, "/f");
    EXPECT_EQ(left.substr(0, 100), std::string(100, 'x'));
    sizes.insert(left.size());
  }
  EXPECT_TRUE(sizes.contains(100) && sizes.contains(20000));
}

TEST(SimFiles, GrowingOverACutSavesZeros) {
  SimFiles files(3);
  const std::shared_ptr<File> file = Make(files, "/f", std::string(9000, 'x'));
  files.SyncAll();
  ASSERT_TRUE(file->Truncate(10).ok());
  ASSERT_TRUE(file->Truncate(9000).ok());
  ASSERT_TRUE(file->Sync().ok());
  files.LosePower();
  EXPECT_EQ(Slurp(files, "/f"), std::string(10, 'x') + std::string(8990, '\0'));
}

TEST(SimFiles, AFailedSyncIsFinal) {
  SimFiles files(1);
  files.faults().write_back = 0;
  const std::shared_ptr<File> file = Make(files, "/f", "");
  files.SyncAll();
  int lost = 0;
  for (int i = 0; i < 50; ++i) {
    ASSERT_TRUE(files.Open("/f", OpenMode::kWrite).value()->Write("x", 0).ok());
    files.faults().sync_error = 1;
    EXPECT_EQ(files.Open("/f", OpenMode::kWrite).value()->Sync().code(), StatusCode::kIoError);
    files.faults().sync_error = 0;
    ASSERT_TRUE(files.Open("/f", OpenMode::kWrite).value()->Sync().ok());  // claims success, saves nothing
    files.LosePower();
    if (Slurp(files, "/f").empty()) ++lost;
    ASSERT_TRUE(files.Open("/f", OpenMode::kWrite).value()->Truncate(0).ok());
    files.SyncAll();
  }
  EXPECT_GT(lost, 5);
  EXPECT_EQ(files.fired().at("file.sync_error"), 50U);
}

TEST(SimFiles, FaultsEndWritesShort) {
  SimFiles files(1);
  const std::shared_ptr<File> file = Make(files, "/f", "0123456789");
  files.faults().capacity = 15;
  EXPECT_EQ(file->Write("abcdefghij", 10).code(), StatusCode::kIoError);
  EXPECT_EQ(Slurp(files, "/f"), "0123456789abcde");
  ASSERT_TRUE(files.Remove("/f").ok());
  EXPECT_EQ(files.bytes_used(), 0U);
  files.faults() = {.short_write = 1};
  EXPECT_EQ(files.Open("/g", OpenMode::kCreate).value()->Write("abcdefghij", 0).code(), StatusCode::kIoError);
  EXPECT_LT(Slurp(files, "/g").size(), 10U);
  files.faults() = {.try_read_unavailable = 1};
  std::string into(4, ' ');
  EXPECT_EQ(files.Open("/g", OpenMode::kRead).value()->TryReadAt(into, 0).status().code(), StatusCode::kUnavailable);
}

TEST(SimFiles, OpBudgetStopsTheProcessAtEachPlace) {
  // What a reader finds must be the old or the new content, wherever the replacement stopped.
  std::set<std::string> seen;
  for (std::uint64_t stop = 0; stop < 10; ++stop) {
    SimFiles files(stop);
    Make(files, "/f", "old");
    files.SyncAll();
    files.SetOpBudget(stop);
    Result<std::shared_ptr<File>> tmp = files.Open("/f.tmp", OpenMode::kCreate);
    const bool whole = tmp.ok() && tmp.value()->Write("new", 0).ok() && tmp.value()->Sync().ok() &&
                       files.Rename("/f.tmp", "/f").ok() && files.SyncDir("/").ok();
    EXPECT_EQ(whole, !files.budget_spent());
    files.LosePower();
    const std::string left = Slurp(files, "/f");
    EXPECT_TRUE(left == "new" || (left == "old" && !whole)) << left;
    seen.insert(left);
  }
  EXPECT_EQ(seen.size(), 2U);
}

TEST(SimFiles, RemovedTreesAndDirectoryRenames) {
  SimFiles files(1);
  ASSERT_TRUE(files.CreateDirs("/d/t-0").ok());
  const std::shared_ptr<File> open = Make(files, "/d/t-0/log", "kept by the handle");
  ASSERT_TRUE(files.Rename("/d/t-0", "/d/t-0.x-delete").ok());
  EXPECT_EQ(files.Remove("/d/t-0.x-delete").code(), StatusCode::kIoError);
  ASSERT_TRUE(files.RemoveAll("/d/t-0.x-delete").ok());
  EXPECT_TRUE(files.List("/d").value().empty());
  EXPECT_EQ(open->Size().value(), 18U);
  EXPECT_TRUE(files.RemoveAll("/nowhere/at/all").ok());
  EXPECT_EQ(files.Rename("/d/none", "/d/b").code(), StatusCode::kNotFound);
}

TEST(SimFiles, HookFailsAnExactCall) {
  SimFiles files(1);
  files.set_hook([](FileOp op, const std::string& path) {
    return op == FileOp::kWrite && path == "/bad" ? Status(StatusCode::kIoError, "hook") : Status();
  });
  EXPECT_TRUE(files.Open("/good", OpenMode::kCreate).value()->Write("x", 0).ok());
  EXPECT_FALSE(files.Open("/bad", OpenMode::kCreate).value()->Write("x", 0).ok());
  files.set_hook(nullptr);
  files.SetDown(true);
  EXPECT_EQ(files.Stat("/good").status().code(), StatusCode::kClosed);
}

}  // namespace
}  // namespace ottla::sim
