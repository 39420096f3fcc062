// Seam: the network as streams of bytes: read some, write iovecs, send a file range. Framing, pipelining and back
// pressure live above it and therefore run in the simulator too.
#pragma once

#include <sys/uio.h>

#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "common/base/executor.h"
#include "common/base/status.h"
#include "common/base/unique_function.h"
#include "common/io/file.h"

namespace ottla {

struct Endpoint {
  std::string host;
  std::uint16_t port = 0;
  friend auto operator<=>(const Endpoint&, const Endpoint&) = default;
  std::string ToString() const {
    const bool v6 = host.find(':') != std::string::npos;
    return (v6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
  }
};

struct IoResult {
  enum class Kind { kOk, kWouldBlock, kEof, kError };
  Kind kind = Kind::kOk;
  std::size_t bytes = 0;  // > 0 when kOk
};

// One byte stream. Owner: the executor it is attached to; every call and every handler call happens there. Deleting it
// closes it; handlers are never called from inside the owner's own call.
class Stream {
 public:
  class Handler {
   public:
    virtual ~Handler() = default;
    virtual void OnConnected(Status status) = 0;  // outgoing only, once; a failure ends the stream
    virtual void OnReadable() = 0;                // level triggered while EnableRead(true); also at EOF and error
    virtual void OnWritable() = 0;                // level triggered while EnableWrite(true)
  };
  virtual ~Stream() = default;

  // Incoming streams start detached: attach once, on `executor`, before any other call.
  virtual void Attach(Executor& executor, Handler* handler) = 0;
  virtual void EnableRead(bool on) = 0;
  virtual void EnableWrite(bool on) = 0;
  virtual IoResult Read(std::span<char> into) = 0;
  // `more` follows at once: a hint to let these bytes leave together with it.
  virtual IoResult Write(std::span<const iovec> parts, bool more) = 0;
  // May block on a cold file even though the socket does not: callers probe residency first.
  virtual IoResult SendFile(const File& file, std::uint64_t offset, std::size_t count) = 0;
  // What was read is acknowledged to the peer now, instead of with the next bytes written or some 40 ms later: a peer
  // with Nagle's algorithm on (RFC 896), librdkafka's default, holds the last piece of a message back until then. Where
  // nothing is held back there is nothing to do.
  virtual void AcknowledgeNow() {}
  virtual Endpoint local() const = 0;
  virtual Endpoint peer() const = 0;  // numeric host
};

class Listener {
 public:
  virtual ~Listener() = default;           // stops accepting
  virtual std::uint16_t port() const = 0;  // the port bound, also when 0 was asked
};

class Network {
 public:
  virtual ~Network() = default;
  // Called, and the listener deleted, on `executor`. `host` empty: all interfaces. `on_accept` runs on `executor` with
  // a detached stream. kAlreadyExists: port in use.
  using AcceptCallback = UniqueFunction<void(std::unique_ptr<Stream>)>;
  virtual Result<std::unique_ptr<Listener>> Listen(Executor& executor, const Endpoint& at, int backlog,
                                                   AcceptCallback on_accept) = 0;
  // Returns at once, attached to `executor`; OnConnected tells the outcome (never from inside this call). Name
  // resolution never blocks the caller's loop.
  virtual std::unique_ptr<Stream> Connect(Executor& executor, const Endpoint& to, Stream::Handler* handler) = 0;
  // File ranges of so many bytes and more are worth Stream::SendFile; shorter ones leave more cheaply as copies,
  // together with what stands before them.
  virtual std::uint64_t sendfile_from() const { return 64 << 10; }
};

}  // namespace ottla
