// The life of topics: created, refused, grown, deleted; by request and by hand in ZooKeeper.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/zk/zk_paths.h"
#include "harness.h"

namespace ottla::controller {
namespace {

using test::Ids;
using test::Three;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

TEST(TopicStory, ATopicIsCreated) {
  Three h;
  const CreatedTopic created = h.Create("t", {"1,2", "2,3"});
  EXPECT_EQ(created.error, ErrorCode::kNone);
  EXPECT_EQ(created.partitions, 2);
  EXPECT_THAT(h.Told(), ElementsAre("1: LeaderAndIsr t-0 L1 e0 isr[1,2] zk0 NEW",
                                    "2: LeaderAndIsr t-0 L1 e0 isr[1,2] zk0 NEW; t-1 L2 e0 isr[2,3] zk0 NEW",
                                    "3: LeaderAndIsr t-1 L2 e0 isr[2,3] zk0 NEW",
                                    "1: UpdateMetadata live[1,2,3] t-0 L1 e0 isr[1,2] zk0; t-1 L2 e0 isr[2,3] zk0",
                                    "2: UpdateMetadata live[1,2,3] t-0 L1 e0 isr[1,2] zk0; t-1 L2 e0 isr[2,3] zk0",
                                    "3: UpdateMetadata live[1,2,3] t-0 L1 e0 isr[1,2] zk0; t-1 L2 e0 isr[2,3] zk0"));
  EXPECT_EQ(h.tree.Data("/config/topics/t"), R"({"version":1,"config":{}})");
  EXPECT_EQ(zk::DecodeTopic(h.tree.Read("/brokers/topics/t").data)->id, created.id);
  // The watch tells of what is known already.
  h.On(TopicsChanged{{"t"}, {{"t", h.tree.Read("/brokers/topics/t").data, {}}}});
  EXPECT_THAT(h.Told(), IsEmpty());
}

TEST(TopicStory, TopicsByHandInZooKeeper) {
  Three h;
  h.tree.Put("/brokers/topics/old", R"({"version":1,"partitions":{"0":[3,1]}})");
  h.tree.Put("/brokers/topics/junk", "not json");
  h.tree.Put("/brokers/topics/empty", R"({"version":3,"partitions":{"0":[],"1":[2]}})");
  const auto node = [&](const std::string& name) {
    const auto read = h.tree.Read("/brokers/topics/" + name);
    return TopicNode{name, read.data, read.stat};
  };
  const std::string endless(254, 'n');
  h.tree.Put("/brokers/topics/" + endless, R"({"version":1,"partitions":{"0":[3,1]}})");
  h.On(TopicsChanged{{"old", "junk", "empty", endless}, {node("old"), node("junk"), node("empty"), node(endless)}});
  EXPECT_EQ(h.State(endless), "none") << "no broker could store it";
  EXPECT_TRUE(h.core.state().topics.at(endless).partitions.empty());
  EXPECT_EQ(h.State("old"), "L3 e0 isr[3,1] zk0");
  EXPECT_TRUE(zk::DecodeTopic(h.tree.Read("/brokers/topics/old").data)->id.has_value());
  EXPECT_EQ(h.tree.Data("/brokers/topics/junk"), "not json");  // for an operator to repair
  EXPECT_EQ(h.State("empty", 0), "none");
  EXPECT_EQ(h.State("empty", 1), "L2 e0 isr[2] zk0");
  EXPECT_THAT(h.Notes(), Contains(HasSubstr("topic junk is set aside")));
  // An old tool adds a partition and drops the id: the known id comes back.
  const Uuid id = h.core.state().topics.at("old").id;
  h.tree.Put("/brokers/topics/old", R"({"version":1,"partitions":{"0":[3,1],"1":[1,2]}})");
  h.On(TopicChanged{node("old")});
  EXPECT_EQ(h.State("old", 1), "L1 e0 isr[1,2] zk0");
  EXPECT_EQ(zk::DecodeTopic(h.tree.Read("/brokers/topics/old").data)->id, id);
  // Removed by hand: forgotten.
  h.tree.Remove("/brokers/topics/old");
  h.On(TopicsChanged{{"junk", "empty"}, {}});
  EXPECT_FALSE(h.core.state().topics.contains("old"));
}

TEST(TopicStory, DeletionWaitsForEveryReplica) {
  Three h;
  h.Create("t", {"1,2", "2,3"});
  h.Told();
  const Answer answer = h.Ask(DeleteTopicsCommand{{{"t", {}}}});
  EXPECT_EQ(std::get<DeleteTopicsAnswer>(answer).topics[0].error, ErrorCode::kNone);
  EXPECT_THAT(h.Told(), ElementsAre("1: UpdateMetadata live[1,2,3] t-0 L-2 e0 isr[1,2] zk0; t-1 L-2 e0 isr[2,3] zk0",
                                    "2: UpdateMetadata live[1,2,3] t-0 L-2 e0 isr[1,2] zk0; t-1 L-2 e0 isr[2,3] zk0",
                                    "3: UpdateMetadata live[1,2,3] t-0 L-2 e0 isr[1,2] zk0; t-1 L-2 e0 isr[2,3] zk0",
                                    "1: StopReplica t-0 e-2 delete", "2: StopReplica t-0 e-2 delete; t-1 e-2 delete",
                                    "3: StopReplica t-1 e-2 delete"));
  EXPECT_EQ(h.Create("t", {"1"}).error, ErrorCode::kTopicAlreadyExists);
  const Uuid id = h.core.state().topics.at("t").id;
  const Answer again = h.Ask(DeleteTopicsCommand{{{"t", {}}, {"", id}}});
  for (const DeletedTopic& deleted : std::get<DeleteTopicsAnswer>(again).topics) {
    EXPECT_EQ(deleted.error, ErrorCode::kUnknownTopicOrPartition) << "no broker knows it any more";
  }
  h.AnswerAll(1);
  h.AnswerAll(2);
  EXPECT_NE(h.tree.Data("/admin/delete_topics/t"), "-");
  h.AnswerAll(3);
  EXPECT_EQ(h.tree.Data("/brokers/topics/t"), "-");
  EXPECT_EQ(h.tree.Data("/config/topics/t"), "-");
  EXPECT_EQ(h.tree.Data("/admin/delete_topics/t"), "-");
  EXPECT_EQ(h.Create("t", {"1"}).error, ErrorCode::kNone);
}

TEST(TopicStory, DeletionOutlivesADeadBrokerAndItsController) {
  Three h;
  h.Create("t", {"1,2"});
  h.Down(2);
  h.tree.Put("/admin/delete_topics/t", std::nullopt);
  h.On(DeletionsListed{{"t"}});
  h.AnswerAll(1);
  EXPECT_NE(h.tree.Data("/brokers/topics/t"), "-");
  h.Elect();  // waits as a whole
  h.AnswerAll(1);
  EXPECT_NE(h.tree.Data("/brokers/topics/t"), "-");
  h.Told();
  h.Up(2);
  EXPECT_THAT(h.Told(), Contains("2: StopReplica t-0 e-2 delete"));
  h.AnswerAll(1);
  h.AnswerAll(2);
  EXPECT_EQ(h.tree.Data("/brokers/topics/t"), "-");
}

TEST(TopicStory, ABrokerThatDiesWhileDeletingIsAskedAgain) {
  Three h;
  h.Create("t", {"1,2"});
  h.Ask(DeleteTopicsCommand{{{"t", {}}}});
  h.AnswerAll(1);
  h.Down(2);
  h.Told();
  h.Up(2);
  EXPECT_THAT(h.Told(), Contains("2: StopReplica t-0 e-2 delete"));
  h.AnswerAll(2);
  EXPECT_EQ(h.tree.Data("/brokers/topics/t"), "-");
}

TEST(TopicStory, DeletionOfUnknownOrForbiddenTopicsOnlyClearsTheQueue) {
  CoreOptions options;
  options.delete_topics = false;
  Three h(options);
  h.Create("t", {"1"});
  h.tree.Put("/admin/delete_topics/t", std::nullopt);
  h.tree.Put("/admin/delete_topics/ghost", std::nullopt);
  h.On(DeletionsListed{{"t", "ghost"}});
  EXPECT_EQ(h.tree.Data("/admin/delete_topics/t"), "-");
  EXPECT_EQ(h.tree.Data("/admin/delete_topics/ghost"), "-");
  EXPECT_NE(h.tree.Data("/brokers/topics/t"), "-");
  const Answer answer = h.Ask(DeleteTopicsCommand{{{"t", {}}, {"ghost", {}}, {"", Uuid::FromRandom(1, 2)}}});
  const auto& deleted = std::get<DeleteTopicsAnswer>(answer).topics;
  EXPECT_EQ(deleted[0].error, ErrorCode::kTopicDeletionDisabled);
  EXPECT_EQ(deleted[1].error, ErrorCode::kUnknownTopicOrPartition);
  EXPECT_EQ(deleted[2].error, ErrorCode::kUnknownTopicId);
}

TEST(TopicStory, TopicsGrow) {
  Three h;
  h.Create("t", {"1,2"});
  h.Told();
  const auto grow = [&](std::int32_t count, bool validate = false) {
    return std::get<CreatePartitionsAnswer>(h.Ask(CreatePartitionsCommand{{{"t", count, std::nullopt}}, validate}))
        .topics[0]
        .error;
  };
  EXPECT_EQ(grow(3, true), ErrorCode::kNone);
  EXPECT_EQ(h.State("t", 1), "none");
  EXPECT_EQ(grow(3), ErrorCode::kNone);
  EXPECT_EQ(h.State("t", 1).substr(0, 6), "L2 e0 ");
  EXPECT_EQ(h.State("t", 2).substr(0, 6), "L3 e0 ");
  EXPECT_EQ(grow(3), ErrorCode::kInvalidPartitions);
  EXPECT_EQ(grow(2), ErrorCode::kInvalidPartitions);
  for (const std::int32_t many : {20'001, 2'147'483'647}) EXPECT_EQ(grow(many), ErrorCode::kInvalidPartitions);
}

TEST(TopicStory, MorePartitionsThanFitIntoAZnode) {
  Three h;
  const auto create = [&](std::vector<CreatableTopic> topics) {
    return std::get<CreateTopicsAnswer>(h.Ask(CreateTopicsCommand{std::move(topics), true})).topics;
  };
  EXPECT_EQ(create({{"t", 2'147'483'647, 1, {}, {}}})[0].error, ErrorCode::kInvalidPartitions);
  EXPECT_EQ(create({{"t", 20'001, 1, {}, {}}})[0].error, ErrorCode::kInvalidPartitions);
  CreatableTopic long_ids{"t", -1, -1, {}, {}};  // not too many partitions, but too many bytes
  for (std::int32_t i = 0; i < 20'000; ++i) {
    long_ids.assignment[i] = Ids("2147483640,2147483641,2147483642,2147483643");
  }
  EXPECT_EQ(create({long_ids})[0].error, ErrorCode::kInvalidPartitions);
  std::vector<CreatableTopic> topics;
  topics.reserve(5);
  for (int i = 0; i < 5; ++i) topics.push_back({"t" + std::to_string(i), 20'000, 1, {}, {}});
  const auto answers = create(topics);
  EXPECT_EQ(answers[2].error, ErrorCode::kNone);
  EXPECT_EQ(answers[3].error, ErrorCode::kPolicyViolation);
}

TEST(TopicStory, CreateTopicsRefusals) {
  CoreOptions options;
  options.validate_config = [](const std::string&, const std::map<std::string, std::string>& configs) {
    return configs.contains("bad") ? Status(StatusCode::kInvalidArgument, "bad config") : Status::Ok();
  };
  Three h(options);
  h.Create("a.b", {"1"});
  struct Case {
    CreatableTopic topic;
    ErrorCode error;
  };
  const Case cases[] = {
      {{"a.b", 1, 1, {}, {}}, ErrorCode::kTopicAlreadyExists},
      {{"a_b", 1, 1, {}, {}}, ErrorCode::kInvalidTopicException},
      {{"", 1, 1, {}, {}}, ErrorCode::kInvalidTopicException},
      {{"..", 1, 1, {}, {}}, ErrorCode::kInvalidTopicException},
      {{"sp ace", 1, 1, {}, {}}, ErrorCode::kInvalidTopicException},
      {{"t", 0, 1, {}, {}}, ErrorCode::kInvalidPartitions},
      {{"t", 1, 0, {}, {}}, ErrorCode::kInvalidReplicationFactor},
      {{"t", 1, 4, {}, {}}, ErrorCode::kInvalidReplicationFactor},
      {{"t", -1, -1, {{1, Ids("1")}}, {}}, ErrorCode::kInvalidReplicaAssignment},
      {{"t", -1, -1, {{0, Ids("1,1")}}, {}}, ErrorCode::kInvalidReplicaAssignment},
      {{"t", -1, -1, {{0, Ids("1")}, {1, Ids("1,2")}}, {}}, ErrorCode::kInvalidReplicaAssignment},
      {{"t", 1, 1, {{0, Ids("1")}}, {}}, ErrorCode::kInvalidRequest},
      {{"t", 1, 1, {}, {{"bad", "x"}}}, ErrorCode::kInvalidConfig},
      {{"t", 1, 1, {}, {{"null", std::nullopt}}}, ErrorCode::kInvalidConfig},
      {{"ok", -1, -1, {}, {{"retention.ms", "1"}}}, ErrorCode::kNone},
  };
  for (const Case& c : cases) {
    const auto answer = std::get<CreateTopicsAnswer>(h.Ask(CreateTopicsCommand{{c.topic}, false}));
    EXPECT_EQ(answer.topics[0].error, c.error) << c.topic.name << " " << answer.topics[0].message;
  }
  const auto twice =
      std::get<CreateTopicsAnswer>(h.Ask(CreateTopicsCommand{{{"x", 1, 1, {}, {}}, {"x", 1, 1, {}, {}}}, false}));
  EXPECT_EQ(twice.topics[0].error, ErrorCode::kInvalidRequest);
  const auto dry = std::get<CreateTopicsAnswer>(h.Ask(CreateTopicsCommand{{{"dry", 2, 2, {}, {}}}, true}));
  EXPECT_EQ(dry.topics[0].error, ErrorCode::kNone);
  EXPECT_EQ(h.tree.Data("/brokers/topics/dry"), "-");
  EXPECT_EQ(h.tree.Data("/config/topics/ok"), R"({"version":1,"config":{"retention.ms":"1"}})");
}

TEST(TopicStory, AConfigThatExistsBeforeItsTopicIsReplaced) {
  Three h;
  h.tree.Put("/config/topics/t", R"({"version":1,"config":{"left":"over"}})");
  EXPECT_EQ(h.Create("t", {"1"}).error, ErrorCode::kNone);
  EXPECT_EQ(h.tree.Data("/config/topics/t"), R"({"version":1,"config":{}})");
  h.tree.Put("/brokers/topics/raced", R"({"partitions":{}})");  // not yet seen by the watch
  EXPECT_EQ(h.Create("raced", {"1"}).error, ErrorCode::kTopicAlreadyExists);
}

}  // namespace
}  // namespace ottla::controller
