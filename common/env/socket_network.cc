#include "common/env/socket_network.h"

#include <event2/event.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <memory>
#include <utility>
#include <vector>

#include "common/env/socket_address.h"
#include "common/env/socket_stream.h"

namespace ottla {
namespace {

// Accepts at most so many at a time, so that a storm of connections does not hold the loop.
constexpr int kAcceptsPerTurn = 64;
// With no file descriptor left, accepting is tried again after this; the waiting sockets would else wake the loop at
// once.
constexpr Micros kAcceptPause = Millis(100);

using SharedAcceptCallback = std::shared_ptr<Network::AcceptCallback>;  // of one loop

// One socket that accepts from when it is made until it goes.
class ListenSocket {
 public:
  ListenSocket(EventLoop& loop, int fd, const SocketOptions& options, SharedAcceptCallback on_accept)
      : loop_(loop), fd_(fd), port_(LocalEndpoint(fd).port), options_(options), on_accept_(std::move(on_accept)) {
    event_ = event_new(loop_.base(), fd_, EV_READ | EV_PERSIST, &OnAcceptable, this);
    OTTLA_CHECK(event_ != nullptr);
    event_add(event_, nullptr);
  }
  ListenSocket(const ListenSocket&) = delete;
  ListenSocket& operator=(const ListenSocket&) = delete;
  ~ListenSocket() {
    if (pause_ != 0) loop_.Cancel(pause_);
    event_free(event_);
    close(fd_);
  }
  std::uint16_t port() const { return port_; }

 private:
  static void OnAcceptable(int /*fd*/, short /*what*/, void* self) {
    auto* listener = static_cast<ListenSocket*>(self);
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
      (*on_accept_)(std::make_unique<SocketStream>(fd, LocalEndpoint(fd), ToEndpoint(from)));
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
  const SharedAcceptCallback on_accept_;
  event* event_ = nullptr;
  TimerId pause_ = 0;
};

// The addresses of one host: all have the port that the first one got.
class SocketListener final : public Listener {
 public:
  SocketListener(EventLoop& loop, const SocketOptions& options, Network::AcceptCallback on_accept)
      : loop_(loop), options_(options), on_accept_(std::make_shared<Network::AcceptCallback>(std::move(on_accept))) {}
  void Add(int fd) { sockets_.push_back(std::make_unique<ListenSocket>(loop_, fd, options_, on_accept_)); }
  bool empty() const { return sockets_.empty(); }
  std::uint16_t port() const override { return sockets_.front()->port(); }

 private:
  EventLoop& loop_;
  const SocketOptions options_;
  const SharedAcceptCallback on_accept_;
  std::vector<std::unique_ptr<ListenSocket>> sockets_;
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

SocketNetwork::SocketNetwork(const Clock& clock, const SocketOptions& accepted, const SocketOptions& outgoing)
    : accepted_(accepted), outgoing_(outgoing), resolver_(clock, "resolver") {}

SocketNetwork::~SocketNetwork() = default;

Result<std::unique_ptr<Listener>> SocketNetwork::Listen(Executor& executor, const Endpoint& at, int backlog,
                                                        AcceptCallback on_accept) {
  EventLoop& loop = EventLoop::From(executor);
  loop.CheckOnLoop();
  auto addresses = Resolve(at, /*passive=*/true, /*numeric_only=*/false);
  if (!addresses.ok()) return addresses.status();
  const bool every_interface = at.host.empty();
  OrderForListening(every_interface, *addresses);
  auto listener = std::make_unique<SocketListener>(loop, accepted_, std::move(on_accept));
  Status failure;
  for (SocketAddress& address : *addresses) {
    if (!listener->empty()) address.SetPort(listener->port());
    const auto fd = ListenAt(address, backlog, at.ToString(), accepted_);
    if (fd.ok()) {
      listener->Add(*fd);
      if (every_interface) break;
    } else if (failure = fd.status(); failure.code() == StatusCode::kAlreadyExists) {
      return failure;
    }
    // Other failures: a version of IP that this machine does not have.
  }
  if (listener->empty()) return failure;
  return std::unique_ptr<Listener>(std::move(listener));
}

std::unique_ptr<Stream> SocketNetwork::Connect(Executor& executor, const Endpoint& to, Stream::Handler* handler) {
  EventLoop& loop = EventLoop::From(executor);
  loop.CheckOnLoop();
  auto stream = std::make_unique<SocketStream>(loop, to, outgoing_, handler);
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
