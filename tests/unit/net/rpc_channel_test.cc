// Against a scripted broker on a real socket; its answers are made by hand.
#include "common/net/rpc_channel.h"

#include <gtest/gtest.h>

#include <deque>
#include <functional>
#include <future>
#include <string>
#include <vector>

#include "common/env/real_executors.h"
#include "common/env/socket_network.h"
#include "common/env/system_clock.h"
#include "common/protocol/messages/12_heartbeat.h"
#include "common/protocol/messages/18_api_versions.h"

namespace ottla {
namespace {

constexpr auto kHeartbeat = static_cast<std::int16_t>(ApiKey::kHeartbeat);

// What the peer does with one request; gives the answer's frame, or nothing.
using Script = std::function<std::string(const RequestHeader&)>;

class Peer final : public Connection::Owner {
 public:
  Peer(LoopContext& context, std::unique_ptr<Stream> stream, Script script)
      : script_(std::move(script)), connection_(context, std::move(stream), {}, *this) {}
  void OnFrames(std::vector<Frame> frames, MonoTime) override {
    for (const Frame& frame : frames) {
      const ParsedRequest parsed = ParseRequestHeader({frame.bytes.data(), frame.bytes.size()});
      ASSERT_EQ(parsed.verdict, HeaderVerdict::kOk);
      std::string answer = script_(parsed.header);
      if (answer == "close") {
        connection_.Close();
        return;
      }
      if (answer.empty()) continue;
      WireSegments segments;
      segments.emplace_back(std::move(answer));
      connection_.Send(std::move(segments));
    }
  }
  void OnBadFrame(const Status&) override {}
  void OnClosed(const Status&) override {}

 private:
  Script script_;
  Connection connection_;
};

template <class T>
std::string Answer(const RequestHeader& header, const T& message) {
  EncodedBody frame;
  EXPECT_TRUE(EncodeResponseFrame(header.api_version, header.correlation_id, message, &frame).ok());
  return frame.bytes;
}

std::string HeartbeatAnswer(const RequestHeader& header, std::int32_t throttle_ms) {
  HeartbeatResponse response;
  response.throttle_time_ms = throttle_ms;
  return Answer(header, response);
}

class RpcChannelTest : public testing::Test {
 protected:
  RpcChannelTest() {
    context_.executor = &executors_.Data(0);
    context_.clock = &clock_;
  }
  ~RpcChannelTest() override {
    OnLoop([this] {
      channel_.reset();
      peers_.clear();
      listener_.reset();
    });
    executors_.Stop();
  }
  void OnLoop(Task task) { RealExecutors::RunOn(executors_.Data(0), std::move(task)); }

  void Start(Script script, RpcChannel::Options options = {}) {
    OnLoop([&] {
      auto listener = network_.Listen(executors_.Data(0), {"127.0.0.1", 0}, 10, [this, script](auto stream) {
        peers_.push_back(std::make_unique<Peer>(context_, std::move(stream), script));
      });
      ASSERT_TRUE(listener.ok()) << listener.status();
      listener_ = std::move(*listener);
      options.client_id = "tester";
      channel_ = std::make_unique<RpcChannel>(context_, network_, 1, Endpoint{"127.0.0.1", listener_->port()}, options);
    });
  }
  // What a call of `key` in a version that the peer knows comes to: "12", or the code of the failure.
  std::string Negotiated(std::int16_t key, std::int16_t lowest, std::int16_t highest) {
    std::promise<std::string> done;
    OnLoop([&] {
      channel_->CallNegotiated(
          key, lowest, highest,
          [](std::int16_t version, EncodedBody* body) { return Encode(HeartbeatRequest{}, version, body); },
          [&done](const Result<RpcReply>& reply) { done.set_value(Describe(reply)); });
    });
    return done.get_future().get();
  }
  std::future<std::string> Heartbeat(Micros timeout = Micros{0}) {
    auto done = std::make_shared<std::promise<std::string>>();
    auto result = done->get_future();
    OnLoop([&] {
      HeartbeatRequest request;
      request.group_id = "g";
      channel_->Call(
          request, 4, [done](Result<RpcReply> reply) { done->set_value(Describe(reply)); }, timeout);
    });
    return result;
  }
  static std::string Describe(const Result<RpcReply>& reply) {
    if (!reply.ok()) return std::string(ToString(reply.status().code()));
    HeartbeatResponse response;
    const Status status = reply->DecodeInto(&response);
    return status.ok() ? std::to_string(response.throttle_time_ms) : status.ToString();
  }
  static std::string Code(StatusCode code) { return std::string(ToString(code)); }

  SystemClock clock_;
  RealExecutors executors_{clock_, {}};
  SocketNetwork network_{clock_, {}};
  LoopContext context_;
  std::vector<std::unique_ptr<Peer>> peers_;
  std::unique_ptr<Listener> listener_;
  std::unique_ptr<RpcChannel> channel_;
};

TEST_F(RpcChannelTest, CallsAreAnsweredInOrderOneInFlight) {
  int served = 0;
  Start([&](const RequestHeader& header) {
    EXPECT_EQ(header.client_id, "tester");
    EXPECT_EQ(header.correlation_id, served);
    return HeartbeatAnswer(header, ++served);
  });
  std::vector<std::future<std::string>> answers;
  for (int i = 0; i < 50; ++i) answers.push_back(Heartbeat());
  for (int i = 0; i < 50; ++i) EXPECT_EQ(answers[static_cast<std::size_t>(i)].get(), std::to_string(i + 1));
}

TEST_F(RpcChannelTest, ALostConnectionFailsWhatWasSentAndTheNextCallConnectsAgain) {
  int served = 0;
  Start([&](const RequestHeader& header) {
    ++served;
    return served == 1 ? "close" : HeartbeatAnswer(header, served);
  });
  EXPECT_EQ(Heartbeat().get(), Code(StatusCode::kUnavailable));
  EXPECT_EQ(Heartbeat().get(), "2");
  OnLoop([this] { EXPECT_EQ(peers_.size(), 2u); });
}

TEST_F(RpcChannelTest, NoAnswerIsATimeoutAndClosesTheConnection) {
  int served = 0;
  Start([&](const RequestHeader& header) { return ++served == 1 ? "" : HeartbeatAnswer(header, served); });
  auto first = Heartbeat(Millis(20));
  auto behind = Heartbeat();
  EXPECT_EQ(first.get(), Code(StatusCode::kTimeout));
  EXPECT_EQ(behind.get(), Code(StatusCode::kUnavailable));
  EXPECT_EQ(Heartbeat().get(), "2");
}

TEST_F(RpcChannelTest, AnAnswerToAnotherRequestIsFatal) {
  Start([](RequestHeader header) {
    header.correlation_id += 1;
    return HeartbeatAnswer(header, 1);
  });
  EXPECT_EQ(Heartbeat().get(), Code(StatusCode::kCorrupt));
}

TEST_F(RpcChannelTest, RefusedConnectionsFailAndArePacedByTheChannel) {
  RpcChannel::Options options;
  options.backoff_min = Millis(10);
  options.backoff_max = Millis(40);
  Start([](const RequestHeader&) { return ""; }, options);
  OnLoop([this] { listener_.reset(); });
  const MonoTime start = clock_.Now();
  for (int i = 0; i < 4; ++i) EXPECT_EQ(Heartbeat().get(), Code(StatusCode::kUnavailable));
  // Pauses of 10, 20 and 40 ms, each at most a fifth shorter.
  EXPECT_GE(clock_.Now() - start, Millis(56));
}

TEST_F(RpcChannelTest, VersionsAreAgreedOnceAConnection) {
  int api_versions = 0;
  RpcChannel::Options options;
  options.negotiate = true;
  Start(
      [&](const RequestHeader& header) {
        if (header.api_key == kHeartbeat) return HeartbeatAnswer(header, header.api_version);
        ++api_versions;
        ApiVersionsResponse response;
        response.api_keys.push_back({.api_key = kHeartbeat, .min_version = 1, .max_version = 3});
        return Answer(header, response);
      },
      options);
  struct Case {
    std::int16_t key, min, max;
    std::string expected;
  };
  const Case cases[] = {
      {kHeartbeat, 0, 4, "3"},
      {kHeartbeat, 0, 2, "2"},
      {kHeartbeat, 4, 4, Code(StatusCode::kUnsupported)},
      {kHeartbeat, 0, 0, Code(StatusCode::kUnsupported)},
      {11, 0, 4, Code(StatusCode::kUnsupported)},
  };
  for (const Case& c : cases) {
    EXPECT_EQ(Negotiated(c.key, c.min, c.max), c.expected);
  }
  EXPECT_EQ(api_versions, 1);
}

// What peers say to an ApiVersions above theirs: since 2.4 the row of that API, before nothing.
TEST_F(RpcChannelTest, AnOlderPeerIsAskedForItsVersionsAgain) {
  struct Case {
    std::int16_t known;  // highest
    bool says_so;
    std::vector<std::int16_t> asked;
  };
  const Case cases[] = {{4, true, {4}}, {3, true, {4, 3}}, {2, false, {4, 0}}, {0, true, {4, 0}}};
  for (const Case& c : cases) {
    std::vector<std::int16_t> asked;
    RpcChannel::Options options;
    options.negotiate = true;
    Start(
        [&asked, c](RequestHeader header) {
          if (header.api_key == kHeartbeat) return HeartbeatAnswer(header, header.api_version);
          asked.push_back(header.api_version);
          ApiVersionsResponse response;
          if (header.api_version > c.known) {
            header.api_version = 0;
            response.error_code = ErrorCode::kUnsupportedVersion;
            if (c.says_so) response.api_keys.push_back({.api_key = 18, .min_version = 0, .max_version = c.known});
          } else {
            response.api_keys.push_back({.api_key = kHeartbeat, .min_version = 0, .max_version = 2});
          }
          return Answer(header, response);
        },
        options);
    EXPECT_EQ(Negotiated(kHeartbeat, 0, 4), "2");
    OnLoop([this] {
      channel_.reset();
      peers_.clear();
    });
    EXPECT_EQ(asked, c.asked);
  }
}

TEST_F(RpcChannelTest, ARefusalOfTheLowestVersionEndsTheConnection) {
  RpcChannel::Options options;
  options.negotiate = true;
  Start(
      [](RequestHeader header) {
        ApiVersionsResponse response;
        response.error_code = ErrorCode::kUnsupportedVersion;
        header.api_version = 0;
        return Answer(header, response);
      },
      options);
  EXPECT_EQ(Negotiated(kHeartbeat, 0, 4), Code(StatusCode::kUnavailable));
}

TEST_F(RpcChannelTest, CallbacksMayEndTheChannelAndACallAfterAMoveGoesToTheNewPlace) {
  Start([](const RequestHeader& header) { return HeartbeatAnswer(header, 7); });
  EXPECT_EQ(Heartbeat().get(), "7");
  OnLoop([this] { channel_->SetEndpoint({"localhost", listener_->port()}); });
  EXPECT_EQ(Heartbeat().get(), "7");
  OnLoop([this] { EXPECT_EQ(peers_.size(), 2u); });
  std::promise<void> ended;
  OnLoop([&] {
    channel_->Call(HeartbeatRequest{}, 4, [&](const Result<RpcReply>&) {
      channel_.reset();
      ended.set_value();
    });
  });
  ended.get_future().wait();
}

}  // namespace
}  // namespace ottla
