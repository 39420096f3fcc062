// Notifications of changed settings, over connections to ZooKeeper that are lost at any moment.
#include "broker/server/config_watcher.h"

#include <gtest/gtest.h>

#include <memory>
#include <set>
#include <string>

#include "common/zk/zk_codec.h"
#include "common/zk/zk_paths.h"
#include "tests/sim/env/sim_world.h"

namespace ottla {
namespace {

struct Watching {
  explicit Watching(std::uint64_t seed) : world(seed), node(world.AddNode()) {
    node.Boot();
    EXPECT_EQ(world.zk().CreateWithParents(zk::kConfigChanges, std::nullopt), ZkError::kOk);
    watcher = std::make_unique<ConfigWatcher>(node.executors().Control(), node.zk(), node.clock(),
                                              [this](const std::string& entity) { heard.insert(entity); });
    node.executors().Control().Post([this] {
      node.zk().Start([this](ZkClient::SessionState state) {
        if (state == ZkClient::SessionState::kConnected && !std::exchange(started, true)) watcher->Start();
      });
    });
    EXPECT_TRUE(world.RunUntil([this] { return started; }, Millis(60'000)));
  }
  ~Watching() {
    node.Kill([this] { watcher.reset(); });
  }
  void Change(const std::string& entity) {
    EXPECT_EQ(world.zk().Operate({ZkOp::Create(std::string(zk::kConfigChanges) + "/" + zk::kConfigChangePrefix,
                                               R"({"version":2,"entity_path":")" + entity + R"("})",
                                               ZkCreateMode::kPersistentSequential)}),
              ZkError::kOk);
  }

  sim::SimWorld world;
  sim::SimNode& node;
  std::unique_ptr<ConfigWatcher> watcher;
  std::set<std::string> heard;
  bool started = false;
};

// The session lives on when a connection is lost, so nobody reads the settings of all again.
TEST(ConfigWatcher, HearsOfEveryChangeOverLostConnections) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Watching w(seed);
    w.world.zk().faults().lost_before = 0.3;
    w.world.zk().faults().lost_after = 0.1;
    for (int i = 0; i < 20; ++i) {
      w.Change("topics/t" + std::to_string(i));
      if (i % 5 == 0) w.world.RunUntil([] { return false; }, Millis(200));
    }
    EXPECT_TRUE(w.world.RunUntil([&] { return w.heard.size() == 20; }, Millis(300'000))) << w.heard.size();
  }
}

}  // namespace
}  // namespace ottla
