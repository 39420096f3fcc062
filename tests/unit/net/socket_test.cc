// Real sockets over loopback, ports order by the system.
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <future>
#include <random>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "common/base/random.h"
#include "common/env/real_executors.h"
#include "common/env/socket_address.h"
#include "common/env/socket_buffers.h"
#include "common/env/socket_network.h"
#include "common/env/system_clock.h"
#include "common/net/acceptor.h"
#include "common/net/connection.h"

namespace ottla {
namespace {

// Sends every frame back with its length in front.
class EchoOwner final : public Connection::Owner {
 public:
  EchoOwner(LoopContext& context, std::unique_ptr<Stream> stream, const Connection::Options& options)
      : connection_(context, std::move(stream), options, *this) {}
  void OnFrames(std::vector<Frame> frames, MonoTime) override {
    for (Frame& frame : frames) {
      WireSegments answer;
      answer.emplace_back(Prefix(frame.bytes.size()));
      const std::string_view bytes(frame.bytes.data(), frame.bytes.size());
      answer.emplace_back(SharedBytes{std::move(frame.buffer), bytes});
      connection_.Send(std::move(answer));
    }
    connection_.SetReading(!connection_.SendBlocked());
  }
  void OnSendRoom() override { connection_.SetReading(true); }
  void OnBadFrame(const Status&) override { connection_.CloseAfterSending(); }
  void OnClosed(const Status& status) override { why = status; }

  static std::string Prefix(std::size_t size) {
    const std::uint32_t big = __builtin_bswap32(static_cast<std::uint32_t>(size));
    return {reinterpret_cast<const char*>(&big), sizeof big};
  }
  Status why;

 private:
  Connection connection_;
};

// Sends `requests`, expects them back in order.
class Client final : public Connection::Owner {
 public:
  Client(LoopContext& context, Network& network, const Endpoint& to, std::vector<std::string> requests)
      : expected_(std::move(requests)), connection_(context, network, to, {}, *this) {
    for (const std::string& request : expected_) {
      WireSegments segments;
      segments.emplace_back(EchoOwner::Prefix(request.size()));
      segments.emplace_back(request);
      connection_.Send(std::move(segments));
    }
  }
  void OnFrames(std::vector<Frame> frames, MonoTime) override {
    for (const Frame& frame : frames) {
      ASSERT_LT(received_, expected_.size());
      ASSERT_EQ(std::string_view(frame.bytes.data(), frame.bytes.size()), expected_[received_]);
      if (++received_ == expected_.size()) done.set_value(Status::Ok());
    }
  }
  void OnBadFrame(const Status& why) override { done.set_value(why); }
  void OnClosed(const Status& why) override { done.set_value(why); }
  std::promise<Status> done;

 private:
  std::vector<std::string> expected_;
  std::size_t received_ = 0;
  Connection connection_;
};

class SocketTest : public testing::Test {
 protected:
  SocketTest() {
    for (std::size_t i = 0; i < contexts_.size(); ++i) {
      contexts_[i].executor = &executors_.Data(i);
      contexts_[i].clock = &clock_;
    }
    client_context_.executor = &executors_.Control();
    client_context_.clock = &clock_;
  }
  ~SocketTest() override {
    RealExecutors::RunOn(executors_.Data(0), [this] { acceptor_.StopListening(); });
    for (std::size_t i = 0; i < contexts_.size(); ++i) {
      RealExecutors::RunOn(executors_.Data(i), [this, i] { echoes_[i].clear(); });
    }
    executors_.Stop();
  }

  std::uint16_t Listen(const std::string& host, const Connection::Options& options = {}) {
    std::uint16_t port = 0;
    RealExecutors::RunOn(executors_.Data(0), [&] {
      auto bound = acceptor_.Listen(network_, {host, 0}, 50, [this, options](auto stream, auto place) {
        const std::size_t i = place->loop();
        echoes_[i].emplace_back(std::make_unique<EchoOwner>(contexts_[i], std::move(stream), options),
                                std::move(place));
      });
      EXPECT_TRUE(bound.ok()) << bound.status();
      port = bound.ok() ? *bound : 0;
    });
    return port;
  }
  // How the exchange of `requests` ended.
  Status Exchange(const Endpoint& to, std::vector<std::string> requests) {
    std::unique_ptr<Client> client;
    RealExecutors::RunOn(executors_.Control(), [&] {
      client = std::make_unique<Client>(client_context_, network_, to, std::move(requests));
    });
    Status status = client->done.get_future().get();
    RealExecutors::RunOn(executors_.Control(), [&] { client.reset(); });
    return status;
  }

  SystemClock clock_;
  RealExecutors executors_{clock_, {.data_loops = 2}};
  SocketNetwork network_{clock_, {}};
  std::shared_ptr<ConnectionCensus> census_ =
      std::make_shared<ConnectionCensus>(2, ConnectionCensus::Limits{.total = 100, .per_ip = 4});
  Acceptor acceptor_{executors_, census_};
  std::array<LoopContext, 2> contexts_;
  LoopContext client_context_;
  using Echo = std::pair<std::unique_ptr<EchoOwner>, std::unique_ptr<ConnectionCensus::Place>>;
  std::array<std::vector<Echo>, 2> echoes_;
};

TEST_F(SocketTest, FramesOfAllSizesComeBackInOrder) {
  const std::uint16_t port = Listen("127.0.0.1");
  const std::uint64_t seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  Random random(seed);
  std::vector<std::string> requests;
  for (int i = 0; i < 300; ++i) {
    std::string body(1 + random.Below(std::uint64_t{1} << random.Below(i % 20 == 0 ? 23 : 12)), '\0');
    for (char& c : body) c = static_cast<char>(random.Next());
    requests.push_back(std::move(body));
  }
  EXPECT_TRUE(Exchange({"127.0.0.1", port}, requests).ok());
}

// Buffers of the accepted end of the connection whose other end has `port`, as the kernel tells them; {0, 0}: no such.
std::pair<int, int> BuffersOfPeer(std::uint16_t port) {
  for (int fd = 3; fd < 1024; ++fd) {
    sockaddr_in peer{};
    socklen_t length = sizeof peer;
    if (getpeername(fd, reinterpret_cast<sockaddr*>(&peer), &length) != 0 || ntohs(peer.sin_port) != port) continue;
    std::pair<int, int> out;
    socklen_t size = sizeof out.first;
    getsockopt(fd, SOL_SOCKET, SO_SNDBUF, &out.first, &size);
    getsockopt(fd, SOL_SOCKET, SO_RCVBUF, &out.second, &size);
    return out;
  }
  return {};
}

TEST_F(SocketTest, AcceptedConnectionsHaveTheBuffersAskedFor) {
  SocketNetwork network(clock_, {.send_buffer_bytes = 30'000, .receive_buffer_bytes = 40'000});
  std::unique_ptr<Stream> accepted;
  std::promise<void> came;
  std::unique_ptr<Listener> listener;
  RealExecutors::RunOn(executors_.Control(), [&] {
    auto made = network.Listen(executors_.Control(), {"127.0.0.1", 0}, 5, [&](std::unique_ptr<Stream> stream) {
      accepted = std::move(stream);
      came.set_value();
    });
    listener = std::move(made).value();
  });
  const int client = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(listener->port());
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  ASSERT_EQ(connect(client, reinterpret_cast<sockaddr*>(&to), sizeof to), 0);
  came.get_future().wait();
  sockaddr_in own{};
  socklen_t length = sizeof own;
  ASSERT_EQ(getsockname(client, reinterpret_cast<sockaddr*>(&own), &length), 0);
  EXPECT_EQ(BuffersOfPeer(ntohs(own.sin_port)), std::pair(60'000, 80'000));  // Linux doubles what is asked for
  close(client);
  RealExecutors::RunOn(executors_.Control(), [&] {
    accepted.reset();
    listener.reset();
  });
}

TEST_F(SocketTest, NamesAreResolvedAndAllInterfacesServeBothVersions) {
  const std::uint16_t port = Listen("");
  EXPECT_TRUE(Exchange({"localhost", port}, {"by name"}).ok());
  EXPECT_TRUE(Exchange({"127.0.0.1", port}, {"v4"}).ok());
}

TEST(SocketAddress, WhichIsListenedAtFirst) {
  const auto order = [](bool every_interface, const std::vector<std::string>& hosts) {
    std::vector<SocketAddress> addresses;
    for (const std::string& host : hosts) addresses.push_back(Resolve({host, 1}, true, true).value().front());
    OrderForListening(every_interface, addresses);
    std::string text;
    for (SocketAddress& address : addresses) {
      address.SetPort(9);
      text += ToEndpoint(address).ToString() + " ";
    }
    return text;
  };
  EXPECT_EQ(order(false, {"::1", "127.0.0.1"}), "127.0.0.1:9 [::1]:9 ");
  EXPECT_EQ(order(false, {"10.0.0.2", "::1", "10.0.0.1"}), "10.0.0.2:9 10.0.0.1:9 [::1]:9 ");
  EXPECT_EQ(order(false, {"::1"}), "[::1]:9 ");
  EXPECT_EQ(order(true, {"0.0.0.0", "::"}), "[::]:9 0.0.0.0:9 ");
}

TEST_F(SocketTest, ConnectingFailsWithAStatus) {
  std::uint16_t port = Listen("127.0.0.1");
  RealExecutors::RunOn(executors_.Data(0), [this] { acceptor_.StopListening(); });
  EXPECT_EQ(Exchange({"127.0.0.1", port}, {"x"}).code(), StatusCode::kUnavailable);
  EXPECT_EQ(Exchange({"no-such-host.invalid", 1}, {"x"}).code(), StatusCode::kUnavailable);
}

TEST_F(SocketTest, APortInUseIsToldApart) {
  const std::uint16_t port = Listen("127.0.0.1");
  RealExecutors::RunOn(executors_.Data(0), [&] {
    const auto second = network_.Listen(executors_.Data(0), {"127.0.0.1", port}, 1, [](auto) {});
    ASSERT_FALSE(second.ok());
    EXPECT_EQ(second.status().code(), StatusCode::kAlreadyExists);
  });
}

TEST_F(SocketTest, TheLeastBusyLoopGetsTheNextConnectionUpToTheLimit) {
  const std::uint16_t port = Listen("127.0.0.1");
  std::vector<std::unique_ptr<Client>> clients;
  for (int i = 0; i < 4; ++i) {
    RealExecutors::RunOn(executors_.Control(), [&] {
      clients.push_back(std::make_unique<Client>(client_context_, network_, Endpoint{"127.0.0.1", port},
                                                 std::vector<std::string>{"hello"}));
    });
    EXPECT_TRUE(clients.back()->done.get_future().get().ok());
  }
  for (std::size_t i = 0; i < 2; ++i) {
    RealExecutors::RunOn(executors_.Data(i), [&] { EXPECT_EQ(echoes_[i].size(), 2u); });
  }
  EXPECT_FALSE(Exchange({"127.0.0.1", port}, {"one too many for this address"}).ok());
  RealExecutors::RunOn(executors_.Control(), [&] { clients.clear(); });
}

// Reads nothing of an answer larger than any buffer between the two.
int ClientThatDoesNotRead(std::uint16_t port) {
  const SocketAddress to = Resolve({"127.0.0.1", port}, true, true).value().front();
  const int fd = socket(to.family(), SOCK_STREAM | SOCK_CLOEXEC, 0);
  EXPECT_EQ(connect(fd, to.get(), to.length), 0);
  const std::string body(32 << 20, 'x');
  const std::string frame = EchoOwner::Prefix(body.size()) + body;
  for (std::size_t sent = 0; sent < frame.size();) {
    const ssize_t step = send(fd, frame.data() + sent, frame.size() - sent, MSG_NOSIGNAL);
    if (step <= 0) break;
    sent += static_cast<std::size_t>(step);
  }
  return fd;
}

TEST_F(SocketTest, WhoseSocketIsFullCountsAsASenderUntilItGoes) {
  const std::uint16_t port = Listen("127.0.0.1");
  const auto await_senders = [&](std::size_t count) {  // the test's own time limit ends this
    for (std::size_t seen = count + 1; seen != count; std::this_thread::yield()) {
      seen = 0;
      for (std::size_t i = 0; i < contexts_.size(); ++i) {
        RealExecutors::RunOn(executors_.Data(i), [&] { seen += contexts_[i].senders; });
      }
    }
  };
  const int fd = ClientThatDoesNotRead(port);
  await_senders(1);
  close(fd);
  await_senders(0);
  EXPECT_TRUE(Exchange({"127.0.0.1", port}, {"drained at once"}).ok());
  await_senders(0);
}

TEST_F(SocketTest, IdleConnectionsAreClosed) {
  Connection::Options options;
  options.idle_timeout = Millis(30);
  const std::uint16_t port = Listen("127.0.0.1", options);
  std::unique_ptr<Client> client;
  RealExecutors::RunOn(executors_.Control(), [&] {
    client =
        std::make_unique<Client>(client_context_, network_, Endpoint{"127.0.0.1", port}, std::vector<std::string>{});
  });
  EXPECT_EQ(client->done.get_future().get().code(), StatusCode::kClosed);
  RealExecutors::RunOn(executors_.Control(), [&] { client.reset(); });
  RealExecutors::RunOn(executors_.Data(0),
                       [&] { EXPECT_EQ(echoes_[0].at(0).first->why.code(), StatusCode::kTimeout); });
}

TEST_F(SocketTest, ABadLengthClosesAfterTheAnswersBeforeIt) {
  Connection::Options options;
  options.max_frame_bytes = 10;
  const std::uint16_t port = Listen("127.0.0.1", options);
  EXPECT_EQ(Exchange({"127.0.0.1", port}, {"good", "good too", "far too long for here"}).code(), StatusCode::kClosed);
}

TEST(SocketBuffers, ALargerSendBufferIsAskedForOnlyWhereItIsLargerThanTheSystemsOwn) {
  constexpr int kMiB = 1 << 20;
  EXPECT_EQ(RoomySendBuffer(212'992, 4 * kMiB), 0) << "Debian as it comes: a fixed buffer of 416 KiB would be a loss";
  EXPECT_EQ(RoomySendBuffer(2 * kMiB, 4 * kMiB), 0) << "counts double, and is no more then";
  EXPECT_EQ(RoomySendBuffer(3 * kMiB, 4 * kMiB), 3 * kMiB);
  EXPECT_EQ(RoomySendBuffer(4 * kMiB, 4 * kMiB), 4 * kMiB);
  EXPECT_EQ(RoomySendBuffer(64 * kMiB, 4 * kMiB), 4 * kMiB);
  EXPECT_EQ(RoomySendBuffer(64 * kMiB, 16 * kMiB), 0);
}

}  // namespace
}  // namespace ottla
