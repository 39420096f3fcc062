#include "tests/sim/env/sim_net.h"

#include <gtest/gtest.h>

#include <optional>
#include <set>

#include "tests/sim/env/sim_world.h"

namespace ottla::sim {
namespace {

// Sends `to_send`, keeps what it reads, and echoes if told to.
class Talker final : public Stream::Handler {
 public:
  explicit Talker(bool echo) : echo_(echo) {}
  void Hold(std::unique_ptr<Stream> stream) { stream_ = std::move(stream); }
  void Say(const std::string& bytes) {
    pending_ += bytes;
    stream_->EnableWrite(true);
  }
  void OnConnected(Status status) override {
    connected = status;
    if (status.ok()) stream_->EnableRead(true);
  }
  void OnReadable() override {
    char bytes[1000];
    const IoResult result = stream_->Read(bytes);
    if (result.kind == IoResult::Kind::kOk) {
      heard.append(bytes, result.bytes);
      if (echo_) Say(std::string(bytes, result.bytes));
    } else if (result.kind != IoResult::Kind::kWouldBlock) {
      ended = result.kind;
      stream_->EnableRead(false);
    }
  }
  void OnWritable() override {
    const iovec part{pending_.data(), pending_.size()};
    const IoResult result = stream_->Write({&part, 1}, false);
    if (result.kind == IoResult::Kind::kError) {
      ended = result.kind;
      pending_.clear();
    }
    pending_.erase(0, result.bytes);
    if (pending_.empty()) stream_->EnableWrite(false);
  }
  Stream& stream() { return *stream_; }
  void Drop() { stream_.reset(); }
  std::size_t pending() const { return pending_.size(); }

  std::optional<Status> connected;
  std::optional<IoResult::Kind> ended;
  std::string heard;

 private:
  const bool echo_;
  std::string pending_;
  std::unique_ptr<Stream> stream_;
};

struct Pair {
  explicit Pair(std::uint64_t seed, bool echo = true) : world(seed), server(echo), client(false) {
    world.AddNode().Boot();
    world.AddNode().Boot();
    loop(1).Run([this] {
      listener = world.node(1)
                     .network()
                     .Listen(loop(1), {"", 9092}, 10,
                             [this](std::unique_ptr<Stream> stream) {
                               Stream* const raw = stream.get();
                               server.Hold(std::move(stream));
                               raw->Attach(loop(1), &server);
                               raw->EnableRead(true);
                             })
                     .value();
    });
    Connect({"n1", 9092});
  }
  ~Pair() {
    for (int i = 0; i < 2; ++i) {
      if (world.node(i).alive()) world.node(i).Kill(nullptr);
    }
    client.Drop();
    server.Drop();
    listener.reset();
  }
  void Connect(const Endpoint& to) {
    loop(0).Run([this, to] { client.Hold(world.node(0).network().Connect(loop(0), to, &client)); });
  }
  void Say(const std::string& bytes) {
    loop(0).Run([&] { client.Say(bytes); });
  }
  SimExecutor& loop(int node) { return world.node(node).executors().control(); }

  SimWorld world;
  Talker server, client;
  std::unique_ptr<Listener> listener;
};

std::string Numbers(int count) {
  std::string text;
  for (int i = 0; i < count; ++i) text += std::to_string(i) + " ";
  return text;
}

TEST(SimNet, PingComesBackWholeAndInOrder) {
  Pair pair(1);
  const std::string bytes = Numbers(100'000);  // more than all socket buffers
  ASSERT_TRUE(pair.world.RunUntil([&] { return pair.client.connected.has_value(); }, Millis(100)));
  EXPECT_TRUE(pair.client.connected->ok());
  EXPECT_EQ(pair.client.stream().peer().ToString(), "10.0.0.2:9092");
  pair.Say(bytes);
  ASSERT_TRUE(pair.world.RunUntil([&] { return pair.client.heard.size() == bytes.size(); }, Millis(60'000)));
  EXPECT_EQ(pair.client.heard, bytes);
  EXPECT_GT(pair.world.fired().at("net.short_read"), 0U);
  EXPECT_GT(pair.world.fired().at("net.short_write"), 0U);
}

TEST(SimNet, SameSeedSameHashOtherSeedOtherHash) {
  const auto hash = [](std::uint64_t seed) {
    Pair pair(seed);
    pair.world.RunFor(Millis(10));
    pair.Say(Numbers(5000));
    pair.world.RunFor(Millis(2000));
    return pair.world.scheduler().trace_hash();
  };
  EXPECT_EQ(hash(7), hash(7));
  EXPECT_NE(hash(7), hash(8));
}

TEST(SimNet, RefusedUnknownAndPortInUse) {
  Pair pair(1);
  pair.world.RunFor(Millis(10));
  EXPECT_EQ(pair.world.node(1).network().Listen(pair.loop(1), {"", 9092}, 1, nullptr).status().code(),
            StatusCode::kAlreadyExists);
  for (const Endpoint& to : {Endpoint{"n1", 1}, Endpoint{"nowhere", 9092}}) {
    pair.client.connected.reset();
    pair.loop(0).Run([&] { pair.client.Drop(); });
    pair.Connect(to);
    ASSERT_TRUE(pair.world.RunUntil([&] { return pair.client.connected.has_value(); }, Millis(1000)));
    EXPECT_EQ(pair.client.connected->code(), StatusCode::kUnavailable) << to.ToString();
  }
}

TEST(SimNet, WriterIsHeldBackByASlowReader) {
  Pair pair(1, false);
  pair.world.RunFor(Millis(10));
  pair.world.node(1).SetPaused(true);
  const std::string bytes = Numbers(100'000);
  pair.Say(bytes);
  pair.world.RunFor(Millis(5000));
  EXPECT_EQ(pair.client.pending(), bytes.size() - pair.world.net().faults().socket_buffer);
  pair.world.node(1).SetPaused(false);
  ASSERT_TRUE(pair.world.RunUntil([&] { return pair.server.heard.size() == bytes.size(); }, Millis(60'000)));
  EXPECT_EQ(pair.server.heard, bytes);
}

TEST(SimNet, CutLinkHoldsBytesUntilHealedOrBreaks) {
  for (const bool heal : {true, false}) {
    Pair pair(3);
    pair.world.RunFor(Millis(10));
    pair.world.net().Cut(0, 1);
    pair.Say("hello");
    pair.world.RunFor(Millis(2000));
    EXPECT_EQ(pair.server.heard, "");
    if (heal) pair.world.net().HealAll();
    pair.world.RunFor(Millis(40'000));
    EXPECT_EQ(pair.client.heard, heal ? "hello" : "");
    EXPECT_EQ(pair.client.ended.has_value(), !heal);
    EXPECT_EQ(pair.server.ended.has_value(), !heal);
  }
}

TEST(SimNet, CloseGivesEofAfterTheBytes) {
  Pair pair(1);
  pair.world.RunFor(Millis(10));
  pair.Say("last words");
  pair.world.RunFor(Millis(10));
  pair.loop(1).Run([&] { pair.server.Drop(); });
  pair.world.RunFor(Millis(10));
  EXPECT_EQ(pair.client.heard, "last words");
  EXPECT_EQ(pair.client.ended, IoResult::Kind::kEof);
}

TEST(SimNet, AKilledProcessEndsItsConnectionsAndAMachineWithoutPowerFallsSilent) {
  for (const bool power_lost : {false, true}) {
    Pair pair(1);
    pair.world.RunFor(Millis(10));
    if (power_lost) {
      pair.world.node(1).LosePower([&] { pair.server.Drop(); });
    } else {
      pair.world.node(1).Kill([&] { pair.server.Drop(); });
    }
    pair.world.RunFor(Millis(100));
    EXPECT_EQ(pair.client.ended.has_value(), !power_lost);
    pair.world.node(1).Boot();
    EXPECT_TRUE(pair.world.node(1).network().Listen(pair.loop(1), {"", 9092}, 1, nullptr).ok());
  }
}

// Said before or after the machine is back: its kernel knows of no such connection and says so.
TEST(SimNet, ARestartedMachineResetsItsOldConnections) {
  for (const bool while_down : {false, true}) {
    Pair pair(1);
    pair.world.RunFor(Millis(10));
    pair.world.node(1).LosePower([&] { pair.server.Drop(); });
    pair.world.RunFor(Millis(100));
    if (while_down) pair.Say("anybody there?");
    pair.world.RunFor(Millis(100));
    pair.world.node(1).Boot();
    pair.world.RunFor(Millis(100));
    EXPECT_EQ(pair.client.ended.has_value(), while_down);
    pair.Say("and now?");
    pair.world.RunFor(Millis(100));
    EXPECT_EQ(pair.client.ended, IoResult::Kind::kError);
  }
}

TEST(SimNet, KeepalivesTellOfAMachineWithoutPowerOrNothingDoes) {
  std::set<bool> seen;
  for (std::uint64_t seed = 1; seed < 20; ++seed) {
    Pair pair(seed);
    pair.world.RunFor(Millis(10));
    pair.world.node(1).LosePower([&] { pair.server.Drop(); });
    pair.world.RunFor(Millis(40'000));
    seen.insert(pair.client.ended.has_value());
  }
  EXPECT_EQ(seen.size(), 2U);
}

TEST(SimNet, SendFileReadsTheDisk) {
  Pair pair(1);
  pair.world.RunFor(Millis(10));
  std::shared_ptr<File> file = pair.world.node(0).files().Open("/f", OpenMode::kCreate).value();
  ASSERT_TRUE(file->Write("0123456789", 0).ok());
  std::uint64_t at = 2;
  while (at < 8) {
    pair.loop(0).Run([&] { at += pair.client.stream().SendFile(*file, at, 8 - at).bytes; });
  }
  pair.loop(0).Run([&] { EXPECT_EQ(pair.client.stream().SendFile(*file, 10, 5).kind, IoResult::Kind::kError); });
  pair.world.RunFor(Millis(50));
  EXPECT_EQ(pair.client.heard, "234567");
}

}  // namespace
}  // namespace ottla::sim
