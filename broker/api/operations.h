// The sets of operations that Metadata and DescribeCluster tell an asker it may do, as bits by AclOperation. Without an
// authorizer that is everything the kind of resource knows (Kafka: AclEntry.supportedOperations).
#pragma once

#include <cstdint>

namespace ottla {

enum class AclOperation : std::uint8_t {
  kRead = 3,
  kWrite = 4,
  kCreate = 5,
  kDelete = 6,
  kAlter = 7,
  kDescribe = 8,
  kClusterAction = 9,
  kDescribeConfigs = 10,
  kAlterConfigs = 11,
  kIdempotentWrite = 12,
};

template <class... Operation>
constexpr std::int32_t OperationBits(Operation... operations) {
  return ((std::int32_t{1} << static_cast<int>(operations)) | ...);
}

inline constexpr std::int32_t kTopicOperations = OperationBits(
    AclOperation::kRead, AclOperation::kWrite, AclOperation::kCreate, AclOperation::kDelete, AclOperation::kAlter,
    AclOperation::kDescribe, AclOperation::kDescribeConfigs, AclOperation::kAlterConfigs);
static_assert(kTopicOperations == 3576);

inline constexpr std::int32_t kClusterOperations =
    OperationBits(AclOperation::kCreate, AclOperation::kAlter, AclOperation::kDescribe, AclOperation::kClusterAction,
                  AclOperation::kDescribeConfigs, AclOperation::kAlterConfigs, AclOperation::kIdempotentWrite);
static_assert(kClusterOperations == 8096);

}  // namespace ottla
