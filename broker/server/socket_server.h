// All client connections of the broker: listeners, one table of pipelines per data loop, and what they share.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "broker/server/request_pipeline.h"
#include "common/net/acceptor.h"

namespace ottla {

// Made and destroyed anywhere; it outlives its connections, that is, the done of Stop() or the end of the executors.
class SocketServer {
 public:
  struct ListenerSpec {
    std::string name;
    std::string security_protocol = "PLAINTEXT";
    Endpoint bind;
  };
  struct Options {
    RequestPipeline::Options pipeline;
    ConnectionCensus::Limits limits;
    std::uint64_t memory_bytes = 0;  // frames of requests under way, all connections; 0: no limit
    int backlog = 50;                // socket.listen.backlog.size
    std::size_t log_dirs = 1;        // their disk threads bring cold file ranges in; 0: there are none
  };

  SocketServer(Executors& executors, Network& network, const Clock& clock, RequestHandler& handler, Options options);
  ~SocketServer();
  SocketServer(const SocketServer&) = delete;
  SocketServer& operator=(const SocketServer&) = delete;

  // Any thread. `done` runs on data loop 0 with the ports bound, in the order given. On a failure none stays open.
  void Start(std::vector<ListenerSpec> listeners, UniqueFunction<void(Result<std::vector<std::uint16_t>>)> done);
  // Any thread. Accepts no more and closes all connections; answers that come later are dropped. `done` runs on data
  // loop 0.
  void Stop(Task done);

  std::size_t connections() const { return census_->total(); }     // any thread
  std::uint64_t request_bytes() const { return budget_->used(); }  // any thread

 private:
  struct Loop {
    LoopContext context;
    bool stopped = false;
    // The pipeline before the place: a connection is counted until it has gone.
    struct Entry {
      std::unique_ptr<ConnectionCensus::Place> place;
      std::unique_ptr<RequestPipeline> pipeline;
    };
    std::unordered_map<std::uint64_t, Entry> connections;
  };

  Result<std::vector<std::uint16_t>> Listen(const std::vector<ListenerSpec>& listeners);
  void Adopt(const ListenerSpec& spec, std::unique_ptr<Stream> stream, std::unique_ptr<ConnectionCensus::Place> place);
  void Remove(std::size_t loop, std::uint64_t id);
  void CloseAll(std::size_t loop);
  void TellRoom();
  FileWarmer MakeWarmer(Executor& back);

  Executors& executors_;
  Network& network_;
  const Clock& clock_;
  RequestHandler& handler_;
  const Options options_;
  const std::shared_ptr<MemoryBudget> budget_;
  const std::shared_ptr<ConnectionCensus> census_;
  Acceptor acceptor_;
  std::vector<std::unique_ptr<Loop>> loops_;
  std::atomic<std::uint64_t> next_id_{1};
  std::atomic<std::size_t> loops_to_stop_{0};
  Task stopped_;
};

}  // namespace ottla
