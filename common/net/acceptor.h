// Takes new connections on data loop 0 and gives each to the loop that has the fewest.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "common/net/network.h"

namespace ottla {

// Counts the connections of the process: by loop, by peer address. Any thread; touched once per connection's life.
class ConnectionCensus {
 public:
  struct Limits {
    std::size_t total = SIZE_MAX;   // max.connections
    std::size_t per_ip = SIZE_MAX;  // max.connections.per.ip
    std::map<std::string, std::size_t> per_ip_overrides;
  };
  ConnectionCensus(std::size_t loops, Limits limits) : limits_(std::move(limits)), by_loop_(loops) {}

  // One counted connection, until it is destroyed.
  class Place {
   public:
    Place(std::shared_ptr<ConnectionCensus> census, std::size_t loop, std::string host)
        : census_(std::move(census)), loop_(loop), host_(std::move(host)) {}
    ~Place() { census_->Leave(loop_, host_); }
    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;
    std::size_t loop() const { return loop_; }

   private:
    const std::shared_ptr<ConnectionCensus> census_;
    const std::size_t loop_;
    const std::string host_;
  };

  // A place on the least busy loop; null: over a limit.
  static std::unique_ptr<Place> Enter(const std::shared_ptr<ConnectionCensus>& census, const std::string& host);
  std::size_t total() const;

 private:
  void Leave(std::size_t loop, const std::string& host);

  const Limits limits_;
  mutable std::mutex mutex_;
  std::vector<std::size_t> by_loop_;
  std::map<std::string, std::size_t> by_host_;
  std::size_t total_ = 0;
};

// Owner: data loop 0.
class Acceptor {
 public:
  // On the loop that `place` names.
  using Deliver = std::function<void(std::unique_ptr<Stream>, std::unique_ptr<ConnectionCensus::Place> place)>;

  Acceptor(Executors& executors, std::shared_ptr<ConnectionCensus> census)
      : executors_(executors), census_(std::move(census)) {}

  // The port bound. Connections over a limit are closed at once.
  Result<std::uint16_t> Listen(Network& network, const Endpoint& at, int backlog, Deliver deliver);
  void StopListening() { listeners_.clear(); }

 private:
  void OnAccept(std::unique_ptr<Stream> stream, const Deliver& deliver);

  Executors& executors_;
  const std::shared_ptr<ConnectionCensus> census_;
  std::vector<std::unique_ptr<Listener>> listeners_;
};

}  // namespace ottla
