#include "common/protocol/messages/04_leader_and_isr.h"

#include "common/protocol/field.h"

namespace ottla {

OTTLA_ROWS(LeaderAndIsrRequest::LeaderAndIsrPartitionState,
           ROW(topic_name, Between(0, 1)).Ignorable(),
           ROW(partition_index),
           ROW(controller_epoch),
           ROW(leader),
           ROW(leader_epoch),
           ROW(isr),
           ROW(partition_epoch),
           ROW(replicas),
           ROW(adding_replicas, Since(3)).Ignorable(),
           ROW(removing_replicas, Since(3)).Ignorable(),
           ROW(is_new, Since(1)).Ignorable(),
           ROW(leader_recovery_state, Since(6)))

OTTLA_ROWS(LeaderAndIsrRequest::LeaderAndIsrTopicState,
           ROW(topic_name),
           ROW(topic_id, Since(5)).Ignorable(),
           ROW(partition_states))

OTTLA_ROWS(LeaderAndIsrRequest::LeaderAndIsrLiveLeader, ROW(broker_id), ROW(host_name), ROW(port))

OTTLA_ROWS(LeaderAndIsrRequest,
           ROW(controller_id),
           ROW(is_k_raft_controller, Since(7)),
           ROW(controller_epoch),
           ROW(broker_epoch, Since(2)).Ignorable(),
           ROW(type, Since(5)),
           ROW(ungrouped_partition_states, Between(0, 1)),
           ROW(topic_states, Since(2)),
           ROW(live_leaders))

OTTLA_MESSAGE(LeaderAndIsrRequest, kRequest)

OTTLA_ROWS(LeaderAndIsrResponse::LeaderAndIsrPartitionError,
           ROW(topic_name, Between(0, 4)).Ignorable(),
           ROW(partition_index),
           ROW(error_code))

OTTLA_ROWS(LeaderAndIsrResponse::LeaderAndIsrTopicError, ROW(topic_id), ROW(partition_errors))

OTTLA_ROWS(LeaderAndIsrResponse, ROW(error_code), ROW(partition_errors, Between(0, 4)), ROW(topics, Since(5)))

OTTLA_MESSAGE(LeaderAndIsrResponse, kResponse)

}  // namespace ottla
