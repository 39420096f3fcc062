#include "broker/server/socket_server.h"

#include <functional>
#include <utility>

namespace ottla {

SocketServer::SocketServer(Executors& executors, Network& network, const Clock& clock, RequestHandler& handler,
                           Options options)
    : executors_(executors),
      network_(network),
      clock_(clock),
      handler_(handler),
      options_(std::move(options)),
      budget_(std::make_shared<MemoryBudget>(options_.memory_bytes)),
      census_(std::make_shared<ConnectionCensus>(executors.data_loops(), options_.limits)),
      acceptor_(executors, census_) {
  for (std::size_t i = 0; i < executors_.data_loops(); ++i) {
    loops_.push_back(std::make_unique<Loop>());
    LoopContext& context = loops_.back()->context;
    context.executor = &executors_.Data(i);
    context.clock = &clock_;
    context.budget = budget_;
    if (options_.log_dirs > 0) context.warm = MakeWarmer(*context.executor);
  }
  budget_->SetListener([this] { TellRoom(); });
}

// Frames may outlive the server in tasks that are still to be destroyed; they must not call it.
SocketServer::~SocketServer() { budget_->SetListener(nullptr); }

FileWarmer SocketServer::MakeWarmer(Executor& back) {
  return [this, &back, turn = std::size_t{0}](const FileRange& range, std::uint64_t length,
                                              UniqueFunction<void(Status)> done) mutable {
    // Any of them can read any file. In turn, and not by the file's address: a seed must give the same run every time.
    const std::size_t disk = turn++ % options_.log_dirs;
    executors_.Disk(disk).Post([range, length, &back, done = std::move(done)]() mutable {
      back.Post([status = WarmUp(range, length), done = std::move(done)]() mutable { done(std::move(status)); });
    });
  };
}

void SocketServer::Start(std::vector<ListenerSpec> listeners,
                         UniqueFunction<void(Result<std::vector<std::uint16_t>>)> done) {
  executors_.Data(0).Post([this, listeners = std::move(listeners), done = std::move(done)]() mutable {
    auto ports = Listen(listeners);
    if (!ports.ok()) acceptor_.StopListening();
    done(std::move(ports));
  });
}

Result<std::vector<std::uint16_t>> SocketServer::Listen(const std::vector<ListenerSpec>& listeners) {
  std::vector<std::uint16_t> ports;
  for (const ListenerSpec& spec : listeners) {
    auto port = acceptor_.Listen(network_, spec.bind, options_.backlog, [this, spec](auto stream, auto place) {
      Adopt(spec, std::move(stream), std::move(place));
    });
    if (!port.ok()) return port.status().WithContext("listener " + spec.name);
    ports.push_back(*port);
  }
  return ports;
}

void SocketServer::Adopt(const ListenerSpec& spec, std::unique_ptr<Stream> stream,
                         std::unique_ptr<ConnectionCensus::Place> place) {
  const std::size_t index = place->loop();
  Loop& loop = *loops_[index];
  if (loop.stopped) return;
  auto info = std::make_shared<ConnectionInfo>();
  info->id = next_id_.fetch_add(1, std::memory_order_relaxed);
  info->listener = spec.name;
  info->security_protocol = spec.security_protocol;
  info->local = stream->local();
  info->peer = stream->peer();
  info->loop_index = index;
  info->loop = loop.context.executor;
  const std::uint64_t id = info->id;
  Loop::Entry& entry = loop.connections[id];
  entry.place = std::move(place);
  entry.pipeline =
      std::make_unique<RequestPipeline>(loop.context, std::move(stream), options_.pipeline, std::move(info), handler_,
                                        [this, index, id] { Remove(index, id); });
}

void SocketServer::Remove(std::size_t loop, std::uint64_t id) {
  auto node = loops_[loop]->connections.extract(id);
  if (node.empty()) return;
  // It is the caller: it ends after the turn.
  executors_.Data(loop).Post([entry = std::move(node.mapped())] {});
}

void SocketServer::TellRoom() {
  for (const auto& loop : loops_) {
    loop->context.executor->Post([loop = loop.get()] {
      for (auto& [id, entry] : loop->connections) entry.pipeline->OnRoom();
    });
  }
}

void SocketServer::Stop(Task done) {
  executors_.Data(0).Post([this, done = std::move(done)]() mutable {
    acceptor_.StopListening();
    stopped_ = std::move(done);
    loops_to_stop_.store(loops_.size());
    for (std::size_t i = 0; i < loops_.size(); ++i) {
      executors_.Data(i).Post([this, i] { CloseAll(i); });
    }
  });
}

void SocketServer::CloseAll(std::size_t index) {
  Loop& loop = *loops_[index];
  loop.stopped = true;
  for (auto& [id, entry] : loop.connections) entry.pipeline->Close();
  loop.connections.clear();
  // Behind the end of those that have just been removed.
  executors_.Data(index).Post([this] {
    if (loops_to_stop_.fetch_sub(1) != 1) return;
    executors_.Data(0).Post([this] { std::exchange(stopped_, nullptr)(); });
  });
}

}  // namespace ottla
