// Another broker as the network shows it: takes connections on a simulated machine and answers each request as the test
// says, at once or later.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "common/base/check.h"
#include "common/net/connection.h"
#include "common/net/loop_context.h"
#include "common/protocol/frame.h"
#include "tests/sim/env/sim_executors.h"
#include "tests/sim/env/sim_net.h"

namespace ottla {

class ScriptedBroker {
 public:
  // Gives the answer back through `reply`, once, now or later; an empty answer closes the connection.
  using Reply = std::function<void(std::string frame)>;
  using Script = std::function<void(const RequestHeader& header, std::string_view body, Reply reply)>;

  ScriptedBroker(sim::SimScheduler& scheduler, sim::SimNet& net, int node, std::uint16_t port, Script script)
      : loops(scheduler, node, 1, 0), clock_(scheduler), network_(net.NewProcess(node)), script_(std::move(script)) {
    context_.executor = &loops.Data(0);
    context_.clock = &clock_;
    Run([this, port] {
      auto listener = network_->Listen(loops.Data(0), {"", port}, 10, [this](std::unique_ptr<Stream> stream) {
        peers_.push_back(std::make_shared<Peer>(*this, std::move(stream)));
        ++connections;
      });
      OTTLA_CHECK(listener.ok()) << listener.status();
      listener_ = std::move(*listener);
    });
  }
  ~ScriptedBroker() {
    loops.Close();
    peers_.clear();
    listener_.reset();
  }

  // At once, as a task of this broker; not from inside another task.
  void Run(Task task) { static_cast<sim::SimExecutor&>(loops.Data(0)).Run(std::move(task)); }
  void CloseConnections() {
    Run([this] { peers_.clear(); });
  }

  template <class T>
  static std::string Frame(const RequestHeader& header, const T& message) {
    EncodedBody frame;
    const Status status = EncodeResponseFrame(header.api_version, header.correlation_id, message, &frame);
    OTTLA_CHECK(status.ok()) << status;
    return frame.bytes;
  }

  sim::SimExecutors loops;
  int connections = 0;

 private:
  class Peer final : public Connection::Owner, public std::enable_shared_from_this<Peer> {
   public:
    Peer(ScriptedBroker& broker, std::unique_ptr<Stream> stream)
        : broker_(broker), connection_(broker.context_, std::move(stream), {}, *this) {}
    void OnFrames(std::vector<ottla::Frame> frames, MonoTime /*arrival*/) override {
      for (const ottla::Frame& frame : frames) {
        const ParsedRequest parsed = ParseRequestHeader({frame.bytes.data(), frame.bytes.size()});
        OTTLA_CHECK(parsed.verdict == HeaderVerdict::kOk);
        broker_.script_(parsed.header, parsed.body, [weak = weak_from_this()](std::string answer) {
          const auto self = weak.lock();
          if (self == nullptr || self->connection_.closed()) return;
          if (answer.empty()) {
            self->connection_.Close();
            return;
          }
          WireSegments segments;
          segments.emplace_back(std::move(answer));
          self->connection_.Send(std::move(segments));
        });
      }
    }
    void OnBadFrame(const Status& /*why*/) override {}
    void OnClosed(const Status& /*why*/) override {}

   private:
    ScriptedBroker& broker_;
    Connection connection_;
  };

  sim::SimClock clock_;
  std::unique_ptr<Network> network_;
  LoopContext context_;
  Script script_;
  std::unique_ptr<Listener> listener_;
  std::vector<std::shared_ptr<Peer>> peers_;
};

}  // namespace ottla
