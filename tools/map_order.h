// The order in which Apache's kafka-topics --describe prints topics: it keeps them in Java hash maps, and output that
// scripts compare line by line should be the same. Pure.
#pragma once

#include <string>
#include <vector>

namespace ottla::tools {

// `names` sorted and without repeats, in the order of KafkaAdminClient.describeTopics(names).allTopicNames().
std::vector<std::string> DescribeOrder(std::vector<std::string> names);

}  // namespace ottla::tools
