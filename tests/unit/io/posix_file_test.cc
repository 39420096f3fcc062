#include "common/env/posix_file.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>

#include "common/io/file_range.h"

namespace ottla {
namespace {

class PosixFileTest : public testing::Test {
 protected:
  PosixFileTest() {
    std::string pattern = testing::TempDir() + "posix_file_XXXXXX";
    dir_ = ::mkdtemp(pattern.data());
  }
  ~PosixFileTest() override { std::filesystem::remove_all(dir_); }
  std::string Path(const std::string& name) const { return dir_ + "/" + name; }

  PosixFileSystem fs_;
  std::string dir_;
};

TEST_F(PosixFileTest, WritesGatheredPartsAndReadsThemBack) {
  auto file = fs_.Open(Path("a"), OpenMode::kCreate).value();
  std::string one = "hello ";
  std::string empty;
  std::string two = "world";
  const iovec parts[] = {{one.data(), one.size()}, {empty.data(), 0}, {two.data(), two.size()}};
  ASSERT_TRUE(file->WriteAt(parts, 2).ok());
  EXPECT_EQ(*file->Size(), 13U);
  std::string got(32, 'x');
  EXPECT_EQ(*file->ReadAt(got, 0), 13U);
  EXPECT_EQ(got.substr(0, 13), std::string("\0\0hello world", 13));
  EXPECT_EQ(*file->TryReadAt({got.data(), 5}, 8), 5U);
  EXPECT_EQ(got.substr(0, 5), "world");
  ASSERT_TRUE(file->Truncate(4).ok());
  EXPECT_EQ(*file->ReadAt(got, 0), 4U);
  EXPECT_EQ(*file->ReadAt(got, 9), 0U);
  EXPECT_TRUE(file->Sync().ok());
}

TEST_F(PosixFileTest, OpenModes) {
  EXPECT_EQ(fs_.Open(Path("no"), OpenMode::kRead).status().code(), StatusCode::kNotFound);
  EXPECT_EQ(fs_.Open(Path("no"), OpenMode::kWrite).status().code(), StatusCode::kNotFound);
  ASSERT_TRUE(fs_.Open(Path("yes"), OpenMode::kCreate).ok());
  auto reader = fs_.Open(Path("yes"), OpenMode::kRead).value();
  EXPECT_FALSE(reader->Write("x", 0).ok());
}

TEST_F(PosixFileTest, ReaderOutlivesRemoval) {
  ASSERT_TRUE(fs_.ReplaceFile(Path("a"), "kept").ok());
  auto reader = fs_.Open(Path("a"), OpenMode::kRead).value();
  ASSERT_TRUE(fs_.Remove(Path("a")).ok());
  std::string got(4, ' ');
  EXPECT_EQ(*reader->ReadAt(got, 0), 4U);
  EXPECT_EQ(got, "kept");
}

TEST_F(PosixFileTest, ReplaceFileLeavesNoTemporary) {
  ASSERT_TRUE(fs_.ReplaceFile(Path("a"), "one, long").ok());
  ASSERT_TRUE(fs_.ReplaceFile(Path("a"), "two").ok());
  EXPECT_EQ(*fs_.ReadFile(Path("a")), "two");
  EXPECT_EQ(fs_.ReadFile(Path("a"), 2).status().code(), StatusCode::kCorrupt);
  ASSERT_EQ(fs_.List(dir_)->size(), 1U);
}

TEST_F(PosixFileTest, DirectoriesAndTimes) {
  ASSERT_TRUE(fs_.CreateDirs(Path("x/y")).ok());
  ASSERT_TRUE(fs_.CreateDirs(Path("x/y")).ok());
  ASSERT_TRUE(fs_.ReplaceFile(Path("x/file"), "1").ok());
  const auto entries = *fs_.List(Path("x"));
  ASSERT_EQ(entries.size(), 2U);
  EXPECT_EQ(entries[0].name, "file");
  EXPECT_FALSE(entries[0].is_dir);
  EXPECT_TRUE(entries[1].is_dir);
  for (const std::int64_t time : {1'700'000'000'123LL, 0LL, -1LL}) {
    ASSERT_TRUE(fs_.SetModifiedTime(Path("x/file"), time).ok());
    EXPECT_EQ(fs_.Stat(Path("x/file"))->mtime_ms, time);
  }
  ASSERT_TRUE(fs_.Rename(Path("x"), Path("z")).ok());
  ASSERT_TRUE(fs_.SyncDir(dir_).ok());
  EXPECT_EQ(fs_.Stat(Path("x")).status().code(), StatusCode::kNotFound);
  EXPECT_FALSE(fs_.Remove(Path("z")).ok()) << "not empty";
  ASSERT_TRUE(fs_.RemoveAll(Path("z")).ok());
}

// Java's FileLock is an fcntl record lock, seen only by other processes.
TEST_F(PosixFileTest, LockKeepsOtherProcessesAndOurselvesOut) {
  auto lock = fs_.Lock(Path(".lock"));
  ASSERT_TRUE(lock.ok());
  EXPECT_EQ(fs_.Lock(Path(".lock")).status().code(), StatusCode::kAlreadyExists);
  const auto other_process_is_refused = [&] {
    const pid_t child = ::fork();
    if (child == 0) {
      PosixFileSystem other;
      ::_exit(other.Lock(Path(".lock")).status().code() == StatusCode::kAlreadyExists ? 1 : 0);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    return WEXITSTATUS(status) == 1;
  };
  EXPECT_TRUE(other_process_is_refused());
  *lock = nullptr;
  EXPECT_FALSE(other_process_is_refused());
  EXPECT_TRUE(fs_.Lock(Path(".lock")).ok());
}

TEST_F(PosixFileTest, RangeIsStaleAfterTruncation) {
  ASSERT_TRUE(fs_.ReplaceFile(Path("a"), "0123456789").ok());
  auto generation = std::make_shared<FileGeneration>(7);
  FileRange range{.file = *fs_.Open(Path("a"), OpenMode::kRead),
                  .current = generation,
                  .generation = 7,
                  .position = 2,
                  .length = 6};
  EXPECT_TRUE(WarmUp(range, range.length).ok());
  EXPECT_TRUE(ProbeCached(range, range.position).ok());
  EXPECT_TRUE(ProbeCached(range, 9).ok());
  range.Consume(2);
  EXPECT_EQ(range.position, 4U);
  EXPECT_EQ(range.length, 4U);
  EXPECT_TRUE(range.Valid());
  generation->fetch_add(1);
  EXPECT_FALSE(range.Valid());
}

}  // namespace
}  // namespace ottla
