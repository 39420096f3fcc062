#include "zk_server.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "common/base/check.h"

namespace ottla::test {
namespace {

sockaddr_in Loopback(int port) {
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  at.sin_port = htons(static_cast<std::uint16_t>(port));
  return at;
}

int FreePort() {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in at = Loopback(0);
  OTTLA_CHECK(::bind(fd, reinterpret_cast<sockaddr*>(&at), sizeof at) == 0);
  socklen_t size = sizeof at;
  OTTLA_CHECK(::getsockname(fd, reinterpret_cast<sockaddr*>(&at), &size) == 0);
  ::close(fd);
  return ntohs(at.sin_port);
}

// The four-letter word srvr is answered once the server serves.
bool Serves(int port) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const sockaddr_in at = Loopback(port);
  bool serves = false;
  if (::connect(fd, reinterpret_cast<const sockaddr*>(&at), sizeof at) == 0 &&
      ::send(fd, "srvr", 4, MSG_NOSIGNAL) == 4) {
    std::array<char, 256> answer{};
    pollfd readable{fd, POLLIN, 0};
    if (::poll(&readable, 1, 500) == 1) {
      const ssize_t n = ::recv(fd, answer.data(), answer.size() - 1, 0);
      serves = n > 0 && std::string(answer.data()).find("Zookeeper version") != std::string::npos;
    }
  }
  ::close(fd);
  return serves;
}

}  // namespace

ZkServer::ZkServer() : port_(FreePort()) {
  std::array<char, 32> name{"/tmp/ottla-zk-XXXXXX"};
  OTTLA_CHECK(::mkdtemp(name.data()) != nullptr);
  dir_ = name.data();
  std::ofstream(dir_ + "/zoo.cfg") << "tickTime=100\ndataDir=" << dir_ << "/data\nclientPort=" << port_
                                   << "\nclientPortAddress=127.0.0.1\nadmin.enableServer=false\nmaxClientCnxns=0\n"
                                   << "minSessionTimeout=200\nmaxSessionTimeout=60000\n4lw.commands.whitelist=*\n";
  Start();
}

ZkServer::~ZkServer() {
  Stop();
  std::filesystem::remove_all(dir_);
}

void ZkServer::Start() {
  pid_ = ::fork();
  if (pid_ == 0) {
    ::setpgid(0, 0);
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    ::setenv("ZOO_LOG_DIR", dir_.c_str(), 1);
    ::setenv("JVMFLAGS", "-Xmx128m -XX:+UseSerialGC -XX:TieredStopAtLevel=1", 1);
    const int out = ::open((dir_ + "/out").c_str(), O_CREAT | O_WRONLY | O_TRUNC, 0600);
    ::dup2(out, 1);
    ::dup2(out, 2);
    const std::string config = dir_ + "/zoo.cfg";
    ::execl("/usr/share/zookeeper/bin/zkServer.sh", "zkServer.sh", "start-foreground", config.c_str(), nullptr);
    ::_exit(127);
  }
  OTTLA_CHECK(pid_ > 0);
  for (int tries = 0; !Serves(port_); ++tries) {
    OTTLA_CHECK(tries < 300) << "ZooKeeper does not serve; see " << dir_ << "/out";
    ::usleep(100'000);
  }
}

void ZkServer::Stop() {
  if (pid_ <= 0) return;
  ::kill(-pid_, SIGCONT);
  ::kill(-pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
  pid_ = -1;
}

void ZkServer::Pause() { ::kill(-pid_, SIGSTOP); }
void ZkServer::Resume() { ::kill(-pid_, SIGCONT); }

}  // namespace ottla::test
