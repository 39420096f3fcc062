#include "common/protocol/messages/46_list_partition_reassignments.h"

#include "common/protocol/field.h"

namespace ottla {

OTTLA_ROWS(ListPartitionReassignmentsRequest::ListPartitionReassignmentsTopics, ROW(name), ROW(partition_indexes))

OTTLA_ROWS(ListPartitionReassignmentsRequest, ROW(timeout_ms), ROW(topics).Nullable())

OTTLA_MESSAGE(ListPartitionReassignmentsRequest, kRequest)

OTTLA_ROWS(ListPartitionReassignmentsResponse::OngoingPartitionReassignment,
           ROW(partition_index),
           ROW(replicas),
           ROW(adding_replicas),
           ROW(removing_replicas))

OTTLA_ROWS(ListPartitionReassignmentsResponse::OngoingTopicReassignment, ROW(name), ROW(partitions))

OTTLA_ROWS(ListPartitionReassignmentsResponse,
           ROW(throttle_time_ms),
           ROW(error_code),
           ROW(error_message).Nullable(),
           ROW(topics))

OTTLA_MESSAGE(ListPartitionReassignmentsResponse, kResponse)

}  // namespace ottla
