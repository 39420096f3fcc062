#include "common/env/zk_raw_session.h"

#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstring>

namespace ottla {
namespace {

constexpr std::int32_t kCloseSessionOp = -11;
constexpr int kRounds = 5;
constexpr std::uint32_t kFrameMax = 64 * 1024;  // answers here are under 100 bytes

void PutInt32(std::string& out, std::int32_t value) {
  for (int shift = 24; shift >= 0; shift -= 8) out += static_cast<char>(static_cast<std::uint32_t>(value) >> shift);
}

void PutInt64(std::string& out, std::int64_t value) {
  for (int shift = 56; shift >= 0; shift -= 8) out += static_cast<char>(static_cast<std::uint64_t>(value) >> shift);
}

std::int64_t GetInt(std::string_view bytes) {
  std::uint64_t value = 0;
  for (const char c : bytes) value = value << 8 | static_cast<unsigned char>(c);
  return static_cast<std::int64_t>(value);
}

class Socket {
 public:
  explicit Socket(int fd) : fd_(fd) {}
  ~Socket() {
    if (fd_ >= 0) ::close(fd_);
  }
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;

  bool Connect(const addrinfo& at, int timeout_ms) {
    if (::connect(fd_, at.ai_addr, at.ai_addrlen) == 0) return true;
    if (errno != EINPROGRESS || !Wait(POLLOUT, timeout_ms)) return false;
    int error = 0;
    socklen_t size = sizeof error;
    return ::getsockopt(fd_, SOL_SOCKET, SO_ERROR, &error, &size) == 0 && error == 0;
  }

  bool SendFrame(std::string_view body, int timeout_ms) {
    std::string bytes;
    PutInt32(bytes, static_cast<std::int32_t>(body.size()));
    bytes.append(body);
    std::string_view rest(bytes);
    while (!rest.empty()) {
      if (!Wait(POLLOUT, timeout_ms)) return false;
      const ssize_t n = ::send(fd_, rest.data(), rest.size(), MSG_NOSIGNAL);
      if (n < 0 && errno != EINTR && errno != EAGAIN) return false;
      if (n > 0) rest.remove_prefix(static_cast<std::size_t>(n));
    }
    return true;
  }

  bool ReadFrame(std::string& body, int timeout_ms) {
    std::string size(4, '\0');
    if (!ReadExactly(size, timeout_ms)) return false;
    const std::int64_t length = GetInt(size);
    if (length < 0 || length > kFrameMax) return false;
    body.assign(static_cast<std::size_t>(length), '\0');
    return ReadExactly(body, timeout_ms);
  }

 private:
  bool Wait(short events, int timeout_ms) {
    pollfd poll_fd{fd_, events, 0};
    return ::poll(&poll_fd, 1, timeout_ms) == 1;
  }

  bool ReadExactly(std::string& into, int timeout_ms) {
    std::size_t have = 0;
    while (have < into.size()) {
      if (!Wait(POLLIN, timeout_ms)) return false;
      const ssize_t n = ::recv(fd_, into.data() + have, into.size() - have, 0);
      if (n == 0 || (n < 0 && errno != EINTR && errno != EAGAIN)) return false;
      if (n > 0) have += static_cast<std::size_t>(n);
    }
    return true;
  }

  int fd_;
};

enum class Outcome {
  kClosed,
  kGone,      // the server does not know the session
  kUnsure,    // closeSession was sent, its answer did not come
  kDropped,   // the server hung up before: it may still be moving the session from its old connection
  kNoAnswer,  // not even a connection
};

// ConnectRequest: protocol 0, last zxid 0, session timeout, id, password. The answer holds the session's own timeout,
// 0 when the server does not know the session.
Outcome CloseAt(Socket& socket, const ZkSession& session, int timeout_ms) {
  std::string connect;
  PutInt32(connect, 0);
  PutInt64(connect, 0);
  PutInt32(connect, 10'000);
  PutInt64(connect, session.id);
  PutInt32(connect, static_cast<std::int32_t>(session.password.size()));
  connect += session.password;
  std::string answer;
  if (!socket.SendFrame(connect, timeout_ms) || !socket.ReadFrame(answer, timeout_ms)) return Outcome::kDropped;
  if (answer.size() < 16) return Outcome::kDropped;
  const bool alive = GetInt(std::string_view(answer).substr(4, 4)) > 0;
  if (!alive || GetInt(std::string_view(answer).substr(8, 8)) != session.id) return Outcome::kGone;

  std::string close;
  PutInt32(close, 1);  // xid
  PutInt32(close, kCloseSessionOp);
  if (!socket.SendFrame(close, timeout_ms)) return Outcome::kDropped;
  // Watch events and pings may come first; the answer to xid 1 is the confirmation.
  while (socket.ReadFrame(answer, timeout_ms)) {
    if (answer.size() >= 4 && GetInt(std::string_view(answer).substr(0, 4)) == 1) return Outcome::kClosed;
  }
  return Outcome::kUnsure;
}

Outcome CloseAtServer(const Endpoint& server, const ZkSession& session, int timeout_ms) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (::getaddrinfo(server.host.c_str(), std::to_string(server.port).c_str(), &hints, &found) != 0) {
    return Outcome::kNoAnswer;
  }
  Outcome outcome = Outcome::kNoAnswer;
  for (const addrinfo* at = found; at != nullptr && outcome == Outcome::kNoAnswer; at = at->ai_next) {
    Socket socket(::socket(at->ai_family, at->ai_socktype | SOCK_NONBLOCK | SOCK_CLOEXEC, at->ai_protocol));
    if (socket.Connect(*at, timeout_ms)) outcome = CloseAt(socket, session, timeout_ms);
  }
  ::freeaddrinfo(found);
  return outcome;
}

}  // namespace

std::string ZkConnectString::ServerList() const {
  std::string list;
  for (const Endpoint& server : servers) list += (list.empty() ? "" : ",") + server.ToString();
  return list;
}

Result<ZkConnectString> ParseZkConnect(std::string_view text) {
  ZkConnectString parsed;
  const std::size_t slash = text.find('/');
  if (slash != std::string_view::npos) {
    parsed.chroot = text.substr(slash);
    while (!parsed.chroot.empty() && parsed.chroot.back() == '/') parsed.chroot.pop_back();
    if (parsed.chroot.find("//") != std::string::npos) {
      return Status(StatusCode::kInvalidArgument, "zookeeper.connect: empty part in the chroot");
    }
    text = text.substr(0, slash);
  }
  while (!text.empty()) {
    const std::size_t comma = text.find(',');
    std::string_view server = text.substr(0, comma);
    text = comma == std::string_view::npos ? std::string_view() : text.substr(comma + 1);
    while (!server.empty() && server.front() == ' ') server.remove_prefix(1);
    while (!server.empty() && server.back() == ' ') server.remove_suffix(1);
    Endpoint at{std::string(server), 2181};
    const std::size_t colon = server.rfind(':');
    const std::size_t bracket = server.rfind(']');
    if (colon != std::string_view::npos && (bracket == std::string_view::npos || bracket < colon)) {
      const std::string_view port = server.substr(colon + 1);
      const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), at.port);
      if (error != std::errc() || end != port.data() + port.size()) {
        return Status(StatusCode::kInvalidArgument, "zookeeper.connect: port of " + std::string(server));
      }
      at.host = server.substr(0, colon);
    }
    if (at.host.size() > 2 && at.host.front() == '[' && at.host.back() == ']') {
      at.host = at.host.substr(1, at.host.size() - 2);
    }
    if (at.host.empty()) return Status(StatusCode::kInvalidArgument, "zookeeper.connect: a server without a host");
    parsed.servers.push_back(std::move(at));
  }
  if (parsed.servers.empty()) return Status(StatusCode::kInvalidArgument, "zookeeper.connect: no server");
  return parsed;
}

Status CloseZkSession(const std::vector<Endpoint>& servers, const ZkSession& session, Millis timeout) {
  bool sent = false;  // then a session that is gone was closed by us
  for (int round = 0; round < kRounds; ++round) {
    bool again = false;
    for (const Endpoint& server : servers) {
      switch (CloseAtServer(server, session, static_cast<int>(timeout.count()))) {
        case Outcome::kClosed: return Status::Ok();
        case Outcome::kGone: return sent ? Status::Ok() : Status(StatusCode::kNotFound, "the session had already gone");
        case Outcome::kUnsure: sent = again = true; break;
        case Outcome::kDropped: again = true; break;
        case Outcome::kNoAnswer: break;
      }
    }
    if (!again) break;
  }
  return {StatusCode::kUnavailable, sent ? "ZooKeeper did not confirm" : "no ZooKeeper server answered"};
}

}  // namespace ottla
