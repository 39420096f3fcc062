#include "tools/blocking_socket.h"

#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <utility>

#include "common/protocol/frame.h"
#include "tools/tool_log.h"

namespace ottla::tools {
namespace {

constexpr std::int32_t kLargestFrame = 1 << 30;

Status WaitFor(int fd, short events, std::int64_t deadline_ms) {
  while (true) {
    const std::int64_t left = deadline_ms - NowMs();
    if (left <= 0) return Status(StatusCode::kTimeout, "no answer in time");
    pollfd poll_fd{.fd = fd, .events = events, .revents = 0};
    const int ready = poll(&poll_fd, 1, static_cast<int>(std::min<std::int64_t>(left, 60'000)));
    if (ready > 0) return Status::Ok();
    if (ready < 0 && errno != EINTR) return ErrnoStatus(errno, "poll");
  }
}

Status FinishConnect(int fd, std::int64_t deadline_ms) {
  OTTLA_RETURN_IF_ERROR(WaitFor(fd, POLLOUT, deadline_ms));
  int error = 0;
  socklen_t size = sizeof(error);
  if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) != 0) error = errno;
  return error == 0 ? Status::Ok() : Status(StatusCode::kUnavailable, ErrnoStatus(error, "connect").message());
}

}  // namespace

BlockingSocket::~BlockingSocket() { Close(); }

BlockingSocket::BlockingSocket(BlockingSocket&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}

BlockingSocket& BlockingSocket::operator=(BlockingSocket&& other) noexcept {
  if (this != &other) {
    Close();
    fd_ = std::exchange(other.fd_, -1);
  }
  return *this;
}

void BlockingSocket::Close() {
  if (fd_ >= 0) close(fd_);
  fd_ = -1;
}

Result<BlockingSocket> BlockingSocket::Connect(const std::string& host, std::int32_t port, std::int64_t deadline_ms) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int error = getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &found);
  if (error != 0) return Status(StatusCode::kUnavailable, "couldn't resolve " + host + ": " + gai_strerror(error));
  const std::unique_ptr<addrinfo, void (*)(addrinfo*)> addresses(found, freeaddrinfo);
  Status last(StatusCode::kUnavailable, "no address for " + host);
  for (const addrinfo* address = found; address != nullptr; address = address->ai_next) {
    BlockingSocket candidate(socket(address->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (!candidate.open()) {
      last = ErrnoStatus(errno, "socket");
      continue;
    }
    const int one = 1;
    if (setsockopt(candidate.fd_, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one)) != 0) {
      last = ErrnoStatus(errno, "TCP_NODELAY");
      continue;
    }
    if (connect(candidate.fd_, address->ai_addr, address->ai_addrlen) != 0 && errno != EINPROGRESS) {
      last = Status(StatusCode::kUnavailable, ErrnoStatus(errno, "connect").message());
      continue;
    }
    last = FinishConnect(candidate.fd_, deadline_ms);
    if (last.ok()) return candidate;
  }
  return last;
}

Status BlockingSocket::Send(std::string_view bytes, std::int64_t deadline_ms) {
  while (!bytes.empty()) {
    const ssize_t sent = send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent >= 0) {
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    } else if (errno == EAGAIN) {
      OTTLA_RETURN_IF_ERROR(WaitFor(fd_, POLLOUT, deadline_ms));
    } else if (errno == EPIPE || errno == ECONNRESET) {
      return Status(StatusCode::kClosed, "the connection was closed");
    } else if (errno != EINTR) {
      return ErrnoStatus(errno, "send");
    }
  }
  return Status::Ok();
}

Status BlockingSocket::ReceiveExactly(char* bytes, std::size_t size, std::int64_t deadline_ms) {
  while (size > 0) {
    const ssize_t received = recv(fd_, bytes, size, 0);
    if (received > 0) {
      bytes += received;
      size -= static_cast<std::size_t>(received);
    } else if (received == 0 || errno == ECONNRESET) {
      return Status(StatusCode::kClosed, "the connection was closed");
    } else if (errno == EAGAIN) {
      OTTLA_RETURN_IF_ERROR(WaitFor(fd_, POLLIN, deadline_ms));
    } else if (errno != EINTR) {
      return ErrnoStatus(errno, "recv");
    }
  }
  return Status::Ok();
}

Result<std::string> BlockingSocket::ReceiveFrame(std::int64_t deadline_ms) {
  char prefix[kFramePrefixSize];
  OTTLA_RETURN_IF_ERROR(ReceiveExactly(prefix, sizeof(prefix), deadline_ms));
  const std::int32_t size = ReadFrameSize({prefix, sizeof(prefix)}).value_or(-1);
  if (size < 0 || size > kLargestFrame)
    return Status(StatusCode::kCorrupt, "a frame of " + std::to_string(size) + " bytes");
  std::string frame(static_cast<std::size_t>(size), '\0');
  OTTLA_RETURN_IF_ERROR(ReceiveExactly(frame.data(), frame.size(), deadline_ms));
  return frame;
}

}  // namespace ottla::tools
