#include "common/protocol/messages/56_alter_partition.h"

#include "common/protocol/field.h"

namespace ottla {

OTTLA_ROWS(AlterPartitionRequest::BrokerState, ROW(broker_id), ROW(broker_epoch))

OTTLA_ROWS(AlterPartitionRequest::PartitionData,
           ROW(partition_index),
           ROW(leader_epoch),
           ROW(new_isr, Between(0, 2)),
           ROW(new_isr_with_epochs, Since(3)),
           ROW(leader_recovery_state, Since(1)),
           ROW(partition_epoch))

OTTLA_ROWS(AlterPartitionRequest::TopicData,
           ROW(topic_name, Between(0, 1)).Ignorable(),
           ROW(topic_id, Since(2)).Ignorable(),
           ROW(partitions))

OTTLA_ROWS(AlterPartitionRequest, ROW(broker_id), ROW(broker_epoch), ROW(topics))

OTTLA_MESSAGE(AlterPartitionRequest, kRequest)

OTTLA_ROWS(AlterPartitionResponse::PartitionData,
           ROW(partition_index),
           ROW(error_code),
           ROW(leader_id),
           ROW(leader_epoch),
           ROW(isr),
           ROW(leader_recovery_state, Since(1)).Ignorable(),
           ROW(partition_epoch))

OTTLA_ROWS(AlterPartitionResponse::TopicData,
           ROW(topic_name, Between(0, 1)).Ignorable(),
           ROW(topic_id, Since(2)).Ignorable(),
           ROW(partitions))

OTTLA_ROWS(AlterPartitionResponse, ROW(throttle_time_ms), ROW(error_code), ROW(topics))

OTTLA_MESSAGE(AlterPartitionResponse, kResponse)

}  // namespace ottla
