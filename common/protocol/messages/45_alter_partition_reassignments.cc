#include "common/protocol/messages/45_alter_partition_reassignments.h"

#include "common/protocol/field.h"

namespace ottla {

OTTLA_ROWS(AlterPartitionReassignmentsRequest::ReassignablePartition, ROW(partition_index), ROW(replicas).Nullable())

OTTLA_ROWS(AlterPartitionReassignmentsRequest::ReassignableTopic, ROW(name), ROW(partitions))

OTTLA_ROWS(AlterPartitionReassignmentsRequest, ROW(timeout_ms), ROW(topics))

OTTLA_MESSAGE(AlterPartitionReassignmentsRequest, kRequest)

OTTLA_ROWS(AlterPartitionReassignmentsResponse::ReassignablePartitionResponse,
           ROW(partition_index),
           ROW(error_code),
           ROW(error_message).Nullable())

OTTLA_ROWS(AlterPartitionReassignmentsResponse::ReassignableTopicResponse, ROW(name), ROW(partitions))

OTTLA_ROWS(AlterPartitionReassignmentsResponse,
           ROW(throttle_time_ms),
           ROW(error_code),
           ROW(error_message).Nullable(),
           ROW(responses))

OTTLA_MESSAGE(AlterPartitionReassignmentsResponse, kResponse)

}  // namespace ottla
