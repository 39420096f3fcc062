// The whole way from a socket to a handler and back, over loopback, with three loops.
#include "broker/server/socket_server.h"

#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <future>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "common/env/real_executors.h"
#include "common/env/socket_network.h"
#include "common/env/system_clock.h"
#include "common/net/rpc_channel.h"
#include "common/protocol/messages/00_produce.h"
#include "common/protocol/messages/12_heartbeat.h"

namespace ottla {
namespace {

// Answers Heartbeat from another loop than the connection's, and never answers Produce.
class Handler final : public RequestHandler {
 public:
  explicit Handler(Executors& executors) : executors_(executors) {}
  RequestClass Classify(const ConnectionInfo&, std::int16_t key, std::int16_t) const override {
    return key == 0 ? RequestClass::kPipelined : RequestClass::kSerial;
  }
  void Handle(RequestContext request, Responder responder) override {
    EXPECT_TRUE(request.connection->loop->OnThread());
    if (request.header.api_key == 0) {
      parked.fetch_add(1);
      executors_.Control().Post([this, r = std::move(responder), request = std::move(request)]() mutable {
        held_.emplace_back(std::move(request), std::move(r));
      });
      return;
    }
    Executor& other = executors_.Data((request.connection->loop_index + 1) % executors_.data_loops());
    other.Post([version = request.header.api_version, r = std::move(responder)]() mutable {
      Responder::OnLoop(std::move(r), [version](Responder back) {
        EncodedBody body;
        EXPECT_TRUE(Encode(HeartbeatResponse{}, version, &body).ok());
        Response response;
        response.header_version = ResponseHeaderVersion(12, version);
        response.body.emplace_back(std::move(body.bytes));
        back.Respond(std::move(response));
      });
    });
  }
  void OnConnectionClosed(const ConnectionInfo&) override { closed.fetch_add(1); }

  std::atomic<int> parked{0};
  std::atomic<int> closed{0};

 private:
  Executors& executors_;
  std::vector<std::pair<RequestContext, Responder>> held_;
};

class SocketServerTest : public testing::Test {
 protected:
  SocketServerTest() {
    client_.executor = &executors_.Control();
    client_.clock = &clock_;
  }
  ~SocketServerTest() override { executors_.Stop(); }

  std::uint16_t Start(SocketServer::Options options) {
    server_ = std::make_unique<SocketServer>(executors_, network_, clock_, handler_, options);
    std::promise<std::uint16_t> port;
    server_->Start({{.name = "PLAINTEXT", .bind = {"127.0.0.1", 0}}},
                   [&](auto ports) { port.set_value(ports.ok() ? ports->at(0) : 0); });
    return port.get_future().get();
  }
  void Stop() {
    std::promise<void> stopped;
    server_->Stop([&] { stopped.set_value(); });
    stopped.get_future().wait();
  }
  std::unique_ptr<RpcChannel> Connect(std::uint16_t port, std::size_t in_flight) {
    RpcChannel::Options options;
    options.max_in_flight = in_flight;
    return std::make_unique<RpcChannel>(client_, network_, 1, Endpoint{"127.0.0.1", port}, options);
  }

  SystemClock clock_;
  RealExecutors executors_{clock_, {.data_loops = 3}};
  SocketNetwork network_{clock_, {}};
  Handler handler_{executors_};
  LoopContext client_;
  std::unique_ptr<SocketServer> server_;
};

TEST_F(SocketServerTest, ManyClientsOnAllLoopsGetTheirAnswers) {
  const std::uint16_t port = Start({});
  constexpr int kClients = 20;
  constexpr int kCalls = 50;
  std::vector<std::unique_ptr<RpcChannel>> channels;
  std::atomic<int> left{kClients * kCalls};
  std::promise<void> done;
  RealExecutors::RunOn(executors_.Control(), [&] {
    for (int i = 0; i < kClients; ++i) {
      channels.push_back(Connect(port, 10));
      for (int n = 0; n < kCalls; ++n) {
        channels.back()->Call(HeartbeatRequest{}, 4, [&](const Result<RpcReply>& reply) {
          EXPECT_TRUE(reply.ok()) << reply.status();
          if (--left == 0) done.set_value();
        });
      }
    }
  });
  done.get_future().wait();
  EXPECT_EQ(server_->connections(), static_cast<std::size_t>(kClients));
  RealExecutors::RunOn(executors_.Control(), [&] { channels.clear(); });
  Stop();
  EXPECT_EQ(handler_.closed, kClients);
  EXPECT_EQ(server_->connections(), 0u);
}

TEST_F(SocketServerTest, StoppingDropsWhatIsUnansweredWithoutABug) {
  const std::uint16_t port = Start({});
  std::unique_ptr<RpcChannel> channel;
  std::promise<void> failed;
  RealExecutors::RunOn(executors_.Control(), [&] {
    channel = Connect(port, 3);
    for (int i = 0; i < 3; ++i) {
      channel->Call(ProduceRequest{}, 9, [&, i](const Result<RpcReply>& reply) {
        EXPECT_FALSE(reply.ok());
        if (i == 2) failed.set_value();
      });
    }
  });
  while (handler_.parked < 3) std::this_thread::yield();
  Stop();
  failed.get_future().wait();
  RealExecutors::RunOn(executors_.Control(), [&] { channel.reset(); });
}

// Each announces 50 MB and sends ten bytes.
class Liar final : public Stream::Handler {
 public:
  Liar(Network& network, Executor& executor, std::uint16_t port, std::function<void()> sent)
      : sent_(std::move(sent)), stream_(network.Connect(executor, {"127.0.0.1", port}, this)) {}
  void OnConnected(Status status) override {
    EXPECT_TRUE(status.ok()) << status;
    char bytes[14] = {0x02, static_cast<char>(0xFA), static_cast<char>(0xF0), static_cast<char>(0x80)};
    const iovec part{bytes, sizeof bytes};
    EXPECT_EQ(stream_->Write({&part, 1}, false).bytes, sizeof bytes);
    sent_();
  }
  void OnReadable() override {}
  void OnWritable() override {}

 private:
  std::function<void()> sent_;
  std::unique_ptr<Stream> stream_;
};

TEST_F(SocketServerTest, LongAnnouncementsCostNextToNothingAndOthersAreServed) {
  SocketServer::Options options;
  options.memory_bytes = 32 << 20;
  options.backlog = 1000;
  const std::uint16_t port = Start(options);
  constexpr int kLiars = 500;
  std::vector<std::unique_ptr<Liar>> liars;
  std::atomic<int> left{kLiars};
  std::promise<void> all;
  RealExecutors::RunOn(executors_.Control(), [&] {
    for (int i = 0; i < kLiars; ++i) {
      liars.push_back(std::make_unique<Liar>(network_, executors_.Control(), port, [&] {
        if (--left == 0) all.set_value();
      }));
    }
  });
  all.get_future().wait();
  while (server_->connections() < kLiars) std::this_thread::yield();
  std::unique_ptr<RpcChannel> channel;
  std::promise<bool> served;
  RealExecutors::RunOn(executors_.Control(), [&] {
    channel = Connect(port, 1);
    channel->Call(HeartbeatRequest{}, 4, [&](const Result<RpcReply>& reply) { served.set_value(reply.ok()); });
  });
  EXPECT_TRUE(served.get_future().get());
  EXPECT_LE(server_->request_bytes(), 500u * (16 << 10) + 4096);
  RealExecutors::RunOn(executors_.Control(), [&] {
    channel.reset();
    liars.clear();
  });
  Stop();
  EXPECT_EQ(server_->request_bytes(), 0u);
}

}  // namespace
}  // namespace ottla
