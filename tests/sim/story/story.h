// Set-ups that stories share. Each ends with the cluster healed and every promise kept.
#pragma once

#include <gtest/gtest.h>

#include <optional>
#include <utility>

#include "tests/sim/story/story_client.h"

namespace ottla::sim {

// A cluster with its topic "sim", and somebody who asks it.
class Story : public testing::Test {
 protected:
  explicit Story(ClusterOptions options) : cluster_(std::move(options)) {}
  void SetUp() override;
  void TearDown() override;

  SimCluster cluster_;
  std::optional<StoryClient> client_;
};

// And with an idle topic "own" of three replicas: whatever stands in it was put there by the story.
class OwnTopicStory : public Story {
 protected:
  using Story::Story;
  void SetUp() override;
  // The leader of "own" is killed, and another leads.
  void LeaderDies();

  const TopicPartition own_{"own", 0};
  int leader_ = -1;
};

// A broker that leads some partition of "sim" and is not the controller; -1: there is none.
int LeaderBesideController(const SimCluster& cluster);

// Cuts the broker off from ZooKeeper and all other brokers, in both ways; clients still reach it.
void Isolate(SimCluster& cluster, int broker);

}  // namespace ottla::sim
