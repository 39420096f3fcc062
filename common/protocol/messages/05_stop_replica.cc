#include "common/protocol/messages/05_stop_replica.h"

#include "common/protocol/field.h"

namespace ottla {

OTTLA_ROWS(StopReplicaRequest::StopReplicaPartitionV0, ROW(topic_name), ROW(partition_index))

OTTLA_ROWS(StopReplicaRequest::StopReplicaTopicV1, ROW(name), ROW(partition_indexes))

OTTLA_ROWS(StopReplicaRequest::StopReplicaPartitionState,
           ROW(partition_index),
           ROW(leader_epoch),
           ROW(delete_partition))

OTTLA_ROWS(StopReplicaRequest::StopReplicaTopicState, ROW(topic_name), ROW(partition_states))

OTTLA_ROWS(StopReplicaRequest,
           ROW(controller_id),
           ROW(is_k_raft_controller, Since(4)),
           ROW(controller_epoch),
           ROW(broker_epoch, Since(1)).Ignorable(),
           ROW(delete_partitions, Between(0, 2)),
           ROW(ungrouped_partitions, Only(0)),
           ROW(topics, Between(1, 2)),
           ROW(topic_states, Since(3)))

OTTLA_MESSAGE(StopReplicaRequest, kRequest)

OTTLA_ROWS(StopReplicaResponse::StopReplicaPartitionError, ROW(topic_name), ROW(partition_index), ROW(error_code))

OTTLA_ROWS(StopReplicaResponse, ROW(error_code), ROW(partition_errors))

OTTLA_MESSAGE(StopReplicaResponse, kResponse)

}  // namespace ottla
