#include "broker/server/keeper.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <utility>

namespace ottla {
namespace {

constexpr char kName[] = "ottla-keeper";
constexpr char kSessionTag = 'S';
constexpr char kReleaseTag = 'Q';
// Written in one piece: below PIPE_BUF a pipe keeps it together.
constexpr std::size_t kMessageBytes = 1 + sizeof(std::int64_t) + ZkSession::kPasswordBytes;
using Message = std::array<char, kMessageBytes>;

constexpr int kCloseTries = 50;
constexpr useconds_t kCloseRetryMicros = 200'000;
constexpr int kForwarded[] = {SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2};

volatile sig_atomic_t g_child = 0;  // process 1 only, which has no threads: whom signals are passed on to

void PassOn(int signal) {
  if (g_child > 0) ::kill(static_cast<pid_t>(g_child), signal);
}

// The texts of argv lie one behind the other; a process list shows them.
void Rename(int argc, char** argv) {
  ::prctl(PR_SET_NAME, kName);
  if (argc < 1) return;
  char* const begin = argv[0];
  const char* const end = argv[argc - 1] + std::strlen(argv[argc - 1]);
  std::memset(begin, 0, static_cast<std::size_t>(end - begin));
  std::strncpy(begin, kName, static_cast<std::size_t>(end - begin));
}

void DropFiles(int keep) {
  const int null = ::open("/dev/null", O_RDWR);
  for (int fd = 0; fd < 3; ++fd) ::dup2(null, fd);
  const long limit = std::min(::sysconf(_SC_OPEN_MAX), 65536L);
  for (int fd = 3; fd < limit; ++fd) {
    if (fd != keep) ::close(fd);
  }
  if (::chdir("/") != 0) return;  // only so that no directory stays in use
}

struct Watched {
  ZkSession session;
  bool released = false;
};

// Until the broker has ended or released us.
Watched Listen(int fd) {
  Watched watched;
  Message message{};
  std::size_t have = 0;
  for (;;) {
    const ssize_t n = ::read(fd, message.data() + have, message.size() - have);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return watched;
    have += static_cast<std::size_t>(n);
    if (have < message.size()) continue;
    have = 0;
    if (message[0] == kReleaseTag) {
      watched.released = true;
      return watched;
    }
    std::memcpy(&watched.session.id, message.data() + 1, sizeof watched.session.id);
    watched.session.password.assign(message.data() + 1 + sizeof watched.session.id, ZkSession::kPasswordBytes);
  }
}

void EndSession(const Watched& watched, const Keeper::CloseSession& close_session) {
  if (watched.released || watched.session.id == 0) return;
  for (int i = 0; i < kCloseTries; ++i) {
    const Status status = close_session(watched.session);
    if (status.ok() || status.code() == StatusCode::kNotFound) return;
    ::usleep(kCloseRetryMicros);
  }
}

[[noreturn]] void RunBeside(int fd, const Keeper::CloseSession& close_session) {
  for (const int signal : kForwarded) ::signal(signal, SIG_IGN);
  ::signal(SIGPIPE, SIG_IGN);
  EndSession(Listen(fd), close_session);
  ::_exit(0);
}

// As process 1: the broker is our child, orphans are ours too.
[[noreturn]] void RunAsFirst(int fd, pid_t broker, const Keeper::CloseSession& close_session) {
  g_child = broker;
  for (const int signal : kForwarded) ::signal(signal, &PassOn);
  ::signal(SIGPIPE, SIG_IGN);
  int status = 0;
  for (pid_t ended = 0; ended != broker;) {
    ended = ::waitpid(-1, &status, 0);
    if (ended < 0 && errno != EINTR) break;
  }
  g_child = 0;
  EndSession(Listen(fd), close_session);  // what was written before the end is still in the pipe
  ::_exit(WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
}

Message SessionMessage(const ZkSession& session) {
  Message message{};
  message[0] = kSessionTag;
  std::memcpy(message.data() + 1, &session.id, sizeof session.id);
  const std::size_t count = std::min(session.password.size(), ZkSession::kPasswordBytes);
  std::memcpy(message.data() + 1 + sizeof session.id, session.password.data(), count);
  return message;
}

}  // namespace

Result<Keeper> Keeper::Start(int argc, char** argv, const CloseSession& close_session) {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return ErrnoStatus(errno, "making the keeper's pipe");
  const bool first = ::getpid() == 1;
  const pid_t child = ::fork();
  if (child < 0) {
    const int error = errno;
    ::close(ends[0]);
    ::close(ends[1]);
    return ErrnoStatus(error, "forking the keeper");
  }
  if (first) {
    if (child > 0) {
      Rename(argc, argv);
      ::close(ends[1]);
      DropFiles(ends[0]);
      RunAsFirst(ends[0], child, close_session);
    }
  } else if (child == 0) {
    ::setsid();
    if (::fork() != 0) ::_exit(0);  // whoever is in between goes: the keeper is nobody's child
    Rename(argc, argv);
    ::close(ends[1]);
    DropFiles(ends[0]);
    RunBeside(ends[0], close_session);
  } else {
    while (::waitpid(child, nullptr, 0) < 0 && errno == EINTR) {
    }
  }
  ::close(ends[0]);
  ::fcntl(ends[1], F_SETFL, O_NONBLOCK);
  return Keeper(ends[1]);
}

Keeper::Keeper(Keeper&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}

Keeper& Keeper::operator=(Keeper&& other) noexcept {
  if (this != &other) {
    Release();
    fd_ = std::exchange(other.fd_, -1);
  }
  return *this;
}

Keeper::~Keeper() { Release(); }

void Keeper::Renew(const ZkSession& session) {
  const Message message = SessionMessage(session);
  // A pipe holds thousands of these, and a new one comes once per session; a keeper that was killed is done without.
  if (fd_ >= 0 && ::write(fd_, message.data(), message.size()) < 0) {
    LOG_EVERY_T(WARNING, 60) << "the keeper does not hear: " << std::strerror(errno);
  }
}

void Keeper::Release() {
  if (fd_ < 0) return;
  Message message{};
  message[0] = kReleaseTag;
  if (::write(fd_, message.data(), message.size()) < 0)
    LOG(WARNING) << "the keeper does not hear: " << std::strerror(errno);
  ::close(std::exchange(fd_, -1));
}

}  // namespace ottla
