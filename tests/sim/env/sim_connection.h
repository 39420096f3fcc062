// The two ends of a simulated connection and what is under way between them. Private to sim_net.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <utility>

#include "tests/sim/env/sim_net.h"

namespace ottla::sim {

struct SimSide {
  int node = kDriver;
  Endpoint local;
  Executor* executor = nullptr;
  Stream::Handler* handler = nullptr;
  bool open = true;  // somebody holds the stream (or will: it waits to be accepted)
  bool connected = false;
  bool read_on = false;
  bool write_on = false;
  bool read_posted = false;
  bool write_posted = false;
  bool eof = false;
  bool broken = false;
  // Received, not yet read.
  std::string inbox;
  std::size_t inbox_at = 0;
  // Sent, not yet arrived at the other side.
  struct Piece {
    std::string bytes;
    bool fin = false;
  };
  std::deque<Piece> flight;
  std::size_t flight_bytes = 0;
  std::size_t due = 0;  // pieces whose time has come while the link was cut
  bool stalled = false;
  MonoTime last_arrival{};

  std::size_t unread() const { return inbox.size() - inbox_at; }
};

struct SimConnection {
  SimSide side[2];
};

struct SimListenerState {
  int node = kDriver;
  std::uint16_t port = 0;
  Executor* executor = nullptr;
  Network::AcceptCallback on_accept;
  bool open = true;
};

class SimStream final : public Stream {
 public:
  SimStream(SimNet& net, std::shared_ptr<SimConnection> connection, int side)
      : net_(net), connection_(std::move(connection)), side_(side) {}
  ~SimStream() override { net_.CloseSide(connection_, side_); }
  SimStream(const SimStream&) = delete;
  SimStream& operator=(const SimStream&) = delete;

  void Attach(Executor& executor, Handler* handler) override;
  void EnableRead(bool on) override;
  void EnableWrite(bool on) override;
  IoResult Read(std::span<char> into) override;
  IoResult Write(std::span<const iovec> parts, bool more) override;
  IoResult SendFile(const File& file, std::uint64_t offset, std::size_t count) override;
  Endpoint local() const override { return own().local; }
  Endpoint peer() const override { return connection_->side[1 - side_].local; }

 private:
  SimSide& own() const { return connection_->side[side_]; }
  void CheckOwner() const;
  std::size_t TakeWindow(std::size_t wanted, const char* fault);

  SimNet& net_;
  const std::shared_ptr<SimConnection> connection_;
  const int side_;
};

class SimListener final : public Listener {
 public:
  SimListener(SimNet& net, std::shared_ptr<SimListenerState> state) : net_(net), state_(std::move(state)) {}
  ~SimListener() override;
  SimListener(const SimListener&) = delete;
  SimListener& operator=(const SimListener&) = delete;
  std::uint16_t port() const override { return state_->port; }

 private:
  SimNet& net_;
  const std::shared_ptr<SimListenerState> state_;
};

class SimNetwork final : public Network {
 public:
  SimNetwork(SimNet& net, int node) : net_(net), node_(node) {}
  Result<std::unique_ptr<Listener>> Listen(Executor& executor, const Endpoint& at, int backlog,
                                           AcceptCallback on_accept) override;
  std::unique_ptr<Stream> Connect(Executor& executor, const Endpoint& to, Stream::Handler* handler) override;
  // Half of the brokers that start send every range as a file, as they would send long ones.
  std::uint64_t sendfile_from() const override;

 private:
  SimNet& net_;
  const int node_;
};

}  // namespace ottla::sim
