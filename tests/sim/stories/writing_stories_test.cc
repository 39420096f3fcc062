// What writers are told over the wire of a whole cluster, and what operators change while it runs.
#include <algorithm>
#include <string>
#include <vector>

#include "common/protocol/messages/00_produce.h"
#include "common/protocol/messages/02_list_offsets.h"
#include "common/protocol/messages/03_metadata.h"
#include "common/protocol/messages/18_api_versions.h"
#include "common/protocol/messages/20_delete_topics.h"
#include "common/protocol/messages/22_init_producer_id.h"
#include "common/zk/zk_codec.h"
#include "common/zk/zk_paths.h"
#include "tests/sim/story/story.h"

namespace ottla::sim {
namespace {

using std::chrono::seconds;
using Producing = StoryClient::Producing;

class WritingStory : public OwnTopicStory {
 protected:
  explicit WritingStory(ClusterOptions options = {.seed = 220,
                                                  .partitions = 1,
                                                  .properties = {{"log.retention.check.interval.ms", "2000"}}})
      : OwnTopicStory(std::move(options)) {}
  ErrorCode Produce(const std::vector<std::string>& values, const Producing& how = {}, std::int64_t* base = nullptr) {
    return client_->Produce(leader_, own_, values, how, base);
  }
  std::int64_t NewProducerId() {
    InitProducerIdRequest request;
    request.transactional_id = std::nullopt;
    std::int64_t id = -1;
    client_->Ask<InitProducerIdResponse>(leader_, request, 4, [&](const InitProducerIdResponse& response) {
      EXPECT_EQ(response.error_code, ErrorCode::kNone);
      id = response.producer_id;
    });
    return id;
  }
  // The log start as ListOffsets tells it.
  std::int64_t Earliest(const TopicPartition& tp) {
    ListOffsetsRequest request;
    request.replica_id = -1;
    request.topics.push_back({tp.topic, {{.partition_index = tp.partition, .timestamp = -2}}});
    std::int64_t offset = -100;
    client_->Ask<ListOffsetsResponse>(client_->LeaderOf(tp), request, 7, [&](const ListOffsetsResponse& response) {
      offset = response.topics.at(0).partitions.at(0).offset;
    });
    return offset;
  }
  const SimZkTree::Node* Znode(const std::string& path) { return cluster_.world().zk().Read("/cluster" + path); }
  std::vector<BrokerId> ReplicasOf(const TopicPartition& tp) {
    return zk::DecodeTopic(Znode(zk::Topic(tp.topic))->data)->partitions.at(tp.partition).replicas;
  }
};

TEST_F(WritingStory, SequencesOfAProducer) {
  const std::int64_t id = NewProducerId();
  ASSERT_GE(id, 0);
  EXPECT_NE(NewProducerId(), id);
  std::int64_t base = -1;
  const auto send = [&](std::int16_t epoch, std::int32_t sequence) {
    return Produce({"a", "b"}, {.producer_id = id, .producer_epoch = epoch, .base_sequence = sequence}, &base);
  };
  EXPECT_EQ(send(0, 0), ErrorCode::kNone);
  EXPECT_EQ(base, 0);
  EXPECT_EQ(send(0, 2), ErrorCode::kNone);
  EXPECT_EQ(base, 2);
  EXPECT_EQ(send(0, 0), ErrorCode::kNone) << "a duplicate is answered as the first was";
  EXPECT_EQ(base, 0);
  EXPECT_EQ(send(0, 9), ErrorCode::kOutOfOrderSequenceNumber);
  EXPECT_EQ(send(1, 5), ErrorCode::kOutOfOrderSequenceNumber) << "a new epoch begins at 0";
  EXPECT_EQ(send(1, 0), ErrorCode::kNone);
  EXPECT_EQ(base, 4);
  EXPECT_EQ(send(0, 4), ErrorCode::kInvalidProducerEpoch);
  // What a producer sent is known to the next leader as well.
  LeaderDies();
  ASSERT_TRUE(cluster_.RunQuietly(seconds(8)));
  EXPECT_EQ(send(1, 0), ErrorCode::kNone);
  EXPECT_EQ(base, 4) << "a duplicate for the successor too";
  EXPECT_EQ(send(1, 2), ErrorCode::kNone);
  EXPECT_EQ(base, 6);
}

// It has not what its successor was sent, and says so; the sequence goes on where it is known.
TEST_F(WritingStory, ADeposedLeaderDoesNotKnowTheSequence) {
  const std::int64_t id = NewProducerId();
  const auto send = [&](int broker, std::int32_t sequence) {
    return client_->Produce(broker, own_, {"a"}, {.producer_id = id, .producer_epoch = 0, .base_sequence = sequence});
  };
  EXPECT_EQ(send(leader_, 0), ErrorCode::kNone);
  const int deposed = leader_;
  Isolate(cluster_, deposed);
  const auto other = [&] { return client_->LeaderOf(own_) > 0 && client_->LeaderOf(own_) != deposed; };
  ASSERT_TRUE(cluster_.RunUntil(other, seconds(30)));
  ASSERT_TRUE(cluster_.RunQuietly(seconds(2)));
  leader_ = client_->LeaderOf(own_);
  EXPECT_EQ(send(leader_, 1), ErrorCode::kNone);
  EXPECT_EQ(send(deposed, 2), ErrorCode::kOutOfOrderSequenceNumber);
  EXPECT_EQ(send(leader_, 2), ErrorCode::kNone);
  cluster_.world().net().HealAll();
  ASSERT_TRUE(cluster_.RunUntil([&] { return cluster_.InSync(); }, seconds(60)));
  EXPECT_EQ(send(client_->LeaderOf(own_), 3), ErrorCode::kNone);
}

TEST_F(WritingStory, WhatCannotBeWritten) {
  EXPECT_EQ(Produce({"a"}, {.acks = 7}), ErrorCode::kInvalidRequiredAcks);
  EXPECT_EQ(client_->Produce(leader_ % 3 + 1, own_, {"a"}, {}), ErrorCode::kNotLeaderOrFollower);
  EXPECT_EQ(client_->Produce(leader_, {"none", 0}, {"a"}, {}), ErrorCode::kUnknownTopicOrPartition);
  EXPECT_EQ(client_->Produce(leader_, {"own", 5}, {"a"}, {}), ErrorCode::kUnknownTopicOrPartition);
  EXPECT_EQ(Produce({std::string(30'000, 'x')}), ErrorCode::kRecordListTooLarge) << "longer than a segment";
  EXPECT_EQ(Produce({std::string(1'100'000, 'x')}), ErrorCode::kMessageTooLarge);
  const auto raw = [&](std::string bytes) {
    ProduceRequest request;
    request.acks = 1;
    request.timeout_ms = 5000;
    request.topic_data.push_back({"own", {{0, Records::Of(bytes)}}});
    ErrorCode error = ErrorCode::kNone;
    client_->Ask<ProduceResponse>(leader_, request, 9, [&](const ProduceResponse& response) {
      error = response.responses.at(0).partition_responses.at(0).error_code;
    });
    return error;
  };
  EXPECT_EQ(raw("no batch at all, but longer than the header of one: it is garbage from here to its very end"),
            ErrorCode::kCorruptMessage);
  EXPECT_EQ(raw("short"), ErrorCode::kInvalidRecord) << "no batch in it";
  std::int64_t base = -1;
  EXPECT_EQ(Produce({"good"}, {}, &base), ErrorCode::kNone);
  EXPECT_EQ(base, 0) << "nothing that was refused took an offset";
}

TEST_F(WritingStory, TooFewInSync) {
  for (int broker = 1; broker <= 3; ++broker) {
    if (broker != leader_) cluster_.KillBroker(broker - 1);
  }
  ASSERT_TRUE(cluster_.RunUntil(
      [&] {
        const auto state = zk::DecodeState(Znode(zk::State("own", 0))->data);
        return state.ok() && state->isr.size() == 1;
      },
      seconds(60)));
  ASSERT_TRUE(cluster_.RunQuietly(seconds(1)));
  EXPECT_EQ(Produce({"a"}), ErrorCode::kNotEnoughReplicas);
  EXPECT_EQ(Produce({"a"}, {.acks = 1}), ErrorCode::kNone);
}

// No answer, and what follows on the connection is answered as if nothing had been asked before.
TEST_F(WritingStory, NoAcksNoAnswer) {
  const std::string garbage = "garbage";
  ProduceRequest request;
  request.acks = 0;
  request.topic_data.push_back({"own", {{0, Records::Of(garbage)}}});
  RawClient failing(cluster_, leader_);
  failing.Send(FrameOf(request, 9, 1));
  EXPECT_TRUE(failing.AwaitClosed(seconds(5))) << "the only way to tell of an error";
  EXPECT_EQ(failing.received(), "");
}

TEST_F(WritingStory, OldRecordsGoBySizeAndByTime) {
  client_->CreateTopic("short", 1, 3, {{"retention.bytes", "30000"}, {"segment.bytes", "10000"}});
  const TopicPartition tp{"short", 0};
  for (int i = 0; i < 60; ++i)
    ASSERT_EQ(client_->Produce(client_->LeaderOf(tp), tp, {std::string(2000, 'x')}, {}), ErrorCode::kNone);
  for (int second = 0; second < 60 && Earliest(tp) == 0; ++second) ASSERT_TRUE(cluster_.RunQuietly(seconds(1)));
  const std::int64_t by_size = Earliest(tp);
  EXPECT_GT(by_size, 20);
  EXPECT_LT(by_size, 50) << "30000 bytes stay";
  // A setting changed by hand: the znode, and the notification that tells of it.
  SimZk& zk = cluster_.world().zk();
  const std::string now = R"({"version":1,"config":{"retention.ms":"1000","segment.bytes":"10000"}})";
  ASSERT_EQ(zk.Operate({ZkOp::Set("/cluster" + zk::TopicConfig("short"), now, -1)}), ZkError::kOk);
  ASSERT_EQ(
      zk.Operate({ZkOp::Create("/cluster" + std::string(zk::kConfigChanges) + "/" + zk::kConfigChangePrefix,
                               R"({"version":2,"entity_path":"topics/short"})", ZkCreateMode::kPersistentSequential)}),
      ZkError::kOk);
  for (int second = 0; second < 60 && Earliest(tp) < 60; ++second) ASSERT_TRUE(cluster_.RunQuietly(seconds(1)));
  EXPECT_EQ(Earliest(tp), 60) << "everything is older than a second";
  std::int64_t base = -1;
  EXPECT_EQ(client_->Produce(client_->LeaderOf(tp), tp, {"x"}, {}, &base), ErrorCode::kNone);
  EXPECT_EQ(base, 60);
}

TEST_F(WritingStory, ThePreferredLeaderLeadsAgain) {
  const int preferred = ReplicasOf(own_).at(0).value;
  ASSERT_EQ(leader_, preferred);
  EXPECT_TRUE(cluster_.StopBroker(preferred - 1));
  ASSERT_TRUE(cluster_.RunUntil([&] { return client_->LeaderOf(own_) != preferred; }, seconds(10)));
  cluster_.RestartBroker(preferred - 1);
  ASSERT_TRUE(cluster_.RunUntil([&] { return cluster_.InSync(); }, seconds(60)));
  EXPECT_NE(client_->LeaderOf(own_), preferred);
  cluster_.world().zk().CreateWithParents("/cluster" + std::string(zk::kPreferredElection),
                                          R"({"version":1,"partitions":[{"topic":"own","partition":0},
                                              {"topic":"none","partition":3}]})");
  EXPECT_TRUE(cluster_.RunUntil([&] { return client_->LeaderOf(own_) == preferred; }, seconds(30)));
  EXPECT_TRUE(cluster_.RunUntil([&] { return Znode(zk::kPreferredElection) == nullptr; }, seconds(30)));
}

class FourBrokers : public WritingStory {
 protected:
  FourBrokers() : WritingStory({.seed = 221, .brokers = 4, .partitions = 1}) {}
};

TEST_F(FourBrokers, APartitionMoves) {
  for (int i = 0; i < 20; ++i) ASSERT_EQ(Produce({std::string(1000, 'x')}), ErrorCode::kNone);
  const std::vector<BrokerId> from = ReplicasOf(own_);
  int added = 1;
  while (std::find(from.begin(), from.end(), BrokerId(added)) != from.end()) ++added;
  const int removed = from.at(0).value;  // the leader, too
  const std::vector<BrokerId> to = {from.at(1), from.at(2), BrokerId(added)};
  std::string list;
  for (const BrokerId id : to) list += (list.empty() ? "" : ",") + std::to_string(id.value);
  cluster_.world().zk().CreateWithParents(
      "/cluster" + std::string(zk::kReassignPartitions),
      R"({"version":1,"partitions":[{"topic":"own","partition":0,"replicas":[)" + list + "]}]}");
  EXPECT_TRUE(cluster_.RunUntil([&] { return Znode(zk::kReassignPartitions) == nullptr && ReplicasOf(own_) == to; },
                                seconds(120)));
  ASSERT_TRUE(cluster_.RunUntil([&] { return cluster_.InSync(); }, seconds(60)));
  leader_ = client_->LeaderOf(own_);
  EXPECT_NE(leader_, removed);
  ASSERT_TRUE(cluster_.RunQuietly(seconds(70)));  // file.delete.delay.ms
  for (const char* dir : {"/data/d0", "/data/d1"}) {
    for (const std::string& name : cluster_.world().node(removed - 1).files().PeekNames(dir))
      EXPECT_FALSE(name.starts_with("own-")) << "the removed replica is still there: " << name;
  }
  std::int64_t base = -1;
  EXPECT_EQ(Produce({"after"}, {}, &base), ErrorCode::kNone);
  EXPECT_EQ(base, 20);
  // The added replica can lead as well: the others go, one after the other.
  EXPECT_TRUE(cluster_.StopBroker(from.at(1).value - 1));
  EXPECT_TRUE(cluster_.StopBroker(from.at(2).value - 1));
  EXPECT_TRUE(cluster_.RunUntil([&] { return client_->LeaderOf(own_) == added; }, seconds(30)));
}

class Automatic : public WritingStory {
 protected:
  Automatic()
      : WritingStory({.seed = 222,
                      .partitions = 1,
                      .properties = {{"auto.create.topics.enable", "true"},
                                     {"num.partitions", "2"},
                                     {"default.replication.factor", "3"}}}) {}
};

TEST_F(Automatic, TopicsAreMadeByAskingForThem) {
  MetadataRequest request;
  request.topics.emplace();
  request.topics->push_back({.name = "asked"});
  request.topics->push_back({.name = "not/legal"});
  request.allow_auto_topic_creation = true;
  client_->Ask<MetadataResponse>(1, request, 9, [](const MetadataResponse& response) {
    ASSERT_EQ(response.topics.size(), 2U);
    for (const auto& topic : response.topics) {
      const bool legal = topic.name.value_or("") == "asked";
      EXPECT_EQ(topic.error_code, legal ? ErrorCode::kLeaderNotAvailable : ErrorCode::kInvalidTopicException);
    }
  });
  EXPECT_TRUE(cluster_.RunUntil([&] { return client_->LeaderOf({"asked", 1}) > 0; }, seconds(30)));
  ASSERT_TRUE(cluster_.RunUntil([&] { return cluster_.InSync(); }, seconds(60)));
  ASSERT_TRUE(cluster_.RunQuietly(seconds(2)));
  EXPECT_EQ(client_->Produce(client_->LeaderOf({"asked", 1}), {"asked", 1}, {"x"}, {}), ErrorCode::kNone);
}

// Clients that ask for a topic make it anew while its deletion still comes to its end.
TEST_F(Automatic, WhatIsAskedForWhileItIsDeletedComesBack) {
  std::vector<std::string> names;
  for (char c = 'a'; c <= 'h'; ++c) names.emplace_back(1, c);
  MetadataRequest metadata;
  metadata.topics.emplace();
  metadata.allow_auto_topic_creation = true;
  DeleteTopicsRequest deletion;
  deletion.timeout_ms = 1;
  for (const std::string& name : names) {
    metadata.topics->push_back({.name = name});
    deletion.topics.push_back({.name = name});
  }
  const auto ask = [&](int broker) { client_->Ask<MetadataResponse>(broker, metadata, 9, [](const auto&) {}); };
  const auto all_lead = [&] {
    return std::ranges::all_of(names, [&](const std::string& name) { return client_->LeaderOf({name, 1}) > 0; });
  };
  for (int round = 0; round < 6; ++round) {
    ask(1);
    ASSERT_TRUE(cluster_.RunUntil(all_lead, seconds(30))) << "round " << round;
    client_->Ask<DeleteTopicsResponse>(cluster_.Controller(), deletion, 6, [](const auto&) {});
    for (int i = 0; i < 100; ++i) ask(i % 3 + 1);
  }
}

// Somebody removed the topic's node by hand and left its settings.
TEST_F(Automatic, SettingsOfTheOneBeforeDoNotCount) {
  const std::string path = kSimChroot + zk::TopicConfig("again");
  ASSERT_EQ(cluster_.world().zk().CreateWithParents(path, zk::EncodeConfig({{"max.message.bytes", "200"}})),
            ZkError::kOk);
  MetadataRequest request;
  request.topics.emplace();
  request.topics->push_back({.name = "again"});
  request.allow_auto_topic_creation = true;
  client_->Ask<MetadataResponse>(1, request, 9, [](const auto&) {});
  EXPECT_TRUE(cluster_.RunUntil([&] { return client_->LeaderOf({"again", 1}) > 0; }, seconds(30)));
  EXPECT_EQ(cluster_.world().zk().Read(path)->data, zk::EncodeConfig({}));
}

class OldProtocol : public WritingStory {
 protected:
  OldProtocol()
      : WritingStory({.seed = 223, .partitions = 1, .properties = {{"inter.broker.protocol.version", "2.8"}}}) {}
};

// The controller may be one that cannot be asked for producer ids: brokers take theirs from ZooKeeper.
TEST_F(OldProtocol, ProducerIdsNeedNoController) {
  const int controller = cluster_.Controller();
  leader_ = controller % 3 + 1;
  cluster_.LosePowerOf(controller - 1);
  EXPECT_GE(NewProducerId(), 0);
  const auto block = zk::DecodeProducerIdBlock(Znode(zk::kProducerIdBlock)->data);
  ASSERT_TRUE(block.ok());
  EXPECT_EQ(block->broker, BrokerId(leader_));
}

// Better some records than none, where the topic says so: the last in sync is gone, and one that is behind leads.
TEST_F(WritingStory, UncleanWhereItIsAllowed) {
  cluster_.state_checker().AllowUnclean();
  client_->CreateTopic("loose", 1, 2, {{"unclean.leader.election.enable", "true"}, {"min.insync.replicas", "1"}});
  const TopicPartition tp{"loose", 0};
  const int first = client_->LeaderOf(tp);
  const std::vector<BrokerId> replicas = ReplicasOf(tp);
  const int second = replicas.at(0).value == first ? replicas.at(1).value : replicas.at(0).value;
  ASSERT_EQ(client_->Produce(first, tp, {"both have it"}, {}), ErrorCode::kNone);
  cluster_.KillBroker(second - 1);
  ASSERT_TRUE(cluster_.RunQuietly(seconds(10)));
  ASSERT_EQ(client_->Produce(first, tp, {"one has it"}, {}), ErrorCode::kNone);
  cluster_.KillBroker(first - 1);
  ASSERT_TRUE(cluster_.RunQuietly(seconds(10)));
  EXPECT_EQ(client_->LeaderOf(tp), -1);
  cluster_.RestartBroker(second - 1);
  EXPECT_TRUE(cluster_.RunUntil([&] { return client_->LeaderOf(tp) == second; }, seconds(30)));
  ASSERT_TRUE(cluster_.RunQuietly(seconds(2)));
  std::int64_t base = -1;
  EXPECT_EQ(client_->Produce(second, tp, {"instead"}, {}, &base), ErrorCode::kNone);
  EXPECT_EQ(base, 1) << "where the lost record was";
}

}  // namespace
}  // namespace ottla::sim
