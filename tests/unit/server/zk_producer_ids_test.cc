// Producer id blocks taken straight from ZooKeeper, by brokers that take them at the same time.
#include "broker/server/zk_producer_ids.h"

#include <gtest/gtest.h>

#include <limits>
#include <memory>
#include <optional>
#include <set>

#include "common/zk/zk_codec.h"
#include "common/zk/zk_paths.h"
#include "tests/sim/env/sim_world.h"

namespace ottla {
namespace {

struct Asker {
  Asker(sim::SimWorld& w, int id) : world(w), node(w.AddNode()) {
    node.Boot();
    ids = std::make_unique<ZkProducerIds>(node.zk(), BrokerId(id));
    OnLoop([this] {
      node.zk().Start(
          [this](ZkClient::SessionState state) { connected |= state == ZkClient::SessionState::kConnected; });
    });
    EXPECT_TRUE(world.RunUntil([this] { return connected; }, Millis(60'000)));
  }
  ~Asker() {
    node.Kill([this] { ids.reset(); });
  }
  void OnLoop(Task task) { node.executors().Control().Post(std::move(task)); }

  using Slot = std::shared_ptr<std::optional<Result<ProducerIdBlock>>>;
  Slot Ask() {
    auto slot = std::make_shared<std::optional<Result<ProducerIdBlock>>>();
    OnLoop([this, slot] { ids->Allocate([slot](Result<ProducerIdBlock> block) { *slot = std::move(block); }); });
    return slot;
  }
  Result<ProducerIdBlock> Await() {
    const Slot slot = Ask();
    EXPECT_TRUE(world.RunUntil([&] { return slot->has_value(); }, Millis(300'000)));
    return slot->value_or(Status(StatusCode::kTimeout, "never answered"));
  }
  // What stands in the node, or is to stand there.
  void Write(const ZkData& data) {
    bool written = false;
    OnLoop([&, this] {
      const auto create = [&, this] {
        node.zk().Create(zk::kProducerIdBlock, data, ZkCreateMode::kPersistent,
                         [&](ZkError error, const std::string&) { written = error == ZkError::kOk; });
      };
      node.zk().Delete(zk::kProducerIdBlock, -1, [create](ZkError) { create(); });
    });
    EXPECT_TRUE(world.RunUntil([&] { return written; }, Millis(60'000)));
  }

  sim::SimWorld& world;
  sim::SimNode& node;
  std::unique_ptr<ZkProducerIds> ids;
  bool connected = false;
};

TEST(ZkProducerIds, BlocksFollowEachOther) {
  sim::SimWorld world(1);
  Asker broker(world, 3);
  EXPECT_EQ(broker.Await().status().code(), StatusCode::kUnavailable);  // no such node
  broker.Write(std::nullopt);
  for (const std::int64_t first : {0, 1000, 2000}) {
    const auto block = broker.Await();
    ASSERT_TRUE(block.ok()) << block.status();
    EXPECT_EQ(block->first, first);
    EXPECT_EQ(block->count, 1000);
  }
  const auto stored = zk::DecodeProducerIdBlock(world.zk().Read(zk::kProducerIdBlock)->data);
  ASSERT_TRUE(stored.ok());
  EXPECT_EQ(stored->broker, BrokerId(3));
  EXPECT_EQ(stored->first, 2000);
  EXPECT_EQ(stored->last, 2999);
}

TEST(ZkProducerIds, WhatCannotBeReadOrContinuedIsNotUsed) {
  sim::SimWorld world(1);
  Asker broker(world, 3);
  const std::int64_t top = std::numeric_limits<std::int64_t>::max();
  for (const std::string& text : {std::string("{"), zk::Encode(zk::ProducerIdBlock{BrokerId(1), top - 1500, top - 501}),
                                  zk::Encode(zk::ProducerIdBlock{BrokerId(1), top - 1999, top - 1000})}) {
    broker.Write(text);
    EXPECT_EQ(broker.Await().status().code(), StatusCode::kCorrupt) << text;
    EXPECT_EQ(world.zk().Read(zk::kProducerIdBlock)->data, text);
  }
}

// Whoever the blocks come from: one that goes back would give ids to two producers.
TEST(ProducerIds, ABlockThatGoesBackIsRefused) {
  sim::SimWorld world(1);
  Asker broker(world, 3);
  std::vector<ProducerIdBlock> blocks = {{1'000, 2}, {1'001, 1'000}, {1'002, 1'000}};
  std::vector<Result<std::int64_t>> got;
  bool done = false;
  broker.OnLoop([&] {
    ProducerIds ids(broker.node.executors().Control(), [&](UniqueFunction<void(Result<ProducerIdBlock>)> answer) {
      const ProducerIdBlock block = blocks.front();
      blocks.erase(blocks.begin());
      answer(block);
    });
    for (int i = 0; i < 4; ++i) ids.Next([&](Result<std::int64_t> id) { got.push_back(std::move(id)); });
    done = true;
  });
  ASSERT_TRUE(world.RunUntil([&] { return done; }, Millis(1'000)));
  ASSERT_EQ(got.size(), 4U);
  for (int i = 0; i < 4; ++i) {
    ASSERT_TRUE(got[static_cast<std::size_t>(i)].ok());
    EXPECT_EQ(*got[static_cast<std::size_t>(i)], 1'000 + i);
  }
}

TEST(ZkProducerIds, NoBlockIsGivenTwice) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    sim::SimWorld world(seed);
    Asker one(world, 1);
    Asker two(world, 2);
    one.Write(std::nullopt);
    world.zk().faults().lost_before = 0.05;
    world.zk().faults().lost_after = 0.05;
    std::set<std::int64_t> taken;
    for (int round = 0; round < 10; ++round) {
      const Asker::Slot slots[] = {one.Ask(), two.Ask()};
      ASSERT_TRUE(world.RunUntil([&] { return slots[0]->has_value() && slots[1]->has_value(); }, Millis(300'000)));
      for (const auto& slot : slots) {
        if (!(*slot)->ok()) continue;
        EXPECT_TRUE(taken.insert((**slot)->first).second) << "seed " << seed << ": " << (**slot)->first;
      }
    }
    EXPECT_GE(taken.size(), 5U);  // the rest was lost from sight
  }
}

}  // namespace
}  // namespace ottla
