// Topic operations over the wire. Errors carry Kafka's message; an existing topic is kAlreadyExists. Blocks.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "common/config/properties.h"
#include "tools/admin_client.h"
#include "tools/topic_view.h"

namespace ottla::tools {

struct NewTopic {
  std::string name;
  std::int32_t partitions = -1;                       // -1: the cluster's default
  std::int16_t replication_factor = -1;               // -1: the cluster's default
  std::vector<std::vector<std::int32_t>> assignment;  // empty: the cluster chooses
  Properties configs;
};

class TopicAdmin {
 public:
  TopicAdmin(AdminOptions options, std::ostream& err) : client_(std::move(options), err) {}

  Result<std::vector<std::string>> ListNames();  // sorted
  Status Create(const NewTopic& topic);
  Status Delete(const std::vector<std::string>& names);
  // To `count` partitions in all. `assignment`: of all partitions from the first on; those of partitions that exist
  // already count for nothing. Empty: the cluster chooses.
  Status AddPartitions(const std::vector<std::string>& names, std::int32_t count,
                       const std::vector<std::vector<std::int32_t>>& assignment);
  Result<std::vector<TopicView>> Describe(const std::vector<std::string>& names);
  Result<std::optional<std::string>> FindById(const Uuid& id);

 private:
  Result<std::vector<TopicView>> DescribePartitions(const std::vector<std::string>& names);
  Status AddConfigs(std::vector<TopicView>* topics);
  Status AddReassignments(std::vector<TopicView>* topics);

  AdminClient client_;
};

}  // namespace ottla::tools
