// One TCP connection on an event loop.
#pragma once

#include <memory>
#include <vector>

#include "common/env/event_loop.h"
#include "common/env/socket_address.h"
#include "common/env/socket_network.h"
#include "common/net/network.h"

struct event;

namespace ottla {

Status SetSocketOptions(int fd, const SocketOptions& options);

class SocketStream final : public Stream {
 public:
  // Incoming: takes over a connected, non-blocking socket.
  SocketStream(int fd, Endpoint local, Endpoint peer);
  // Outgoing: waits for StartConnect or FailConnect.
  SocketStream(EventLoop& loop, Endpoint to, const SocketOptions& options, Handler* handler);
  ~SocketStream() override;
  SocketStream(const SocketStream&) = delete;
  SocketStream& operator=(const SocketStream&) = delete;

  // On the loop, from a task: tries the addresses one after the other.
  void StartConnect(std::vector<SocketAddress> addresses);
  void FailConnect(Status status);
  // Lost when the stream is deleted; for name resolution that ends later.
  std::weak_ptr<SocketStream*> self() const { return self_; }

  void Attach(Executor& executor, Handler* handler) override;
  void EnableRead(bool on) override;
  void EnableWrite(bool on) override;
  IoResult Read(std::span<char> into) override;
  IoResult Write(std::span<const iovec> parts, bool more) override;
  IoResult SendFile(const File& file, std::uint64_t offset, std::size_t count) override;
  void AcknowledgeNow() override;
  Endpoint local() const override { return local_; }
  Endpoint peer() const override { return peer_; }

 private:
  struct EventDeleter {
    void operator()(event* e) const;
  };
  using EventPtr = std::unique_ptr<event, EventDeleter>;
  static void OnRead(int fd, short what, void* self);
  static void OnWrite(int fd, short what, void* self);

  void MakeEvents();
  void TryNextAddress();
  Status BeginConnect(const SocketAddress& address);
  void FinishConnect();
  void CloseSocket();

  EventLoop* loop_ = nullptr;
  Handler* handler_ = nullptr;
  int fd_ = -1;
  SocketOptions options_;
  Endpoint local_;
  Endpoint peer_;
  EventPtr read_event_;
  EventPtr write_event_;
  bool connecting_ = false;
  bool want_read_ = false;
  bool want_write_ = false;
  std::vector<SocketAddress> untried_;  // last is next
  Status last_failure_;
  std::shared_ptr<SocketStream*> self_;
};

}  // namespace ottla
