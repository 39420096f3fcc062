#include "tests/sim/story/story.h"

namespace ottla::sim {

using std::chrono::seconds;

void Story::SetUp() {
  ASSERT_TRUE(cluster_.Start());
  client_.emplace(cluster_);
}

void Story::TearDown() {
  EXPECT_TRUE(cluster_.HealAndFinish());
  ExpectFine(cluster_);
  client_.reset();
}

void OwnTopicStory::SetUp() {
  Story::SetUp();
  if (HasFatalFailure()) return;
  client_->CreateTopic("own", 1, 3);
  leader_ = client_->LeaderOf(own_);
  ASSERT_GT(leader_, 0);
  ASSERT_TRUE(cluster_.RunQuietly(seconds(1)));
}

void OwnTopicStory::LeaderDies() {
  const int old = leader_;
  cluster_.KillBroker(old - 1);
  const auto other = [&] { return client_->LeaderOf(own_) > 0 && client_->LeaderOf(own_) != old; };
  ASSERT_TRUE(cluster_.RunUntil(other, seconds(30)));
  leader_ = client_->LeaderOf(own_);
}

int LeaderBesideController(const SimCluster& cluster) {
  int leader = -1;
  for (const TopicPartition& tp : cluster.partitions()) {
    if (cluster.LeaderOf(tp.partition) != cluster.Controller()) leader = cluster.LeaderOf(tp.partition);
  }
  return leader;
}

void Isolate(SimCluster& cluster, int broker) {
  SimWorld& world = cluster.world();
  const int clients = static_cast<int>(world.nodes()) - 1;
  for (int other = 0; other < clients; ++other) {
    if (other == broker - 1) continue;
    world.net().Cut(broker - 1, other);
    world.net().Cut(other, broker - 1);
  }
  world.net().Cut(broker - 1, world.zk().self());
  world.net().Cut(world.zk().self(), broker - 1);
}

}  // namespace ottla::sim
