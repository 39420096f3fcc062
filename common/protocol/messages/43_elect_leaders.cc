#include "common/protocol/messages/43_elect_leaders.h"

#include "common/protocol/field.h"

namespace ottla {

OTTLA_ROWS(ElectLeadersRequest::TopicPartitions, ROW(topic), ROW(partitions))

OTTLA_ROWS(ElectLeadersRequest, ROW(election_type, Since(1)), ROW(topic_partitions).Nullable(), ROW(timeout_ms))

OTTLA_MESSAGE(ElectLeadersRequest, kRequest)

OTTLA_ROWS(ElectLeadersResponse::PartitionResult, ROW(partition_id), ROW(error_code), ROW(error_message).Nullable())

OTTLA_ROWS(ElectLeadersResponse::ReplicaElectionResult, ROW(topic), ROW(partition_result))

OTTLA_ROWS(ElectLeadersResponse, ROW(throttle_time_ms), ROW(error_code, Since(1)), ROW(replica_election_results))

OTTLA_MESSAGE(ElectLeadersResponse, kResponse)

}  // namespace ottla
