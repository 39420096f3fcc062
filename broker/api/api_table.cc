#include "broker/api/api_table.h"

#include <algorithm>

#include "broker/api/handlers.h"

namespace ottla {
namespace {

// Versions are those of Apache Kafka 3.9. Produce 0-2 and Fetch 0-3 are in the table because librdkafka switches
// features on by them; old message formats are answered with Kafka's own errors (see the handlers).
constexpr ApiEntry kTable[] = {
    {ApiKey::kProduce, 0, 11, true, &HandleProduce},
    {ApiKey::kFetch, 0, 17, false, &HandleFetch},
    {ApiKey::kListOffsets, 0, 9, false, &HandleListOffsets},
    {ApiKey::kMetadata, 0, 12, false, &HandleMetadata},
    {ApiKey::kLeaderAndIsr, 0, 7, false, &HandleLeaderAndIsr},
    {ApiKey::kStopReplica, 0, 4, false, &HandleStopReplica},
    {ApiKey::kUpdateMetadata, 0, 8, false, &HandleUpdateMetadata},
    {ApiKey::kControlledShutdown, 0, 3, false, &HandleControlledShutdown},
    {ApiKey::kApiVersions, 0, 4, false, &HandleApiVersions},
    {ApiKey::kCreateTopics, 0, 7, false, &HandleCreateTopics},
    {ApiKey::kDeleteTopics, 0, 6, false, &HandleDeleteTopics},
    {ApiKey::kInitProducerId, 0, 5, false, &HandleInitProducerId},
    {ApiKey::kOffsetForLeaderEpoch, 0, 4, false, &HandleOffsetForLeaderEpoch},
    {ApiKey::kDescribeConfigs, 0, 4, false, &HandleDescribeConfigs},
    {ApiKey::kCreatePartitions, 0, 3, false, &HandleCreatePartitions},
    {ApiKey::kAlterPartition, 0, 3, false, &HandleAlterPartition},
    {ApiKey::kDescribeCluster, 0, 1, false, &HandleDescribeCluster},
    {ApiKey::kAllocateProducerIds, 0, 0, false, &HandleAllocateProducerIds},
};
static_assert(std::ranges::is_sorted(kTable, {}, &ApiEntry::key));

}  // namespace

std::span<const ApiEntry> ApiTable() { return kTable; }

const ApiEntry* FindApiEntry(std::int16_t key) {
  const auto at = std::ranges::lower_bound(kTable, static_cast<ApiKey>(key), {}, &ApiEntry::key);
  return at != std::end(kTable) && at->key == static_cast<ApiKey>(key) ? at : nullptr;
}

}  // namespace ottla
