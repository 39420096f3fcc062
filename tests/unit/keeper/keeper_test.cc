// A child process plays the broker; what its keeper does is seen in a file.
#include "broker/server/keeper.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <thread>

namespace ottla {
namespace {

class KeeperTest : public testing::Test {
 protected:
  KeeperTest() {
    std::array<char, 32> name{"/tmp/ottla-keeper-XXXXXX"};
    dir_ = ::mkdtemp(name.data());
  }
  ~KeeperTest() override { std::filesystem::remove_all(dir_); }

  // Runs `broker` in a child with a keeper of its own; returns the child.
  pid_t Fork(const std::function<void(Keeper&)>& broker) {
    const std::string closed = dir_ + "/closed";
    const pid_t child = ::fork();
    if (child != 0) return child;
    // Texts that stand where main's would.
    static std::array<char, 32> text{"broker --with=arguments"};
    std::array<char*, 1> argv{text.data()};
    auto keeper = Keeper::Start(1, argv.data(), [closed](const ZkSession& session) {
      std::ofstream(closed) << session.id << " " << session.password << " " << ::getppid() << " " << ::getsid(0) << " "
                            << ::getpid();
      return Status::Ok();
    });
    if (!keeper.ok()) ::_exit(9);
    broker(keeper.value());
    ::_exit(7);
  }
  std::string Closed(int wait_ms = 3000) {
    for (int i = 0; i < wait_ms / 10; ++i) {
      std::ifstream in(dir_ + "/closed");
      std::string line;
      if (std::getline(in, line) && line.size() > 10) return line;
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    return "";
  }

  std::string dir_;
};

TEST_F(KeeperTest, EndsTheNewestSessionOfAKilledBroker) {
  const pid_t child = Fork([](Keeper& keeper) {
    keeper.Renew({1, "0123456789abcdef"});
    keeper.Renew({77, "fedcba9876543210"});
    ::raise(SIGKILL);
  });
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFSIGNALED(status));
  const std::string closed = Closed();
  EXPECT_EQ(closed.substr(0, 19), "77 fedcba9876543210");
  // Of nobody's making: a session of its own, not a child of the broker.
  EXPECT_EQ(closed.find(" " + std::to_string(child) + " "), std::string::npos) << closed;
}

TEST_F(KeeperTest, LeavesACleanStopAlone) {
  const pid_t child = Fork([](Keeper& keeper) {
    keeper.Renew({77, "fedcba9876543210"});
    keeper.Release();
  });
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(WEXITSTATUS(status), 7);
  EXPECT_EQ(Closed(300), "");
}

TEST_F(KeeperTest, NeverTouchesAPausedBrokerNorOneWithoutSession) {
  const pid_t child = Fork([](Keeper& keeper) {
    keeper.Renew({77, "fedcba9876543210"});
    ::raise(SIGSTOP);
    keeper.Release();
  });
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, WUNTRACED), child);
  ASSERT_TRUE(WIFSTOPPED(status));
  EXPECT_EQ(Closed(300), "");
  ::kill(child, SIGCONT);
  ::waitpid(child, &status, 0);
  EXPECT_EQ(Closed(200), "");

  const pid_t early = Fork([](Keeper&) { ::raise(SIGKILL); });
  ::waitpid(early, &status, 0);
  EXPECT_EQ(Closed(200), "");
}

}  // namespace
}  // namespace ottla
