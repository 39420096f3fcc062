// Administration through the wire of a whole cluster: topics come, grow, go and are described, and what is refused is
// refused by name.
#include <algorithm>

#include "common/protocol/messages/03_metadata.h"
#include "common/protocol/messages/18_api_versions.h"
#include "common/protocol/messages/19_create_topics.h"
#include "common/protocol/messages/20_delete_topics.h"
#include "common/protocol/messages/32_describe_configs.h"
#include "common/protocol/messages/37_create_partitions.h"
#include "common/protocol/messages/60_describe_cluster.h"
#include "common/protocol/messages/67_allocate_producer_ids.h"
#include "common/zk/zk_codec.h"
#include "common/zk/zk_paths.h"
#include "tests/sim/story/story.h"

namespace ottla::sim {
namespace {

using std::chrono::seconds;
using CreatableTopic = CreateTopicsRequest::CreatableTopic;

// A cluster with its topic "sim", idle but for its own clients.
class AdminStory : public Story {
 protected:
  explicit AdminStory(std::uint64_t seed = 200, int partitions = 1) : Story({.seed = seed, .partitions = partitions}) {}
  void SetUp() override {
    Story::SetUp();
    controller_ = cluster_.Controller();
    ASSERT_GT(controller_, 0);
  }
  int NotController() const { return controller_ % 3 + 1; }

  std::vector<ErrorCode> Create(int broker, const std::vector<CreatableTopic>& topics, bool validate_only = false,
                                std::int16_t version = 5) {
    CreateTopicsRequest request;
    request.timeout_ms = 10'000;
    request.topics = topics;
    request.validate_only = validate_only;
    std::vector<ErrorCode> errors;
    client_->Ask<CreateTopicsResponse>(broker, request, version, [&](const CreateTopicsResponse& response) {
      for (const auto& topic : response.topics) errors.push_back(topic.error_code);
    });
    return errors;
  }
  ErrorCode Create(const CreatableTopic& topic) {
    const std::vector<ErrorCode> errors = Create(controller_, {topic});
    return errors.size() == 1 ? errors[0] : ErrorCode::kUnknownServerError;
  }
  ErrorCode Grow(int broker, const CreatePartitionsRequest::CreatePartitionsTopic& topic, bool validate_only = false) {
    CreatePartitionsRequest request;
    request.timeout_ms = 10'000;
    request.topics.push_back(topic);
    request.validate_only = validate_only;
    ErrorCode error = ErrorCode::kUnknownServerError;
    client_->Ask<CreatePartitionsResponse>(broker, request, 3, [&](const CreatePartitionsResponse& response) {
      if (response.results.size() == 1) error = response.results[0].error_code;
    });
    return error;
  }
  ErrorCode Delete(int broker, std::optional<std::string_view> name, Uuid id = {}) {
    DeleteTopicsRequest request;
    request.timeout_ms = 10'000;
    request.topics.push_back({name, id});
    ErrorCode error = ErrorCode::kUnknownServerError;
    client_->Ask<DeleteTopicsResponse>(broker, request, 6, [&](const DeleteTopicsResponse& response) {
      if (response.responses.size() == 1) error = response.responses[0].error_code;
    });
    return error;
  }
  // Partitions of a topic as `broker` tells them; -1: it has no such topic.
  int PartitionsOf(int broker, std::string_view name, Uuid* id = nullptr) {
    MetadataRequest request;
    request.topics.emplace();
    request.topics->push_back({.name = name});
    request.allow_auto_topic_creation = false;
    int count = -1;
    client_->Ask<MetadataResponse>(broker, request, 12, [&](const MetadataResponse& response) {
      for (const auto& topic : response.topics) {
        if (topic.error_code != ErrorCode::kNone) continue;
        count = static_cast<int>(topic.partitions.size());
        if (id != nullptr) *id = topic.topic_id;
      }
    });
    return count;
  }
  bool AwaitPartitions(std::string_view name, int count) {
    for (int second = 0; second < 30; ++second) {
      bool all = true;
      for (int broker = 1; broker <= 3; ++broker) all = all && PartitionsOf(broker, name) == count;
      if (all) return true;
      if (!cluster_.RunQuietly(seconds(1))) return false;
    }
    return false;
  }

  int controller_ = -1;
};

CreatableTopic Topic(std::string_view name, int partitions, int replicas) {
  CreatableTopic topic;
  topic.name = name;
  topic.num_partitions = partitions;
  topic.replication_factor = static_cast<std::int16_t>(replicas);
  return topic;
}

TEST_F(AdminStory, WhatCannotBeATopicIsRefusedByName) {
  const std::string long_name(250, 'n');
  EXPECT_EQ(Create(Topic("sim", 1, 1)), ErrorCode::kTopicAlreadyExists);
  EXPECT_EQ(Create(Topic("", 1, 1)), ErrorCode::kInvalidTopicException);
  EXPECT_EQ(Create(Topic("..", 1, 1)), ErrorCode::kInvalidTopicException);
  EXPECT_EQ(Create(Topic("a/b", 1, 1)), ErrorCode::kInvalidTopicException);
  EXPECT_EQ(Create(Topic(long_name, 1, 1)), ErrorCode::kInvalidTopicException);
  EXPECT_EQ(Create(Topic("t", 0, 1)), ErrorCode::kInvalidPartitions);
  EXPECT_EQ(Create(Topic("t", 1, 4)), ErrorCode::kInvalidReplicationFactor);
  EXPECT_EQ(Create(Topic("t", 1, 0)), ErrorCode::kInvalidReplicationFactor);
  CreatableTopic topic = Topic("t", 1, 1);
  topic.configs.push_back({"retention.ms", "soon"});
  EXPECT_EQ(Create(topic), ErrorCode::kInvalidConfig);
  topic.configs = {{"no.such.setting", "1"}};
  EXPECT_EQ(Create(topic), ErrorCode::kInvalidConfig);
  EXPECT_EQ(PartitionsOf(controller_, "t"), -1);
}

// A controller that dies while it creates a topic leaves it to one that calls it new no more.
TEST_F(AdminStory, SettingsOfATopicThatNobodyCallsNew) {
  SimZk& zookeeper = cluster_.world().zk();
  const auto at = [](const std::string& path) { return kSimChroot + path; };
  const std::vector<BrokerId> all{BrokerId(1), BrokerId(2), BrokerId(3)};
  zk::TopicAssignment assignment;
  assignment.id = Uuid::FromRandom(5, 6);
  assignment.partitions[0].replicas = all;
  zk::PartitionStateData state;
  state.leader = BrokerId(1);
  state.isr = all;
  state.controller_epoch = ControllerEpoch(1);
  ASSERT_EQ(
      zookeeper.Operate({ZkOp::Create(at(zk::TopicConfig("own")), zk::EncodeConfig({{"max.message.bytes", "200"}})),
                         ZkOp::Create(at(zk::Topic("own")), zk::Encode(assignment)),
                         ZkOp::Create(at(zk::Topic("own")) + "/partitions", std::nullopt),
                         ZkOp::Create(at(zk::Topic("own")) + "/partitions/0", std::nullopt),
                         ZkOp::Create(at(zk::State("own", 0)), zk::Encode(state))}),
      ZkError::kOk);
  ASSERT_TRUE(cluster_.RunUntil([&] { return cluster_.Leads(1, {"own", 0}); }, seconds(30)));
  ASSERT_TRUE(cluster_.RunQuietly(seconds(5)));
  EXPECT_EQ(client_->Produce(1, {"own", 0}, {"small"}, {}), ErrorCode::kNone);
  EXPECT_EQ(client_->Produce(1, {"own", 0}, {std::string(300, 'x')}, {}), ErrorCode::kMessageTooLarge);
}

TEST_F(AdminStory, PlacedByHand) {
  CreatableTopic topic = Topic("placed", -1, -1);
  topic.assignments = {{0, {2, 3}}, {1, {3, 1}}};
  EXPECT_EQ(Create(topic), ErrorCode::kNone);
  EXPECT_TRUE(AwaitPartitions("placed", 2));
  EXPECT_EQ(client_->LeaderOf({"placed", 0}), 2) << "the first replica is preferred";
  EXPECT_EQ(client_->LeaderOf({"placed", 1}), 3);

  topic = Topic("bad", -1, -1);
  topic.assignments = {{0, {1, 1}}};
  EXPECT_NE(Create(topic), ErrorCode::kNone) << "twice on one broker";
  topic.assignments = {{0, {1}}, {2, {1}}};
  EXPECT_NE(Create(topic), ErrorCode::kNone) << "no partition 1";
  topic.assignments = {{0, {1}}, {0, {2}}};
  EXPECT_NE(Create(topic), ErrorCode::kNone) << "partition 0 twice";
  topic = Topic("bad", 2, 1);
  topic.assignments = {{0, {1}}};
  EXPECT_EQ(Create(topic), ErrorCode::kInvalidRequest) << "both ways of placing";
}

TEST_F(AdminStory, OnlyTheControllerChangesTopics) {
  const int other = NotController();
  EXPECT_EQ(Create(other, {Topic("t", 1, 1)}), std::vector{ErrorCode::kNotController});
  EXPECT_EQ(Grow(other, {.name = "sim", .count = 3, .assignments = std::nullopt}), ErrorCode::kNotController);
  EXPECT_EQ(Delete(other, "sim"), ErrorCode::kNotController);
}

TEST_F(AdminStory, ValidateOnlyChangesNothing) {
  EXPECT_EQ(Create(controller_, {Topic("t", 2, 2)}, true), std::vector{ErrorCode::kNone});
  EXPECT_EQ(Grow(controller_, {.name = "sim", .count = 3, .assignments = std::nullopt}, true), ErrorCode::kNone);
  ASSERT_TRUE(cluster_.RunQuietly(seconds(2)));
  EXPECT_EQ(PartitionsOf(controller_, "t"), -1);
  EXPECT_EQ(PartitionsOf(controller_, "sim"), 1);
}

TEST_F(AdminStory, ManyAtOnceAndOneNameTwice) {
  EXPECT_EQ(Create(controller_, {Topic("a", 1, 1), Topic("b", 3, 3), Topic("sim", 1, 1)}),
            (std::vector{ErrorCode::kNone, ErrorCode::kNone, ErrorCode::kTopicAlreadyExists}));
  EXPECT_TRUE(AwaitPartitions("b", 3));
  for (const ErrorCode error : Create(controller_, {Topic("twice", 1, 1), Topic("twice", 1, 1)}))
    EXPECT_EQ(error, ErrorCode::kInvalidRequest);
}

TEST_F(AdminStory, ATopicGrows) {
  client_->CreateTopic("grows", 1, 2);
  EXPECT_EQ(Grow(controller_, {.name = "grows", .count = 3, .assignments = std::nullopt}), ErrorCode::kNone);
  EXPECT_TRUE(AwaitPartitions("grows", 3));
  EXPECT_EQ(Grow(controller_, {.name = "grows", .count = 4, .assignments = {{{{1, 2}}}}}), ErrorCode::kNone);
  EXPECT_TRUE(AwaitPartitions("grows", 4));
  EXPECT_EQ(client_->LeaderOf({"grows", 3}), 1);

  EXPECT_EQ(Grow(controller_, {.name = "grows", .count = 4, .assignments = std::nullopt}),
            ErrorCode::kInvalidPartitions);
  EXPECT_EQ(Grow(controller_, {.name = "grows", .count = 2, .assignments = std::nullopt}),
            ErrorCode::kInvalidPartitions);
  EXPECT_EQ(Grow(controller_, {.name = "none", .count = 2, .assignments = std::nullopt}),
            ErrorCode::kUnknownTopicOrPartition);
  EXPECT_NE(Grow(controller_, {.name = "grows", .count = 5, .assignments = {{{{1, 9}}}}}), ErrorCode::kNone);
  EXPECT_NE(Grow(controller_, {.name = "grows", .count = 5, .assignments = {{{{1}}}}}), ErrorCode::kNone)
      << "another number of replicas than the others have";
  EXPECT_NE(Grow(controller_, {.name = "grows", .count = 5, .assignments = {{{{1, 2}}, {{2, 3}}}}}), ErrorCode::kNone);
}

TEST_F(AdminStory, DeletedByNameAndById) {
  client_->CreateTopic("named", 2, 3);
  client_->CreateTopic("known", 1, 3);
  Uuid id;
  EXPECT_EQ(PartitionsOf(controller_, "known", &id), 1);
  EXPECT_EQ(Delete(controller_, "named"), ErrorCode::kNone);
  EXPECT_EQ(Delete(controller_, std::nullopt, id), ErrorCode::kNone);
  EXPECT_TRUE(AwaitPartitions("named", -1));
  EXPECT_TRUE(AwaitPartitions("known", -1));
  EXPECT_EQ(Delete(controller_, "named"), ErrorCode::kUnknownTopicOrPartition);
  EXPECT_EQ(Delete(controller_, std::nullopt, id), ErrorCode::kUnknownTopicId);
  // The name is free again, and the new topic is empty.
  client_->CreateTopic("named", 1, 3);
  std::int64_t base = -1;
  EXPECT_EQ(client_->Produce(client_->LeaderOf({"named", 0}), {"named", 0}, {"x"}, {}, &base), ErrorCode::kNone);
  EXPECT_EQ(base, 0);
}

// The replicas on the broker that is away are gone after it came back, from ZooKeeper and from its disk.
TEST_F(AdminStory, DeletedWhileAReplicaIsAway) {
  client_->CreateTopic("away", 2, 3);
  const int down = NotController();
  cluster_.KillBroker(down - 1);
  ASSERT_TRUE(cluster_.RunQuietly(seconds(8)));
  Delete(controller_, "away");  // times out or not: the wish is stored
  ASSERT_TRUE(cluster_.RunQuietly(seconds(3)));
  EXPECT_NE(cluster_.world().zk().Read("/cluster" + zk::Topic("away")), nullptr) << "a replica is still to be deleted";
  cluster_.RestartBroker(down - 1);
  EXPECT_TRUE(cluster_.RunUntil([&] { return cluster_.world().zk().Read("/cluster" + zk::Topic("away")) == nullptr; },
                                seconds(60)));
  EXPECT_TRUE(cluster_.RunUntil(
      [&] { return cluster_.world().zk().Read("/cluster" + zk::DeleteTopic("away")) == nullptr; }, seconds(5)));
  EXPECT_TRUE(AwaitPartitions("away", -1));
  ASSERT_TRUE(cluster_.RunQuietly(seconds(70)));  // file.delete.delay.ms
  for (int broker = 0; broker < 3; ++broker) {
    for (const char* dir : {"/data/d0", "/data/d1"}) {
      for (const std::string& name : cluster_.world().node(broker).files().PeekNames(dir))
        EXPECT_FALSE(name.starts_with("away-")) << "broker " << broker + 1 << " keeps " << dir << "/" << name;
    }
  }
}

class TwoDirsStory : public AdminStory {
 protected:
  TwoDirsStory() : AdminStory(3) {}
  bool Stored(const std::string& topic) { return cluster_.world().zk().Read("/cluster" + zk::Topic(topic)) != nullptr; }
};

// What a directory holds that is offline comes back with it, perhaps beside a later topic of that name.
TEST_F(TwoDirsStory, DeletedWhileADirectoryOfItIsOffline) {
  client_->CreateTopic("away", 4, 3);
  const int down = NotController();
  SimFiles& files = cluster_.world().node(down - 1).files();
  ASSERT_TRUE(std::ranges::any_of(files.PeekNames("/data/d1"), [](auto& name) { return name.starts_with("away-"); }));
  cluster_.KillBroker(down - 1);
  ASSERT_TRUE(cluster_.RunQuietly(seconds(8)));
  Delete(controller_, "away");
  files.faults().under = "/data/d1";
  files.faults().name_error = 1;
  cluster_.RestartBroker(down - 1);
  ASSERT_TRUE(cluster_.RunQuietly(seconds(10)));
  EXPECT_TRUE(Stored("away")) << "replicas are still to be deleted";
  files.faults() = FileFaults{};
  cluster_.KillBroker(down - 1);
  cluster_.RestartBroker(down - 1);
  ASSERT_TRUE(cluster_.RunUntil([&] { return !Stored("away"); }, seconds(60)));
  client_->CreateTopic("away", 4, 3);
}

TEST_F(AdminStory, TheControllerDiesWhileTopicsGo) {
  client_->CreateTopic("gone", 4, 3);
  DeleteTopicsRequest request;
  request.timeout_ms = 0;
  request.topics.push_back({"gone", {}});
  client_->Ask<DeleteTopicsResponse>(controller_, request, 6, [](const DeleteTopicsResponse&) {});
  cluster_.KillBroker(controller_ - 1);
  EXPECT_TRUE(cluster_.RunUntil([&] { return cluster_.Controller() > 0 && cluster_.Controller() != controller_; },
                                seconds(30)));
  cluster_.RestartBroker(controller_ - 1);
  EXPECT_TRUE(cluster_.RunUntil([&] { return cluster_.world().zk().Read("/cluster" + zk::Topic("gone")) == nullptr; },
                                seconds(60)))
      << "the successor does not finish what was begun";
}

using Resource = DescribeConfigsRequest::DescribeConfigsResource;
constexpr std::int8_t kTopicResource = 2;
constexpr std::int8_t kBrokerResource = 4;

TEST_F(AdminStory, ConfigsAreDescribed) {
  client_->CreateTopic("described", 1, 1, {{"retention.ms", "1000000"}});
  DescribeConfigsRequest request;
  const std::string self = std::to_string(controller_);
  request.resources = {Resource{kTopicResource, "described", std::nullopt},
                       Resource{kTopicResource, "none", std::nullopt},
                       Resource{kTopicResource, "sim", {{"min.insync.replicas"}}},
                       Resource{kBrokerResource, self, std::nullopt}, Resource{kBrokerResource, "9", std::nullopt}};
  request.include_synonyms = true;
  request.include_documentation = true;
  client_->Ask<DescribeConfigsResponse>(controller_, request, 4, [](const DescribeConfigsResponse& response) {
    ASSERT_EQ(response.results.size(), 5U);
    EXPECT_EQ(response.results[0].error_code, ErrorCode::kNone);
    const auto& configs = response.results[0].configs;
    const auto found =
        std::find_if(configs.begin(), configs.end(), [](const auto& c) { return c.name == "retention.ms"; });
    ASSERT_NE(found, configs.end());
    EXPECT_EQ(found->value, "1000000");
    EXPECT_FALSE(found->synonyms.empty());
    EXPECT_FALSE(found->documentation.value_or("").empty());
    EXPECT_EQ(response.results[1].error_code, ErrorCode::kUnknownTopicOrPartition);
    ASSERT_EQ(response.results[2].configs.size(), 1U);
    EXPECT_EQ(response.results[2].configs[0].value, "2") << "the brokers' default";
    EXPECT_EQ(response.results[3].error_code, ErrorCode::kNone);
    EXPECT_GT(response.results[3].configs.size(), 50U);
    EXPECT_EQ(response.results[4].error_code, ErrorCode::kInvalidRequest) << "another broker is asked about itself";
  });
  request.resources.push_back(Resource{77, "x", std::nullopt});
  client_->Ask<DescribeConfigsResponse>(controller_, request, 4, [](const DescribeConfigsResponse& response) {
    ASSERT_EQ(response.results.size(), 6U);
    for (const auto& result : response.results) EXPECT_EQ(result.error_code, ErrorCode::kInvalidRequest);
  });
}

TEST_F(AdminStory, TheClusterIsDescribed) {
  DescribeClusterRequest request;
  request.include_cluster_authorized_operations = true;
  for (int broker = 1; broker <= 3; ++broker) {
    client_->Ask<DescribeClusterResponse>(broker, request, 1, [&](const DescribeClusterResponse& response) {
      EXPECT_EQ(response.error_code, ErrorCode::kNone);
      EXPECT_EQ(response.controller_id, controller_);
      EXPECT_EQ(response.brokers.size(), 3U);
      EXPECT_EQ(response.cluster_id.size(), 22U);
    });
  }
  request.endpoint_type = 2;
  client_->Ask<DescribeClusterResponse>(1, request, 1, [](const DescribeClusterResponse& response) {
    EXPECT_NE(response.error_code, ErrorCode::kNone) << "there are no KRaft controllers to describe";
  });
}

TEST_F(AdminStory, BlocksOfProducerIdsAreLeasedOnce) {
  const auto lease = [&](int asked, int broker, std::int64_t epoch) {
    AllocateProducerIdsRequest request;
    request.broker_id = broker;
    request.broker_epoch = epoch;
    std::pair<ErrorCode, std::int64_t> answer;
    client_->Ask<AllocateProducerIdsResponse>(asked, request, 0, [&](const AllocateProducerIdsResponse& response) {
      answer = {response.error_code, response.producer_id_start};
    });
    return answer;
  };
  const std::int64_t epoch = cluster_.world().zk().Read("/cluster" + zk::Broker(BrokerId(1)))->stat.czxid;
  const auto [error, first] = lease(controller_, 1, epoch);
  EXPECT_EQ(error, ErrorCode::kNone);
  EXPECT_GE(lease(controller_, 1, epoch).second, first + 1000) << "brokers lease blocks for their clients meanwhile";
  EXPECT_EQ(lease(controller_, 1, epoch - 1).first, ErrorCode::kStaleBrokerEpoch);
  EXPECT_EQ(lease(controller_, 9, epoch).first, ErrorCode::kBrokerIdNotRegistered);
  EXPECT_EQ(lease(NotController(), 1, epoch).first, ErrorCode::kNotController);
  // The next controller goes on behind what its predecessors leased.
  cluster_.KillBroker(controller_ - 1);
  ASSERT_TRUE(cluster_.RunUntil([&] { return cluster_.Controller() > 0 && cluster_.Controller() != controller_; },
                                seconds(30)));
  ASSERT_TRUE(cluster_.RunQuietly(seconds(5)));
  const int next = cluster_.Controller();
  const std::int64_t next_epoch = cluster_.world().zk().Read("/cluster" + zk::Broker(BrokerId(next)))->stat.czxid;
  const auto [later_error, later] = lease(next, next, next_epoch);
  EXPECT_EQ(later_error, ErrorCode::kNone);
  EXPECT_GE(later, first + 2000);
}

TEST_F(AdminStory, EveryVersionOfMetadata) {
  for (std::int16_t version = 0; version <= 12; ++version) {
    MetadataRequest request;
    request.topics.emplace();
    request.topics->push_back({.name = "sim"});
    request.topics->push_back({.name = "none"});
    request.allow_auto_topic_creation = version < 4;  // an older one cannot say no
    client_->Ask<MetadataResponse>(1, request, version, [&](const MetadataResponse& response) {
      EXPECT_EQ(response.brokers.size(), 3U);
      ASSERT_EQ(response.topics.size(), 2U);
      EXPECT_EQ(response.topics[0].partitions.size(), 1U) << "version " << version;
      EXPECT_EQ(response.topics[1].error_code, ErrorCode::kUnknownTopicOrPartition);
    });
  }
}

TEST_F(AdminStory, EveryVersionIsTold) {
  for (std::int16_t version = 0; version <= 4; ++version) {
    ApiVersionsRequest request;
    request.client_software_name = "story";
    request.client_software_version = "1.0";
    client_->Ask<ApiVersionsResponse>(2, request, version, [&](const ApiVersionsResponse& response) {
      EXPECT_EQ(response.error_code, ErrorCode::kNone);
      EXPECT_GT(response.api_keys.size(), 15U);
    });
  }
  ApiVersionsRequest request;
  request.client_software_name = "-bad name-";
  client_->Ask<ApiVersionsResponse>(2, request, 3, [&](const ApiVersionsResponse& response) {
    EXPECT_EQ(response.error_code, ErrorCode::kInvalidRequest);
  });
}

}  // namespace
}  // namespace ottla::sim
