// A broker's place in ZooKeeper: paths, cluster id, registration; over connections that are lost at any moment.
#include "broker/server/registration.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>

#include "common/zk/zk_paths.h"
#include "tests/sim/env/sim_world.h"

namespace ottla {
namespace {

using testing::HasSubstr;

zk::BrokerRegistration At(const std::string& host, std::int32_t port) {
  zk::BrokerRegistration registration;
  registration.endpoints = {{"PLAINTEXT", "PLAINTEXT", host, port}};
  return registration;
}

// One process with a session of its own.
struct Process {
  explicit Process(sim::SimWorld& w) : world(w), node(w.AddNode()) {
    node.Boot();
    registration = std::make_unique<Registration>(node.executors().Control(), node.zk(), node.clock(), Random(3));
    node.executors().Control().Post([this] {
      node.zk().Start(
          [this](ZkClient::SessionState state) { connected |= state == ZkClient::SessionState::kConnected; });
    });
    EXPECT_TRUE(world.RunUntil([this] { return connected; }, Millis(60'000)));
  }
  ~Process() {
    node.Kill([this] { registration.reset(); });
  }

  template <class T, class Start>
  std::optional<T> Await(Start start, Millis limit = Millis(300'000)) {
    auto result = std::make_shared<std::optional<T>>();
    node.executors().Control().Post(
        [start, result] { start([result](T value) { result->emplace(std::move(value)); }); });
    world.RunUntil([&] { return result->has_value(); }, limit);
    return *result;
  }
  std::optional<Result<std::string>> Prepare() {
    return Await<Result<std::string>>([this](auto done) { registration->Prepare(std::move(done)); });
  }
  std::optional<Result<BrokerEpoch>> Register(std::int32_t id, const zk::BrokerRegistration& what,
                                              Millis owner_wait = Millis(1'000)) {
    return Await<Result<BrokerEpoch>>([this, id, what, owner_wait](auto done) {
      registration->Register(BrokerId(id), what, owner_wait, std::move(done));
    });
  }

  sim::SimWorld& world;
  sim::SimNode& node;
  std::unique_ptr<Registration> registration;
  bool connected = false;
};

TEST(Registration, OutlastsLostConnections) {
  for (std::uint64_t seed = 1; seed <= 30; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    sim::SimWorld world(seed);
    Process process(world);
    world.zk().faults().lost_before = 0.05;
    world.zk().faults().lost_after = 0.05;
    const auto cluster = process.Prepare();
    ASSERT_TRUE(cluster.has_value());
    ASSERT_TRUE(cluster->ok()) << cluster->status();
    for (const std::string& path : zk::PersistentPaths()) EXPECT_NE(world.zk().Read(path), nullptr) << path;
    const auto again = process.Prepare();
    ASSERT_TRUE(again && again->ok());
    EXPECT_EQ(**again, **cluster);
    const auto id =
        process.Await<Result<BrokerId>>([&](auto done) { process.registration->GenerateId(1000, std::move(done)); });
    ASSERT_TRUE(id && id->ok());
    EXPECT_GT(**id, BrokerId(1000));
    const auto epoch = process.Register(1, At("h", 9092), Millis(60'000));
    ASSERT_TRUE(epoch && epoch->ok()) << epoch->status();
    const auto* node = world.zk().Read(zk::Broker(BrokerId(1)));
    ASSERT_NE(node, nullptr);
    EXPECT_EQ((*epoch)->value, node->stat.czxid);
    EXPECT_EQ(node->stat.version, 1);  // created and filled in one step, once
  }
}

TEST(Registration, AnotherLiveBrokerWithTheSameIdIsNamedAndLeftAlone) {
  sim::SimWorld world(1);
  Process first(world);
  Process second(world);
  ASSERT_TRUE(first.Prepare()->ok());
  const auto epoch = first.Register(1, At("h", 9092));
  ASSERT_TRUE(epoch && epoch->ok());
  const auto refused = second.Register(1, At("h", 9093));
  ASSERT_TRUE(refused.has_value());
  EXPECT_EQ(refused->status().code(), StatusCode::kAlreadyExists);
  EXPECT_THAT(refused->status().message(), HasSubstr("broker id 1 is registered by another live broker"));
  EXPECT_EQ(world.zk().Read(zk::Broker(BrokerId(1)))->stat.czxid, (*epoch)->value);
}

TEST(Registration, WaitsForTheSessionOfADeadPredecessor) {
  sim::SimWorld world(1);
  auto first = std::make_unique<Process>(world);
  Process second(world);
  ASSERT_TRUE(first->Prepare()->ok());
  ASSERT_TRUE(first->Register(1, At("h", 9092))->ok());
  first.reset();  // killed: its session lives on for a while
  const auto epoch = second.Register(1, At("h", 9092), Millis(60'000));
  ASSERT_TRUE(epoch && epoch->ok()) << epoch->status();
}

TEST(Registration, AnAddressInUseIsRefusedOverLostConnectionsToo) {
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    sim::SimWorld world(seed);
    Process first(world);
    Process second(world);
    ASSERT_TRUE(first.Prepare()->ok());
    ASSERT_TRUE(first.Register(1, At("h", 9092))->ok());
    world.zk().faults().lost_before = 0.2;
    const auto refused = second.Register(2, At("h", 9092));
    ASSERT_TRUE(refused.has_value());
    EXPECT_EQ(refused->status().code(), StatusCode::kAlreadyExists) << "seed " << seed;
    EXPECT_THAT(refused->status().message(), HasSubstr("broker 1 is registered with the same address h:9092"));
  }
}

}  // namespace
}  // namespace ottla
