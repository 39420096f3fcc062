#include "common/base/async_log.h"

#include <fcntl.h>
#include <glog/logging.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <string>

namespace ottla {
namespace {

// Before that glog writes to stderr by itself.
void InitLogging() {
  if (!google::IsGoogleLoggingInitialized()) google::InitGoogleLogging("test_base");
}

// A pipe that nobody reads until it is asked for: the stalled log of a container.
class AsyncLogTest : public testing::Test {
 protected:
  AsyncLogTest() {
    InitLogging();
    EXPECT_EQ(pipe(fds_), 0);
    EXPECT_EQ(fcntl(fds_[0], F_SETFL, O_NONBLOCK), 0);
  }
  ~AsyncLogTest() override {
    close(fds_[0]);
    close(fds_[1]);
  }
  // Reads until `end` has come.
  std::string ReadUntil(const std::string& end) {
    std::string all;
    char buffer[65536];
    while (all.find(end) == std::string::npos) {
      const ssize_t got = read(fds_[0], buffer, sizeof buffer);
      if (got > 0) all.append(buffer, static_cast<std::size_t>(got));
    }
    return all;
  }
  int fds_[2] = {-1, -1};
};

TEST_F(AsyncLogTest, LinesComeOnceEachAndInOrder) {
  const AsyncLog log(fds_[1]);
  LOG(INFO) << "first";
  LOG(ERROR) << "second";
  LOG(WARNING) << "third";
  const std::string all = ReadUntil("third");
  EXPECT_LT(all.find("first"), all.find("second"));
  EXPECT_LT(all.find("second"), all.find("third"));
  EXPECT_EQ(all.find("second"), all.rfind("second"));
}

TEST_F(AsyncLogTest, AStalledReaderStopsNobodyAndTheLossIsSaid) {
  const AsyncLog log(fds_[1], 100'000);
  const std::string line(1'000, 'x');
  for (int i = 0; i < 1'000; ++i) LOG(INFO) << line;  // ten times what pipe and queue hold
  ReadUntil("log lines were dropped");
  LOG(INFO) << "and on it goes";
  ReadUntil("and on it goes");
}

TEST(AsyncLogDeathTest, FatalLinesAreWrittenDirectly) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_DEATH(
      {
        InitLogging();
        const AsyncLog log;
        LOG(FATAL) << "the last line";
      },
      "the last line");
}

}  // namespace
}  // namespace ottla
