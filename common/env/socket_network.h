// TCP behind the Network seam: non-blocking sockets of event loops.
#pragma once

#include <memory>
#include <string>

#include "common/env/event_loop.h"
#include "common/env/thread_executor.h"
#include "common/net/network.h"

namespace ottla {

struct SocketOptions {
  int send_buffer_bytes = 0;     // SO_SNDBUF; 0: the system's own choice, which adapts itself
  int receive_buffer_bytes = 0;  // SO_RCVBUF; likewise
};

// All sockets: TCP_NODELAY, close on exec, keep-alive; listeners SO_REUSEADDR. Host names of outgoing connections are
// resolved on a thread of their own. Outlives the streams and listeners it made. Executors given to it are EventLoops.
class SocketNetwork final : public Network {
 public:
  // `accepted`: for connections that listeners accept; `outgoing`: for those that Connect makes.
  SocketNetwork(const Clock& clock, const SocketOptions& accepted, const SocketOptions& outgoing = {});
  ~SocketNetwork() override;

  Result<std::unique_ptr<Listener>> Listen(Executor& executor, const Endpoint& at, int backlog,
                                           AcceptCallback on_accept) override;
  std::unique_ptr<Stream> Connect(Executor& executor, const Endpoint& to, Stream::Handler* handler) override;

 private:
  const SocketOptions accepted_;
  const SocketOptions outgoing_;
  ThreadExecutor resolver_;
};

}  // namespace ottla
