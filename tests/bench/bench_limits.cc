// What this machine can do at most, and how far the connection layer is from it. Bare loops: one blocking socket, no
// event loop, nothing decoded. Beside them the same work through Connection and SendQueue. CPU is user and system time
// per GB of payload, of the serving thread and of its peer: what is saved by sendfile here may be paid by the receiver
// there.
//
// bench_limits [megabytes of each run, default 1000]
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "common/base/crc32c.h"
#include "common/env/posix_file.h"
#include "common/env/real_executors.h"
#include "common/env/socket_network.h"
#include "common/env/system_clock.h"
#include "common/net/connection.h"

namespace ottla {
namespace {

double ThreadCpu() {
  timespec t{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_nsec) * 1e-9;
}

double Wall() {
  timespec t{};
  clock_gettime(CLOCK_MONOTONIC, &t);
  return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_nsec) * 1e-9;
}

void Report(const std::string& name, std::uint64_t bytes, double cpu, double peer_cpu, double wall) {
  const double gb = static_cast<double>(bytes) / 1e9;
  std::printf("%-52s %6.3f CPU s/GB, peer %6.3f  %6.2f GB/s\n", name.c_str(), cpu / gb, peer_cpu / gb, gb / wall);
  std::fflush(stdout);
}

struct SocketPair {
  int server = -1;
  int client = -1;
};

SocketPair Loopback() {
  const int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof at;
  PCHECK(bind(listener, reinterpret_cast<sockaddr*>(&at), length) == 0 && listen(listener, 1) == 0);
  getsockname(listener, reinterpret_cast<sockaddr*>(&at), &length);
  SocketPair pair;
  pair.client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  PCHECK(connect(pair.client, reinterpret_cast<sockaddr*>(&at), length) == 0);
  pair.server = accept(listener, nullptr, nullptr);
  close(listener);
  const int on = 1;
  setsockopt(pair.server, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  setsockopt(pair.client, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return pair;
}

bool ReadFully(int fd, char* into, std::size_t size) {
  for (std::size_t done = 0; done < size;) {
    const ssize_t got = recv(fd, into + done, size - done, MSG_WAITALL);
    if (got <= 0) return false;
    done += static_cast<std::size_t>(got);
  }
  return true;
}

void WriteFully(int fd, const char* from, std::size_t size) {
  for (std::size_t done = 0; done < size;) {
    const ssize_t sent = send(fd, from + done, size - done, MSG_NOSIGNAL);
    PCHECK(sent > 0);
    done += static_cast<std::size_t>(sent);
  }
}

std::string TempPath(const char* name) {
  const char* dir = std::getenv("TMPDIR");
  return std::string(dir != nullptr ? dir : "/tmp") + "/bench_limits." + std::to_string(getpid()) + "." + name;
}

std::string Prefixed(std::size_t body) {
  std::string frame(4 + body, 'x');
  const std::uint32_t size = htonl(static_cast<std::uint32_t>(body));
  std::memcpy(frame.data(), &size, sizeof size);
  return frame;
}

constexpr std::size_t kAnswer = 60;              // a produce answer
constexpr std::uint64_t kFileBytes = 256 << 20;  // written and read in a ring

// The client of the receiving runs: keeps `in_flight` frames on their way.
void PumpFrames(int fd, std::size_t body, std::uint64_t frames, std::uint64_t in_flight) {
  const std::string frame = Prefixed(body);
  std::string answer(kAnswer, '\0');
  std::uint64_t answered = 0;
  for (std::uint64_t sent = 0; sent < frames; ++sent) {
    for (; sent - answered >= in_flight; ++answered) CHECK(ReadFully(fd, answer.data(), kAnswer));
    WriteFully(fd, frame.data(), frame.size());
  }
  for (; answered < frames; ++answered) CHECK(ReadFully(fd, answer.data(), kAnswer));
}

void BareReceive(const std::string& path, std::uint64_t total, std::size_t body) {
  const SocketPair pair = Loopback();
  const std::uint64_t frames = total / body;
  const int file = open(path.c_str(), O_RDWR | O_CLOEXEC);
  double peer_cpu = 0;
  std::thread client([&] {
    PumpFrames(pair.client, body, frames, 5);
    peer_cpu = ThreadCpu();
  });
  std::vector<char> buffer(4 + body);
  const std::string answer(kAnswer, 'a');
  std::uint32_t crcs = 0;
  const double wall = Wall();
  const double cpu = ThreadCpu();
  for (std::uint64_t i = 0; i < frames; ++i) {
    CHECK(ReadFully(pair.server, buffer.data(), buffer.size()));
    crcs ^= Crc32c(0, buffer.data() + 4, body);
    PCHECK(pwrite(file, buffer.data() + 4, body, static_cast<off_t>(i * body % kFileBytes)) > 0);
    WriteFully(pair.server, answer.data(), answer.size());
  }
  const double used = ThreadCpu() - cpu;
  const double took = Wall() - wall;
  client.join();
  Report("receive, bare, " + std::to_string(body >> 10) + " KiB frames", frames * body, used, peer_cpu, took);
  if (crcs == 1) std::printf("\n");  // the sum is used
  close(file);
  close(pair.server);
  close(pair.client);
}

// Blocking client side of the sending runs: asks for `chunk` bytes again and again.
void AskAndDiscard(int fd, std::uint64_t requests, std::size_t chunk) {
  const std::string request = Prefixed(60);
  std::vector<char> sink(1 << 20);
  for (std::uint64_t i = 0; i < requests; ++i) {
    WriteFully(fd, request.data(), request.size());
    for (std::size_t left = chunk; left > 0;) {
      const ssize_t got = recv(fd, sink.data(), std::min(left, sink.size()), 0);
      PCHECK(got > 0);
      left -= static_cast<std::size_t>(got);
    }
  }
}

std::string MakeLogFile() {
  const std::string path = TempPath("source");
  const int file = open(path.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  const std::string block(1 << 20, 'y');
  for (std::uint64_t at = 0; at < kFileBytes; at += block.size()) {
    PCHECK(pwrite(file, block.data(), block.size(), static_cast<off_t>(at)) > 0);
  }
  close(file);
  return path;
}

void BareSend(const std::string& path, std::uint64_t total, std::size_t chunk, std::size_t copy_step) {
  const SocketPair pair = Loopback();
  const int file = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  const std::uint64_t requests = total / chunk;
  double peer_cpu = 0;
  std::thread client([&] {
    AskAndDiscard(pair.client, requests, chunk);
    peer_cpu = ThreadCpu();
  });
  std::vector<char> request(64);
  std::vector<char> scratch(copy_step);
  const double wall = Wall();
  const double cpu = ThreadCpu();
  for (std::uint64_t i = 0; i < requests; ++i) {
    CHECK(ReadFully(pair.server, request.data(), request.size()));
    auto at = static_cast<off_t>(i * chunk % kFileBytes);
    for (std::size_t left = chunk; left > 0;) {
      ssize_t sent = 0;
      if (copy_step == 0) {
        sent = sendfile(pair.server, file, &at, std::min<std::size_t>(left, 256 << 10));
        PCHECK(sent > 0);
      } else {
        sent = pread(file, scratch.data(), std::min(left, copy_step), at);
        PCHECK(sent > 0);
        WriteFully(pair.server, scratch.data(), static_cast<std::size_t>(sent));
        at += sent;
      }
      left -= static_cast<std::size_t>(sent);
    }
  }
  const std::string how = copy_step == 0 ? "sendfile" : "copy by " + std::to_string(copy_step >> 10) + " KiB";
  const double used = ThreadCpu() - cpu;
  const double took = Wall() - wall;
  client.join();
  Report("send, bare, " + std::to_string(chunk >> 10) + " KiB answers, " + how, requests * chunk, used, peer_cpu, took);
  close(file);
  close(pair.server);
  close(pair.client);
}

// The same two kinds of work behind Connection.
class ServedConnection final : public Connection::Owner {
 public:
  using OnFrame = std::function<void(Connection&, Frame)>;
  ServedConnection(LoopContext& context, std::unique_ptr<Stream> stream, const Connection::Options& options,
                   OnFrame on_frame)
      : on_frame_(std::move(on_frame)), connection_(context, std::move(stream), options, *this) {}
  void OnFrames(std::vector<Frame> frames, MonoTime) override {
    for (Frame& frame : frames) on_frame_(connection_, std::move(frame));
  }
  void OnBadFrame(const Status& why) override { LOG(FATAL) << why; }
  void OnClosed(const Status&) override {}

 private:
  OnFrame on_frame_;
  Connection connection_;
};

void ThroughConnection(const std::string& name, const Connection::Options& options,
                       const ServedConnection::OnFrame& on_frame, std::uint64_t bytes,
                       const std::function<void(int)>& client) {
  SystemClock clock;
  RealExecutors executors(clock, {});
  SocketNetwork network(clock, {});
  LoopContext context;
  context.executor = &executors.Data(0);
  context.clock = &clock;
  std::unique_ptr<Listener> listener;
  std::unique_ptr<ServedConnection> served;
  double cpu = 0;
  std::uint16_t port = 0;
  RealExecutors::RunOn(executors.Data(0), [&] {
    auto made = network.Listen(executors.Data(0), {"127.0.0.1", 0}, 1, [&](std::unique_ptr<Stream> stream) {
      served = std::make_unique<ServedConnection>(context, std::move(stream), options, on_frame);
    });
    CHECK(made.ok()) << made.status();
    listener = std::move(*made);
    port = listener->port();
    cpu = ThreadCpu();
  });
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  at.sin_port = htons(port);
  PCHECK(connect(fd, reinterpret_cast<sockaddr*>(&at), sizeof at) == 0);
  const int on = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  const double wall = Wall();
  const double peer_before = ThreadCpu();
  client(fd);
  const double peer_cpu = ThreadCpu() - peer_before;
  const double took = Wall() - wall;
  RealExecutors::RunOn(executors.Data(0), [&] {
    cpu = ThreadCpu() - cpu;
    served.reset();
    listener.reset();
  });
  close(fd);
  Report(name, bytes, cpu, peer_cpu, took);
}

void ConnectionReceive(const std::string& path, std::uint64_t total, std::size_t body) {
  const std::uint64_t frames = total / body;
  PosixFileSystem files;
  auto file = files.Open(path, OpenMode::kWrite);
  CHECK(file.ok()) << file.status();
  std::uint64_t at = 0;
  std::uint32_t crcs = 0;
  const auto on_frame = [&](Connection& connection, const Frame& frame) {
    crcs ^= Crc32c(0, frame.bytes.data(), frame.bytes.size());
    const Status written = (*file)->Write({frame.bytes.data(), frame.bytes.size()}, at % kFileBytes);
    CHECK(written.ok()) << written;
    at += body;
    WireSegments answer;
    answer.emplace_back(std::string(kAnswer, 'a'));
    connection.Send(std::move(answer));
  };
  ThroughConnection("receive, connection, " + std::to_string(body >> 10) + " KiB frames", {}, on_frame, frames * body,
                    [&](int fd) { PumpFrames(fd, body, frames, 5); });
}

void ConnectionSend(const std::string& path, std::uint64_t total, std::size_t chunk, FileSendMode mode) {
  const std::uint64_t requests = total / chunk;
  PosixFileSystem files;
  auto file = files.Open(path, OpenMode::kRead);
  CHECK(file.ok()) << file.status();
  std::uint64_t at = 0;
  const auto on_frame = [&](Connection& connection, const Frame&) {
    FileRange range;
    range.file = *file;
    range.position = at % kFileBytes;
    range.length = chunk;
    at += chunk;
    WireSegments answer;
    answer.emplace_back(std::move(range));
    connection.Send(std::move(answer));
  };
  Connection::Options options;
  options.send.file_mode = mode;
  ThroughConnection("send, connection, " + std::to_string(chunk >> 10) + " KiB answers, " +
                        (mode == FileSendMode::kCopy ? "copy" : "sendfile"),
                    options, on_frame, requests * chunk, [&](int fd) { AskAndDiscard(fd, requests, chunk); });
}

}  // namespace
}  // namespace ottla

int main(int argc, char** argv) {
  using namespace ottla;
  const std::uint64_t total = (argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 1000) * 1'000'000;
  const std::string path = MakeLogFile();  // its pages are in memory for all runs
  for (const std::size_t body : {std::size_t{1} << 10, std::size_t{16} << 10, std::size_t{1} << 20}) {
    const std::uint64_t bytes = body < (16 << 10) ? total / 8 : total;
    BareReceive(path, bytes, body);
    ConnectionReceive(path, bytes, body);
  }
  for (const std::size_t chunk : {std::size_t{16} << 10, std::size_t{1} << 20}) {
    BareSend(path, total, chunk, 0);
    for (const std::size_t step :
         {std::size_t{32} << 10, std::size_t{64} << 10, std::size_t{128} << 10, std::size_t{256} << 10}) {
      if (step <= chunk || step == (32 << 10)) BareSend(path, total, chunk, step);
    }
    ConnectionSend(path, total, chunk, FileSendMode::kSendFile);
    ConnectionSend(path, total, chunk, FileSendMode::kCopy);
  }
  unlink(path.c_str());
}
