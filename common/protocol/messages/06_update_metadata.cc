#include "common/protocol/messages/06_update_metadata.h"

#include "common/protocol/field.h"

namespace ottla {

OTTLA_ROWS(UpdateMetadataRequest::UpdateMetadataPartitionState,
           ROW(topic_name, Between(0, 4)).Ignorable(),
           ROW(partition_index),
           ROW(controller_epoch),
           ROW(leader),
           ROW(leader_epoch),
           ROW(isr),
           ROW(zk_version),
           ROW(replicas),
           ROW(offline_replicas, Since(4)).Ignorable())

OTTLA_ROWS(UpdateMetadataRequest::UpdateMetadataTopicState,
           ROW(topic_name),
           ROW(topic_id, Since(7)).Ignorable(),
           ROW(partition_states))

OTTLA_ROWS(UpdateMetadataRequest::UpdateMetadataEndpoint,
           ROW(port),
           ROW(host),
           ROW(listener, Since(3)).Ignorable(),
           ROW(security_protocol))

OTTLA_ROWS(UpdateMetadataRequest::UpdateMetadataBroker,
           ROW(id),
           ROW(v0_host, Only(0)).Ignorable(),
           ROW(v0_port, Only(0)).Ignorable(),
           ROW(endpoints, Since(1)).Ignorable(),
           ROW(rack, Since(2)).Nullable().Ignorable())

OTTLA_ROWS(UpdateMetadataRequest,
           ROW(controller_id),
           ROW(is_k_raft_controller, Since(8)),
           ROW(type, Since(8)).Tag(0),
           ROW(controller_epoch),
           ROW(broker_epoch, Since(5)).Ignorable(),
           ROW(ungrouped_partition_states, Between(0, 4)),
           ROW(topic_states, Since(5)),
           ROW(live_brokers))

OTTLA_MESSAGE(UpdateMetadataRequest, kRequest)

OTTLA_ROWS(UpdateMetadataResponse, ROW(error_code))

OTTLA_MESSAGE(UpdateMetadataResponse, kResponse)

}  // namespace ottla
