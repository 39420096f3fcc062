#include "tools/topic_view.h"

#include <gtest/gtest.h>

namespace ottla::tools {
namespace {

TopicView Orders() {
  TopicView topic{.name = "orders", .id = *Uuid::FromString("3Kx0dTb2QkCq7V5b5Y8gWA")};
  topic.configs = {{"retention.ms", "1000"}, {"segment.bytes", "1048576"}};
  topic.partitions.push_back({.partition = 0, .leader = 1, .replicas = {1, 2}, .isr = {1, 2}});
  topic.partitions.push_back({.partition = 1, .leader = -1, .replicas = {2, 1}, .isr = {2}});
  return topic;
}

constexpr const char* kHeader =
    "Topic: orders\tTopicId: 3Kx0dTb2QkCq7V5b5Y8gWA\tPartitionCount: 2\tReplicationFactor: 2\tConfigs: "
    "retention.ms=1000,segment.bytes=1048576\n";
constexpr const char* kFirst =
    "\tTopic: orders\tPartition: 0\tLeader: 1\tReplicas: 1,2\tIsr: 1,2\tElr: N/A\tLastKnownElr: N/A\n";
constexpr const char* kSecond =
    "\tTopic: orders\tPartition: 1\tLeader: none\tReplicas: 2,1\tIsr: 2\tElr: N/A\tLastKnownElr: N/A\n";

TEST(Describe, LinesAndFilters) {
  struct Case {
    DescribeFilter filter;
    std::int32_t min_isr;
    std::string expected;
  };
  const Case cases[] = {
      {{}, 1, std::string(kHeader) + kFirst + kSecond},
      {{.under_replicated = true}, 1, kSecond},
      {{.unavailable = true}, 1, kSecond},
      {{.at_min_isr = true}, 1, kSecond},
      {{.at_min_isr = true}, 2, kFirst},
      {{.under_min_isr = true}, 1, kSecond},  // without a leader
      {{.under_min_isr = true}, 2, kSecond},
      {{.overrides_only = true}, 1, kHeader},
  };
  for (const Case& c : cases) {
    TopicView topic = Orders();
    topic.min_insync_replicas = c.min_isr;
    EXPECT_EQ(DescribeText(topic, c.filter), c.expected);
  }
}

TEST(Describe, WithoutIdOrConfigs) {
  TopicView topic = Orders();
  topic.id = Uuid{};
  topic.configs.clear();
  EXPECT_TRUE(
      DescribeText(topic, {}).starts_with("Topic: orders\tPartitionCount: 2\tReplicationFactor: 2\tConfigs: \n"));
  EXPECT_EQ(DescribeText(topic, {.overrides_only = true}), "");
}

TEST(Describe, ReplicasBeingAddedAreShownButNotCounted) {
  TopicView topic = Orders();
  topic.partitions.resize(1);
  PartitionView& partition = topic.partitions[0];
  partition = {.partition = 0, .leader = 1, .replicas = {2, 3, 1}, .isr = {1}, .reassigning = true};
  partition.adding = {2, 3};
  partition.removing = {1};
  const std::string text = DescribeText(topic, {});
  EXPECT_NE(text.find("ReplicationFactor: 1\t"), std::string::npos) << text;
  EXPECT_NE(text.find("\tIsr: 1\tAdding Replicas: 2,3\tRemoving Replicas: 1\tElr:"), std::string::npos) << text;
  EXPECT_EQ(DescribeText(topic, {.under_replicated = true}), "");
}

TEST(TopicPattern, IsARegularExpressionOverTheWholeName) {
  struct Case {
    const char* given;
    const char* name;
    bool match;
  };
  const Case cases[] = {
      {"orders", "orders", true},
      {"orders", "orders2", false},
      {"orders.*", "orders2", true},
      {"a,b", "b", true},
      {"a, b", "b", true},
      {"'a|b'", "a", true},
      {"\"orders\"", "orders", true},
      {"a.b", "axb", true},
      {"A", "a", false},
      {"(?i)BIG", "big", true},
      {R"(\Qa.b\E)", "a.b", true},
      {R"(\Qa.b\E)", "axb", false},
      {R"(x\Q.\Ey)", "x.y", true},
  };
  for (const Case& c : cases) EXPECT_EQ(MatchesPattern(TopicPattern(c.given), c.name), c.match) << c.given;
  for (const char* bad : {"a(", R"(\p{Alpha})", "[a-c&&[b]]ig"})
    EXPECT_EQ(MatchesPattern(bad, "a"), std::nullopt) << bad;
}

TEST(ReplicaAssignment, Parses) {
  using Assignment = std::vector<std::vector<std::int32_t>>;
  EXPECT_EQ(*ParseReplicaAssignment("1:2,2:1"), (Assignment{{1, 2}, {2, 1}}));
  EXPECT_EQ(*ParseReplicaAssignment(" 3 , 4"), (Assignment{{3}, {4}}));
  EXPECT_EQ(ParseReplicaAssignment("1:2,7:8:7:8").status().message(),
            "Partition replica lists may not contain duplicate entries: 7,8");
  for (const char* bad : {"", "1:1", "1:2,3", "a", "1:", "1,,2"}) EXPECT_FALSE(ParseReplicaAssignment(bad).ok()) << bad;
}

TEST(TopicView, TopicConfigsAreOneNameAndOneValue) {
  EXPECT_EQ(*ParseTopicConfigs({"a=1", " b = x,y "}), (Properties{{"a", "1"}, {"b", "x,y"}}));
  for (const char* bad : {"a", "a=", "a=1=2"}) EXPECT_FALSE(ParseTopicConfigs({bad}).ok()) << bad;
}

}  // namespace
}  // namespace ottla::tools
