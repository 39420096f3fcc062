#include "broker/replica/metadata_cache.h"

#include <gtest/gtest.h>

#include <deque>

#include "topic_ids.h"

namespace ottla {
namespace {

UpdateMetadataRequest::UpdateMetadataPartitionState State(int partition, int leader, int epoch) {
  UpdateMetadataRequest::UpdateMetadataPartitionState state;
  state.partition_index = partition;
  state.leader = leader;
  state.leader_epoch = epoch;
  state.replicas = {1, 2};
  state.isr = {1};
  state.offline_replicas = {2};
  return state;
}

UpdateMetadataRequest Brokers(std::initializer_list<int> ids) {
  UpdateMetadataRequest request;
  request.controller_id = 1;
  request.controller_epoch = 3;
  for (const int id : ids) {
    UpdateMetadataRequest::UpdateMetadataBroker broker;
    broker.id = id;
    broker.endpoints.push_back({.port = 9000 + id, .host = "h", .listener = "INTERNAL", .security_protocol = 0});
    broker.rack = id == 1 ? "r1" : "";
    request.live_brokers.push_back(broker);
  }
  return request;
}

UpdateMetadataRequest::UpdateMetadataTopicState& AddTopic(UpdateMetadataRequest& request, std::string_view name,
                                                          Uuid id) {
  request.topic_states.push_back({.topic_name = name, .topic_id = id});
  return request.topic_states.back();
}

TEST(MetadataCache, MergesPartitionsAndReplacesBrokers) {
  MetadataCache cache;
  auto request = Brokers({2, 1});
  AddTopic(request, "t", TopicId(1)).partition_states = {State(1, 1, 5), State(0, 2, 4)};
  auto change = cache.Apply(request);
  EXPECT_TRUE(change.brokers_changed);
  const MetadataPtr first = cache.view();
  EXPECT_EQ(first->brokers().size(), 2U);
  EXPECT_EQ(first->FindBroker(BrokerId(1))->rack, "r1");
  EXPECT_EQ(first->FindBroker(BrokerId(2))->rack, std::nullopt);
  EXPECT_EQ(first->FindBroker(BrokerId(2))->EndpointOf("INTERNAL")->address.port, 9002);
  EXPECT_EQ(first->FindBroker(BrokerId(2))->EndpointOf("CLIENTS"), nullptr);
  EXPECT_EQ(first->FindTopic(TopicId(1))->name, "t");
  EXPECT_EQ(first->FindPartition("t", 1)->leader_epoch, LeaderEpoch(5));
  EXPECT_EQ(first->controller(), BrokerId(1));

  auto second = Brokers({1});  // one broker listed: the other is dead
  AddTopic(second, "t", TopicId(1)).partition_states = {State(1, 2, 6)};
  change = cache.Apply(second);
  EXPECT_TRUE(change.brokers_changed);
  EXPECT_FALSE(cache.view()->IsAlive(BrokerId(2)));
  EXPECT_EQ(cache.view()->FindPartition("t", 1)->leader, BrokerId(2));
  EXPECT_EQ(cache.view()->FindPartition("t", 0)->leader_epoch, LeaderEpoch(4));
  EXPECT_EQ(first->FindPartition("t", 1)->leader_epoch, LeaderEpoch(5)) << "a view never changes";
}

TEST(MetadataCache, LeaderMinusTwoRemoves) {
  MetadataCache cache;
  auto request = Brokers({1});
  AddTopic(request, "t", TopicId(1)).partition_states = {State(0, 1, 1), State(1, 1, 1)};
  cache.Apply(request);
  auto drop = Brokers({1});
  AddTopic(drop, "t", TopicId(1)).partition_states = {State(0, -2, 0)};
  auto change = cache.Apply(drop);
  ASSERT_EQ(change.deleted.size(), 1U);
  EXPECT_FALSE(change.brokers_changed);
  EXPECT_EQ(change.deleted[0], (TopicPartition{"t", 0}));
  EXPECT_EQ(cache.view()->FindPartition("t", 0), nullptr);
  EXPECT_NE(cache.view()->FindPartition("t", 1), nullptr);
  drop.topic_states[0].partition_states = {State(1, -2, 0), State(5, -2, 0)};
  change = cache.Apply(drop);
  EXPECT_EQ(change.deleted.size(), 1U);
  EXPECT_EQ(cache.view()->FindTopic("t"), nullptr);
  EXPECT_EQ(cache.view()->FindTopic(TopicId(1)), nullptr);
  EXPECT_EQ(cache.view()->topic_count(), 0U);
}

TEST(MetadataCache, ARecreatedTopicChangesItsId) {
  MetadataCache cache;
  auto request = Brokers({1});
  AddTopic(request, "t", TopicId(1)).partition_states = {State(0, 1, 1)};
  cache.Apply(request);
  request.topic_states[0].topic_id = TopicId(2);
  cache.Apply(request);
  EXPECT_EQ(cache.view()->FindTopic(TopicId(1)), nullptr);
  EXPECT_EQ(cache.view()->FindTopic(TopicId(2))->name, "t");
  request.topic_states[0].topic_id = Uuid{};  // a listed topic without id loses it
  cache.Apply(request);
  EXPECT_EQ(cache.view()->FindTopic(TopicId(2)), nullptr);
  EXPECT_TRUE(cache.view()->FindTopic("t")->id.IsZero());
}

TEST(MetadataCache, OldVersionsCarryUngroupedPartitionsAndKeepIds) {
  MetadataCache cache;
  auto request = Brokers({1});
  AddTopic(request, "t", TopicId(1)).partition_states = {State(0, 1, 1)};
  cache.Apply(request);
  UpdateMetadataRequest old;
  old.controller_id = -1;
  UpdateMetadataRequest::UpdateMetadataBroker broker;
  broker.id = 4;
  broker.v0_host = "old";
  broker.v0_port = 9;
  old.live_brokers.push_back(broker);
  auto state = State(3, 4, 2);
  state.topic_name = "t";
  old.ungrouped_partition_states.push_back(state);
  cache.Apply(old);
  EXPECT_EQ(cache.view()->controller(), std::nullopt);
  EXPECT_EQ(cache.view()->FindBroker(BrokerId(4))->EndpointOf("PLAINTEXT")->address.host, "old");
  EXPECT_EQ(cache.view()->FindPartition("t", 3)->leader, BrokerId(4));
  EXPECT_EQ(cache.view()->FindPartition("t", 1), nullptr);
  EXPECT_EQ(cache.view()->FindTopic(TopicId(1))->name, "t");
}

TEST(MetadataCache, AnUpdateOfOneTopicSharesTheOthers) {
  MetadataCache cache;
  auto request = Brokers({1});
  std::deque<std::string> names;
  for (int i = 0; i < 500; ++i) {
    names.push_back("topic-" + std::to_string(i));
    AddTopic(request, names.back(), Uuid::FromRandom(static_cast<std::uint64_t>(i), 1)).partition_states = {
        State(0, 1, 1)};
  }
  cache.Apply(request);
  const MetadataPtr before = cache.view();
  auto one = Brokers({1});
  AddTopic(one, "topic-7", Uuid::FromRandom(7, 1)).partition_states = {State(0, 2, 2)};
  cache.Apply(one);
  EXPECT_EQ(cache.view()->topic_count(), 500U);
  std::size_t shared = 0;
  before->ForEachTopic(
      [&](const MetadataTopic& topic) { shared += cache.view()->FindTopic(topic.name) == &topic ? 1 : 0; });
  EXPECT_EQ(shared, 499U);
}

}  // namespace
}  // namespace ottla
