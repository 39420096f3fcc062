// Server and clients on a bad network: short reads and writes, broken and cut connections, a server that is killed.
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <random>
#include <set>
#include <utility>
#include <vector>

#include "broker/server/socket_server.h"
#include "common/net/rpc_channel.h"
#include "common/protocol/messages/12_heartbeat.h"
#include "tests/sim/env/sim_world.h"

namespace ottla::sim {
namespace {

constexpr int kServer = 0;
constexpr int kClient = 1;

// Answers a heartbeat with its generation, some time later, from some loop. Also checks the server's promise: one
// serial request of a connection at a time.
class LateHandler final : public RequestHandler {
 public:
  LateHandler(SimWorld& world, SimNode& node) : world_(world), node_(node) {}
  RequestClass Classify(const ConnectionInfo&, std::int16_t, std::int16_t) const override {
    return RequestClass::kSerial;
  }
  void Handle(RequestContext request, Responder responder) override {
    EXPECT_TRUE(under_way_.insert(request.connection->id).second) << "two serial requests at a time";
    HeartbeatRequest message;
    EXPECT_TRUE(Decode({request.body.data(), request.body.size()}, request.header.api_version, &message).ok());
    Executor& other = node_.executors().Data(world_.scheduler().random().Below(node_.executors().data_loops()));
    const auto delay = world_.scheduler().Between(Micros(0), Millis(3));
    other.Post([this, &other, delay, id = request.connection->id, version = request.header.api_version,
                generation = message.generation_id, r = std::move(responder)]() mutable {
      other.RunAfter(delay, [this, id, version, generation, r = std::move(r)]() mutable {
        Responder::OnLoop(std::move(r), [this, id, version, generation](Responder back) {
          under_way_.erase(id);
          HeartbeatResponse answer;
          answer.throttle_time_ms = generation;
          EncodedBody body;
          EXPECT_TRUE(Encode(answer, version, &body).ok());
          Response response;
          response.header_version = ResponseHeaderVersion(12, version);
          response.body.emplace_back(std::move(body.bytes));
          back.Respond(std::move(response));
        });
      });
    });
  }
  void OnConnectionClosed(const ConnectionInfo& connection) override { under_way_.erase(connection.id); }

 private:
  SimWorld& world_;
  SimNode& node_;
  std::set<std::uint64_t> under_way_;
};

struct ServerProcess {
  ServerProcess(SimWorld& world, SimNode& node)
      : handler(world, node), sockets(node.executors(), node.network(), node.clock(), handler, {}) {
    sockets.Start({{.name = "PLAINTEXT", .bind = {"", 9092}}}, [](auto ports) { ASSERT_TRUE(ports.ok()); });
  }
  LateHandler handler;
  SocketServer sockets;
};

// Calls without end until told to stop; each call must be answered once.
class Caller {
 public:
  Caller(SimNode& node, std::uint64_t seed) : executor_(node.executors().Control()) {
    context_.executor = &executor_;
    context_.clock = &node.clock();
    RpcChannel::Options options;
    options.max_in_flight = 8;
    options.request_timeout = Millis(500);
    channel_ = std::make_unique<RpcChannel>(context_, node.network(), seed, Endpoint{"n0", 9092}, options);
  }
  void Call() {
    const std::int32_t number = next_++;
    open_.insert(number);
    HeartbeatRequest request;
    request.generation_id = number;
    channel_->Call(request, 4, [this, number](const Result<RpcReply>& reply) {
      EXPECT_EQ(open_.erase(number), 1u) << "answered twice";
      if (reply.ok()) {
        HeartbeatResponse answer;
        EXPECT_TRUE(reply->DecodeInto(&answer).ok());
        EXPECT_EQ(answer.throttle_time_ms, number) << "another request's answer";
        ++good;
      } else {
        ++failed;
      }
      if (!stop) Call();
    });
  }
  bool idle() const { return open_.empty(); }
  int good = 0;
  int failed = 0;
  bool stop = false;

 private:
  Executor& executor_;
  LoopContext context_;
  std::set<std::int32_t> open_;
  std::int32_t next_ = 0;
  std::unique_ptr<RpcChannel> channel_;
};

void RunSeed(std::uint64_t seed) {
  SCOPED_TRACE("seed " + std::to_string(seed));
  SimWorld world(seed);
  SimNode& server_node = world.AddNode({.data_loops = 3});
  SimNode& client_node = world.AddNode({});
  server_node.Boot();
  client_node.Boot();
  auto server = std::make_unique<ServerProcess>(world, server_node);
  std::vector<std::unique_ptr<Caller>> callers;
  client_node.executors().control().Run([&] {
    for (int i = 0; i < 5; ++i) {
      callers.push_back(std::make_unique<Caller>(client_node, seed + static_cast<std::uint64_t>(i)));
      for (int n = 0; n < 6; ++n) callers.back()->Call();
    }
  });
  world.net().faults().reset = 0.002;
  world.net().faults().short_read = 0.5;
  world.net().faults().short_write = 0.5;
  for (int round = 0; round < 6; ++round) {
    world.RunFor(world.scheduler().Between(Millis(50), Millis(400)));
    if (round % 3 == 0) {
      world.net().Cut(kServer, kClient);
      world.RunFor(world.scheduler().Between(Millis(1), Millis(900)));
      world.net().HealAll();
    } else if (round % 3 == 1) {
      server_node.Kill([&server] { server.reset(); });
      world.RunFor(Millis(100));
      server_node.Boot();
      server = std::make_unique<ServerProcess>(world, server_node);
    }
  }
  world.net().faults().reset = 0;
  const auto good = [&callers] {
    int sum = 0;
    for (const auto& caller : callers) sum += caller->good;
    return sum;
  };
  const int before = good();
  EXPECT_TRUE(world.RunUntil([&] { return good() > before + 100; }, std::chrono::minutes(1)));
  for (const auto& caller : callers) caller->stop = true;
  EXPECT_TRUE(world.RunUntil(
      [&] { return std::all_of(callers.begin(), callers.end(), [](const auto& caller) { return caller->idle(); }); },
      std::chrono::minutes(1)));
  client_node.Kill([&callers] { callers.clear(); });
  server_node.Kill([&server] { server.reset(); });
}

TEST(ServerSim, EveryCallIsAnsweredOnceWithItsOwnAnswer) {
  const std::uint64_t seed = std::random_device{}();
  for (std::uint64_t i = 0; i < 20; ++i) RunSeed(seed + i);
}

}  // namespace
}  // namespace ottla::sim
