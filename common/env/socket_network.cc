#include "common/env/socket_network.h"

#include <event2/event.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "common/env/socket_address.h"
#include "common/env/socket_stream.h"

namespace ottla {
namespace {

// Accepts at most so many at a time, so that a storm of connections does not hold the loop.
constexpr int kAcceptsPerTurn = 64;
// With no file descriptor left, accepting is tried again after this; the waiting sockets would else wake the loop at
// once.
constexpr Micros kAcceptPause = Millis(100);

class SocketListener final : public Listener {
 public:
  SocketListener(EventLoop& loop, int fd, const SocketOptions& options, Network::AcceptCallback on_accept)
      : loop_(loop), fd_(fd), port_(LocalEndpoint(fd).port), options_(options), on_accept_(std::move(on_accept)) {
    event_ = event_new(loop_.base(), fd_, EV_READ | EV_PERSIST, &OnAcceptable, this);
    OTTLA_CHECK(event_ != nullptr);
  }
  ~SocketListener() override {
    if (pause_ != 0) loop_.Cancel(pause_);
    event_free(event_);
    close(fd_);
  }
  void Start() { event_add(event_, nullptr); }
  std::uint16_t port() const override { return port_; }

 private:
  static void OnAcceptable(int /*fd*/, short /*what*/, void* self) {
    auto* listener = static_cast<SocketListener*>(self);
    listener->loop_.NoteActive();
    listener->AcceptSome();
  }

  void AcceptSome() {
    for (int i = 0; i < kAcceptsPerTurn; ++i) {
      SocketAddress from;
      from.length = sizeof from.storage;
      const int fd =
          accept4(fd_, reinterpret_cast<sockaddr*>(&from.storage), &from.length, SOCK_NONBLOCK | SOCK_CLOEXEC);
      if (fd < 0) {
        if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) Pause();
        return;
      }
      if (const Status status = SetSocketOptions(fd, options_); !status.ok()) {
        VLOG(1) << "a connection that ended at once: " << status;
        close(fd);
        continue;
      }
      on_accept_(std::make_unique<SocketStream>(fd, LocalEndpoint(fd), ToEndpoint(from)));
    }
  }

  void Pause() {
    PLOG(ERROR) << "accepting on port " << port_;
    event_del(event_);
    pause_ = loop_.RunAfter(kAcceptPause, [this] {
      pause_ = 0;
      event_add(event_, nullptr);
    });
  }

  EventLoop& loop_;
  const int fd_;
  const std::uint16_t port_;
  const SocketOptions options_;
  Network::AcceptCallback on_accept_;
  event* event_ = nullptr;
  TimerId pause_ = 0;
};

Result<int> ListenAt(const SocketAddress& address, int backlog, const std::string& where,
                     const SocketOptions& options) {
  const int fd = socket(address.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return ErrnoStatus(errno, "socket for " + where);
  const int on = 1;
  const int off = 0;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (address.family() == AF_INET6) setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);  // IPv4 too
  // Before listen(): the window scale is fixed at the handshake.
  if (options.receive_buffer_bytes > 0) {
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &options.receive_buffer_bytes, sizeof options.receive_buffer_bytes);
  }
  if (bind(fd, address.get(), address.length) == 0 && listen(fd, backlog) == 0) return fd;
  const int error = errno;
  close(fd);
  if (error == EADDRINUSE) return Status(StatusCode::kAlreadyExists, "listening at " + where + ": address in use");
  return ErrnoStatus(error, "listening at " + where);
}

}  // namespace

SocketNetwork::SocketNetwork(const Clock& clock, const SocketOptions& options)
    : options_(options), resolver_(clock, "resolver") {}

SocketNetwork::~SocketNetwork() = default;

Result<std::unique_ptr<Listener>> SocketNetwork::Listen(Executor& executor, const Endpoint& at, int backlog,
                                                        AcceptCallback on_accept) {
  EventLoop& loop = EventLoop::From(executor);
  loop.CheckOnLoop();
  auto addresses = Resolve(at, /*passive=*/true, /*numeric_only=*/false);
  if (!addresses.ok()) return addresses.status();
  // Every interface: prefer the IPv6 wildcard, which takes IPv4 as well, where the machine has IPv6.
  std::stable_sort(addresses->begin(), addresses->end(), [&](const SocketAddress& a, const SocketAddress& b) {
    return at.host.empty() && a.family() == AF_INET6 && b.family() != AF_INET6;
  });
  Status failure;
  for (const SocketAddress& address : *addresses) {
    const auto fd = ListenAt(address, backlog, at.ToString(), options_);
    if (!fd.ok()) {
      failure = fd.status();
      if (failure.code() == StatusCode::kAlreadyExists) break;
      continue;
    }
    auto listener = std::make_unique<SocketListener>(loop, *fd, options_, std::move(on_accept));
    listener->Start();
    return std::unique_ptr<Listener>(std::move(listener));
  }
  return failure;
}

std::unique_ptr<Stream> SocketNetwork::Connect(Executor& executor, const Endpoint& to, Stream::Handler* handler) {
  EventLoop& loop = EventLoop::From(executor);
  loop.CheckOnLoop();
  auto stream = std::make_unique<SocketStream>(loop, to, options_, handler);
  const auto finish = [weak = stream->self()](Result<std::vector<SocketAddress>> addresses) {
    const auto alive = weak.lock();
    if (!alive) return;
    if (addresses.ok()) {
      (*alive)->StartConnect(std::move(*addresses));
    } else {
      (*alive)->FailConnect(addresses.status());
    }
  };
  if (auto numeric = Resolve(to, /*passive=*/false, /*numeric_only=*/true); numeric.ok()) {
    loop.Post([finish, addresses = std::move(numeric)]() mutable { finish(std::move(addresses)); });
    return stream;
  }
  resolver_.Post([finish, to, &loop] {
    loop.Post([finish, addresses = Resolve(to, /*passive=*/false, /*numeric_only=*/false)]() mutable {
      finish(std::move(addresses));
    });
  });
  return stream;
}

}  // namespace ottla
