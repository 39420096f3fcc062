#include "common/env/socket_stream.h"

#include <event2/event.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <utility>

namespace ottla {
namespace {

IoResult FromCount(ssize_t count) {
  if (count > 0) return {IoResult::Kind::kOk, static_cast<std::size_t>(count)};
  if (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR) return {IoResult::Kind::kWouldBlock, 0};
  return {IoResult::Kind::kError, 0};
}

Status SetOption(int fd, int level, int name, int value, const char* what) {
  if (setsockopt(fd, level, name, &value, sizeof value) != 0) return ErrnoStatus(errno, what);
  return Status::Ok();
}

}  // namespace

Status SetSocketOptions(int fd, const SocketOptions& options) {
  OTTLA_RETURN_IF_ERROR(SetOption(fd, IPPROTO_TCP, TCP_NODELAY, 1, "TCP_NODELAY"));
  OTTLA_RETURN_IF_ERROR(SetOption(fd, SOL_SOCKET, SO_KEEPALIVE, 1, "SO_KEEPALIVE"));
  if (options.send_buffer_bytes > 0) {
    OTTLA_RETURN_IF_ERROR(SetOption(fd, SOL_SOCKET, SO_SNDBUF, options.send_buffer_bytes, "SO_SNDBUF"));
  }
  if (options.receive_buffer_bytes > 0) {
    OTTLA_RETURN_IF_ERROR(SetOption(fd, SOL_SOCKET, SO_RCVBUF, options.receive_buffer_bytes, "SO_RCVBUF"));
  }
  return Status::Ok();
}

void SocketStream::EventDeleter::operator()(event* e) const { event_free(e); }

SocketStream::SocketStream(int fd, Endpoint local, Endpoint peer)
    : fd_(fd), local_(std::move(local)), peer_(std::move(peer)) {}

SocketStream::SocketStream(EventLoop& loop, Endpoint to, const SocketOptions& options, Handler* handler)
    : loop_(&loop),
      handler_(handler),
      options_(options),
      peer_(std::move(to)),
      connecting_(true),
      self_(std::make_shared<SocketStream*>(this)) {}

SocketStream::~SocketStream() { CloseSocket(); }

void SocketStream::CloseSocket() {
  read_event_.reset();
  write_event_.reset();
  if (fd_ >= 0) close(fd_);
  fd_ = -1;
}

void SocketStream::MakeEvents() {
  read_event_.reset(event_new(loop_->base(), fd_, EV_READ | EV_PERSIST, &OnRead, this));
  write_event_.reset(event_new(loop_->base(), fd_, EV_WRITE | EV_PERSIST, &OnWrite, this));
  OTTLA_CHECK(read_event_ && write_event_);
}

void SocketStream::Attach(Executor& executor, Handler* handler) {
  OTTLA_CHECK(loop_ == nullptr) << "attached twice";
  loop_ = &EventLoop::From(executor);
  loop_->CheckOnLoop();
  handler_ = handler;
  MakeEvents();
}

void SocketStream::EnableRead(bool on) {
  if (want_read_ == on) return;
  want_read_ = on;
  if (connecting_ || !read_event_) return;
  if (on) {
    event_add(read_event_.get(), nullptr);
  } else {
    event_del(read_event_.get());
  }
}

void SocketStream::EnableWrite(bool on) {
  if (want_write_ == on) return;
  want_write_ = on;
  if (connecting_ || !write_event_) return;
  if (on) {
    event_add(write_event_.get(), nullptr);
  } else {
    event_del(write_event_.get());
  }
}

IoResult SocketStream::Read(std::span<char> into) {
  const ssize_t got = recv(fd_, into.data(), into.size(), 0);
  if (got == 0 && !into.empty()) return {IoResult::Kind::kEof, 0};
  return FromCount(got);
}

IoResult SocketStream::Write(std::span<const iovec> parts, bool more) {
  msghdr message{};
  message.msg_iov = const_cast<iovec*>(parts.data());
  message.msg_iovlen = std::min<std::size_t>(parts.size(), IOV_MAX);
  return FromCount(sendmsg(fd_, &message, MSG_NOSIGNAL | (more ? MSG_MORE : 0)));
}

IoResult SocketStream::SendFile(const File& file, std::uint64_t offset, std::size_t count) {
  auto position = static_cast<off_t>(offset);
  const ssize_t sent = sendfile(fd_, file.NativeFd(), &position, count);
  if (sent == 0) return {IoResult::Kind::kEof, 0};  // the file ends before `offset`
  return FromCount(sent);
}

void SocketStream::AcknowledgeNow() {
  const int on = 1;
  setsockopt(fd_, IPPROTO_TCP, TCP_QUICKACK, &on, sizeof on);  // lasts until the kernel thinks otherwise
}

// The handlers below may delete this stream: nothing is touched after they were called.

void SocketStream::OnRead(int /*fd*/, short /*what*/, void* self) {
  auto* stream = static_cast<SocketStream*>(self);
  stream->loop_->NoteActive();
  stream->handler_->OnReadable();
}

void SocketStream::OnWrite(int /*fd*/, short /*what*/, void* self) {
  auto* stream = static_cast<SocketStream*>(self);
  stream->loop_->NoteActive();
  if (stream->connecting_) {
    stream->FinishConnect();
  } else {
    stream->handler_->OnWritable();
  }
}

void SocketStream::StartConnect(std::vector<SocketAddress> addresses) {
  std::reverse(addresses.begin(), addresses.end());
  untried_ = std::move(addresses);
  TryNextAddress();
}

void SocketStream::FailConnect(Status status) {
  connecting_ = false;
  CloseSocket();
  handler_->OnConnected(std::move(status));
}

void SocketStream::TryNextAddress() {
  while (!untried_.empty()) {
    CloseSocket();
    const SocketAddress address = untried_.back();
    untried_.pop_back();
    last_failure_ = BeginConnect(address);
    if (last_failure_.ok()) return;  // OnWrite tells how it went
  }
  FailConnect(Status(StatusCode::kUnavailable, "connecting to " + peer_.ToString() + ": " + last_failure_.message()));
}

Status SocketStream::BeginConnect(const SocketAddress& address) {
  fd_ = socket(address.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd_ < 0) return ErrnoStatus(errno, "socket");
  OTTLA_RETURN_IF_ERROR(SetSocketOptions(fd_, options_));
  if (connect(fd_, address.get(), address.length) != 0 && errno != EINPROGRESS) return ErrnoStatus(errno, "connect");
  MakeEvents();
  event_add(write_event_.get(), nullptr);
  return Status::Ok();
}

void SocketStream::FinishConnect() {
  int error = 0;
  socklen_t length = sizeof error;
  if (getsockopt(fd_, SOL_SOCKET, SO_ERROR, &error, &length) != 0) error = errno;
  if (error != 0) {
    last_failure_ = ErrnoStatus(error, "connect");
    TryNextAddress();
    return;
  }
  connecting_ = false;
  untried_.clear();
  local_ = LocalEndpoint(fd_);
  peer_ = PeerEndpoint(fd_);
  if (!want_write_) event_del(write_event_.get());
  if (want_read_) event_add(read_event_.get(), nullptr);
  handler_->OnConnected(Status::Ok());
}

}  // namespace ottla
