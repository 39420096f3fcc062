// CreateTopics, CreatePartitions, DeleteTopics, Metadata and ApiVersions as clients see them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api_harness.h"
#include "common/protocol/messages/03_metadata.h"
#include "common/protocol/messages/18_api_versions.h"
#include "common/protocol/messages/19_create_topics.h"
#include "common/protocol/messages/20_delete_topics.h"
#include "common/protocol/messages/22_init_producer_id.h"
#include "common/protocol/messages/32_describe_configs.h"
#include "common/protocol/messages/37_create_partitions.h"

namespace ottla {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

controller::CreatedTopic Created(const std::string& name) {
  controller::CreatedTopic topic;
  topic.name = name;
  topic.id = TopicId(1);
  topic.partitions = 1;
  topic.replication_factor = 1;
  return topic;
}

CreateTopicsRequest Creating(const std::vector<std::string_view>& names, std::int32_t timeout_ms = 5'000) {
  CreateTopicsRequest request;
  request.timeout_ms = timeout_ms;
  for (const std::string_view name : names) {
    auto& topic = request.topics.emplace_back();
    topic.name = name;
    topic.num_partitions = 1;
    topic.replication_factor = 1;
  }
  return request;
}

TEST(CreateTopics, IsAnsweredWhenTheViewHasTheLeaders) {
  ApiHarness h;
  h.controller.create_topics.topics = {Created("t")};
  const std::uint64_t slot = h.Send(Creating({"t"}), 7);
  h.replicas.log.Settle(Millis(100));
  EXPECT_FALSE(h.Answered(slot));
  h.replicas.Metadata({1}, {{.replicas = {1}, .isr = {1}}});
  const auto answer = h.Await<CreateTopicsResponse>(slot, 7);
  ASSERT_TRUE(answer.has_value());
  EXPECT_EQ(answer->topics.at(0).error_code, ErrorCode::kNone);
  EXPECT_EQ(answer->topics.at(0).topic_id, TopicId(1));
  EXPECT_EQ(answer->topics.at(0).num_partitions, 1);
}

TEST(CreateTopics, TimesOutAndToldNoTimeDoesNotLook) {
  ApiHarness h;
  h.controller.create_topics.topics = {Created("t")};
  const std::uint64_t slot = h.Send(Creating({"t"}, 1'000), 7);
  h.replicas.log.Settle(Millis(900));
  EXPECT_FALSE(h.Answered(slot));
  const auto late = h.Await<CreateTopicsResponse>(slot, 7);
  EXPECT_EQ(late->topics.at(0).error_code, ErrorCode::kRequestTimedOut);
  EXPECT_EQ(late->topics.at(0).error_message, std::nullopt);
  EXPECT_EQ(late->topics.at(0).num_partitions, -1);
  h.replicas.Metadata({1}, {{.replicas = {1}, .isr = {1}}});
  const auto none = h.Call<CreateTopicsResponse>(Creating({"t"}, 0), 7);
  EXPECT_EQ(none->topics.at(0).error_code, ErrorCode::kRequestTimedOut);
}

TEST(CreateTopics, FaultsOfTheRequestItself) {
  ApiHarness h;
  h.controller.create_topics.topics = {Created("ok")};
  h.replicas.Metadata({1}, {{.topic = "ok", .replicas = {1}, .isr = {1}}});
  const auto answer = h.Call<CreateTopicsResponse>(Creating({"twice", "ok", "twice", "__cluster_metadata"}), 7);
  ASSERT_EQ(answer->topics.size(), 4u);  // each entry has its answer
  EXPECT_EQ(answer->topics[0].error_code, ErrorCode::kInvalidRequest);
  EXPECT_EQ(answer->topics[0].error_message, "Found multiple entries for this topic.");
  EXPECT_EQ(answer->topics[1].error_code, ErrorCode::kNone);
  EXPECT_EQ(answer->topics[2].error_code, ErrorCode::kInvalidRequest);
  EXPECT_EQ(answer->topics[3].error_message, "Creation of internal topic __cluster_metadata is prohibited.");
  ASSERT_TRUE(h.controller.asked_create.has_value());
  EXPECT_EQ(h.controller.asked_create->topics.size(), 1u);
}

// What is looked up once per topic must not be looked up among all of them.
TEST(CreateTopics, AHundredThousandNamesInOneRequest) {
  ApiHarness h;
  h.controller.create_topics.error = ErrorCode::kNotController;
  std::vector<std::string> names;
  names.reserve(100'000);
  for (int i = 0; i < 100'000; ++i) names.push_back("topic" + std::to_string(i));
  const std::vector<std::string_view> views(names.begin(), names.end());
  const auto answer = h.Call<CreateTopicsResponse>(Creating(views), 7);
  ASSERT_TRUE(answer.has_value());
  EXPECT_EQ(answer->topics.size(), names.size());
}

TEST(DescribeConfigs, AsksForNoMoreThanCanBeAnswered) {
  ApiHarness h;
  DescribeConfigsRequest request;
  request.resources.push_back({.resource_type = 4, .resource_name = "1"});
  EXPECT_EQ(h.Call<DescribeConfigsResponse>(request, 1)->results.at(0).configs.size(), 314u);
  for (int i = 0; i < 26'000; ++i) request.resources.push_back({.resource_type = 2, .resource_name = "t"});
  const auto answer = h.Call<DescribeConfigsResponse>(request, 1);
  ASSERT_TRUE(answer.has_value());
  EXPECT_EQ(answer->results.at(1).error_code, ErrorCode::kUnknownTopicOrPartition);
  EXPECT_EQ(answer->results.back().error_code, ErrorCode::kInvalidRequest);
  EXPECT_EQ(answer->results.back().error_message, "Too many resources in one request.");
}

TEST(CreateTopics, OthersSendTheAskerAway) {
  ApiHarness h;
  h.controller.create_topics.error = ErrorCode::kNotController;
  const auto answer = h.Call<CreateTopicsResponse>(Creating({"a", "b"}), 7);
  EXPECT_EQ(answer->topics.at(0).error_code, ErrorCode::kNotController);
  EXPECT_EQ(answer->topics.at(1).error_code, ErrorCode::kNotController);
}

TEST(CreatePartitions, WaitsForTheNewLeaders) {
  ApiHarness h;
  h.replicas.Metadata({1}, {{.replicas = {1}, .isr = {1}}});
  h.controller.create_partitions.topics = {{"t", ErrorCode::kNone, ""}};
  CreatePartitionsRequest request;
  request.timeout_ms = 5'000;
  request.topics.push_back({"t", 2, std::nullopt});
  const std::uint64_t slot = h.Send(request, 3);
  h.replicas.log.Settle(Millis(100));
  EXPECT_FALSE(h.Answered(slot));
  h.replicas.Metadata({1}, {{.partition = 1, .replicas = {1}, .isr = {1}}});
  EXPECT_EQ(h.Await<CreatePartitionsResponse>(slot, 3)->results.at(0).error_code, ErrorCode::kNone);
  request.timeout_ms = 0;
  EXPECT_EQ(h.Call<CreatePartitionsResponse>(request, 3)->results.at(0).error_code, ErrorCode::kRequestTimedOut);
}

TEST(DeleteTopics, AnswersAndTheirOrder) {
  ApiHarness h(Properties{{"delete.topic.enable", "false"}});
  DeleteTopicsRequest request;
  request.timeout_ms = 100;
  request.topics.push_back({"t", {}});
  EXPECT_EQ(h.Call<DeleteTopicsResponse>(request, 6)->responses.at(0).error_code, ErrorCode::kTopicDeletionDisabled);
  DeleteTopicsRequest old;
  old.timeout_ms = 100;
  old.topic_names = {"t"};
  EXPECT_EQ(h.Call<DeleteTopicsResponse>(old, 2)->responses.at(0).error_code, ErrorCode::kInvalidRequest);
  h.controller.active = false;
  EXPECT_EQ(h.Call<DeleteTopicsResponse>(request, 6)->responses.at(0).error_code, ErrorCode::kNotController);
}

TEST(DeleteTopics, ByNameAndIdTogetherIsRefusedAsAWhole) {
  ApiHarness h;
  DeleteTopicsRequest request;
  request.timeout_ms = 100;
  request.topics.push_back({"t", {}});
  request.topics.push_back({"u", TopicId(2)});
  const auto answer = h.Call<DeleteTopicsResponse>(request, 6);
  EXPECT_EQ(answer->responses.at(0).error_code, ErrorCode::kInvalidRequest);
  EXPECT_EQ(answer->responses.at(1).error_code, ErrorCode::kInvalidRequest);
  EXPECT_FALSE(h.controller.asked_delete.has_value());
}

TEST(InitProducerId, WithoutCoordinators) {
  ApiHarness h;
  InitProducerIdRequest request;
  request.transactional_id = "tx";
  EXPECT_EQ(h.Call<InitProducerIdResponse>(request, 4)->error_code, ErrorCode::kUnsupportedVersion);
  request.transactional_id = "";
  EXPECT_EQ(h.Call<InitProducerIdResponse>(request, 4)->error_code, ErrorCode::kInvalidRequest);
  request.transactional_id.reset();
  request.producer_id = 5;  // without an epoch
  EXPECT_EQ(h.Call<InitProducerIdResponse>(request, 4)->error_code, ErrorCode::kInvalidRequest);
  request.producer_id = -1;
  EXPECT_EQ(h.Call<InitProducerIdResponse>(request, 4)->error_code, ErrorCode::kCoordinatorLoadInProgress);
}

MetadataRequest Asking(const std::vector<std::string_view>& names) {
  MetadataRequest request;
  request.topics.emplace();
  for (const std::string_view name : names) request.topics->emplace_back().name = name;
  return request;
}

// A broker that has just started is not asked in vain: the first words of the controller are waited for.
TEST(Metadata, IsHeldUntilTheControllerHasSpoken) {
  ApiHarness h;
  const std::uint64_t held = h.Send(Asking({"t"}), 12);
  h.replicas.log.Settle(Millis(100));
  EXPECT_FALSE(h.Answered(held));
  h.replicas.Metadata({1}, {{.replicas = {1}, .isr = {1}}});
  const auto answer = h.Await<MetadataResponse>(held, 12, Millis(10));
  ASSERT_TRUE(answer.has_value());
  EXPECT_EQ(answer->topics.at(0).error_code, ErrorCode::kNone);
  EXPECT_EQ(answer->brokers.size(), 1u);
}

TEST(Metadata, IsHeldForAMomentOnly) {
  ApiHarness h(Properties{{"auto.create.topics.enable", "false"}});
  const std::uint64_t held = h.Send(Asking({"t"}), 12);
  h.replicas.log.Settle(Millis(490));
  EXPECT_FALSE(h.Answered(held));
  const auto answer = h.Await<MetadataResponse>(held, 12, Millis(20));
  ASSERT_TRUE(answer.has_value());
  EXPECT_EQ(answer->topics.at(0).error_code, ErrorCode::kUnknownTopicOrPartition);
  // And once only: in an empty cluster nobody waits again.
  const std::uint64_t second = h.Send(Asking({"t"}), 12);
  EXPECT_TRUE(h.Await<MetadataResponse>(second, 12, Millis(1)).has_value());
}

TEST(Metadata, OfNoTopicsWaitsForBrokersAlone) {
  ApiHarness h;
  const std::uint64_t held = h.Send(Asking({}), 12);
  h.replicas.log.Settle(Millis(10));
  EXPECT_FALSE(h.Answered(held));
  h.replicas.Metadata({1}, {});
  EXPECT_TRUE(h.Await<MetadataResponse>(held, 12, Millis(10)).has_value());
}

ApiVersionsRequest AskingVersions() {
  ApiVersionsRequest request;
  request.client_software_name = "client";
  request.client_software_version = "1";
  return request;
}

// A client asks for its topics on its first connection only once, so that it must not be early.
TEST(ApiVersions, WaitsForTheControllersFirstWordsUnlessTheVersionIsUnknown) {
  ApiHarness h;
  const std::uint64_t held = h.Send(AskingVersions(), 3);
  const std::uint64_t too_new = h.SendBytes(static_cast<std::int16_t>(ApiKey::kApiVersions), 99, "");
  const auto refused = h.Await<ApiVersionsResponse>(too_new, 0, Millis(10));
  ASSERT_TRUE(refused.has_value());
  EXPECT_EQ(refused->error_code, ErrorCode::kUnsupportedVersion);
  h.replicas.log.Settle(Millis(100));
  EXPECT_FALSE(h.Answered(held));
  h.replicas.Metadata({1}, {});
  const auto answer = h.Await<ApiVersionsResponse>(held, 3, Millis(10));
  ASSERT_TRUE(answer.has_value());
  EXPECT_FALSE(answer->api_keys.empty());
}

TEST(ApiVersions, IsHeldForAMomentOnly) {
  ApiHarness h;
  const std::uint64_t held = h.Send(AskingVersions(), 3);
  h.replicas.log.Settle(Millis(490));
  EXPECT_FALSE(h.Answered(held));
  EXPECT_TRUE(h.Await<ApiVersionsResponse>(held, 3, Millis(20)).has_value());
}

TEST(Metadata, CreatesWhatIsUnknownAndSaysWhyItCouldNot) {
  ApiHarness h;
  h.replicas.Metadata({1}, {{.replicas = {1}, .isr = {1}}});
  const auto made = h.Call<MetadataResponse>(Asking({"new", "bad name", "new", "__consumer_offsets"}), 12);
  EXPECT_THAT(h.topics.created, ElementsAre("new"));
  ASSERT_EQ(made->topics.size(), 3u);
  std::map<std::string, ErrorCode> errors;
  for (const auto& topic : made->topics) errors[std::string(topic.name.value())] = topic.error_code;
  EXPECT_EQ(errors["new"], ErrorCode::kLeaderNotAvailable);
  EXPECT_EQ(errors["bad name"], ErrorCode::kInvalidTopicException);
  EXPECT_EQ(errors["__consumer_offsets"], ErrorCode::kUnknownTopicOrPartition);
  h.topics.outcome = ErrorCode::kInvalidReplicationFactor;
  EXPECT_EQ(h.Call<MetadataResponse>(Asking({"other"}), 12)->topics.at(0).error_code,
            ErrorCode::kInvalidReplicationFactor);
  auto quiet = Asking({"third"});
  quiet.allow_auto_topic_creation = false;
  EXPECT_EQ(h.Call<MetadataResponse>(quiet, 12)->topics.at(0).error_code, ErrorCode::kUnknownTopicOrPartition);
  EXPECT_THAT(h.topics.created, ElementsAre("new", "other"));
}

TEST(Metadata, IdsBeforeVersion12RefuseTheRequest) {
  ApiHarness h;
  h.replicas.Metadata({1}, {{.replicas = {1}, .isr = {1}}});
  auto request = Asking({"t", "t2"});
  request.topics->at(1).topic_id = TopicId(1);
  const auto refused = h.Call<MetadataResponse>(request, 10);
  EXPECT_THAT(refused->brokers, IsEmpty());
  EXPECT_EQ(refused->topics.at(0).error_code, ErrorCode::kInvalidRequest);
  EXPECT_EQ(refused->topics.at(1).error_code, ErrorCode::kInvalidRequest);
  MetadataRequest by_id;
  by_id.topics.emplace();
  by_id.topics->emplace_back().topic_id = TopicId(1);
  by_id.topics->back().name.reset();
  EXPECT_EQ(h.Call<MetadataResponse>(by_id, 12)->topics.at(0).name, "t");
}

}  // namespace
}  // namespace ottla
