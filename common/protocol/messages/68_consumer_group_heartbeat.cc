#include "common/protocol/messages/68_consumer_group_heartbeat.h"

#include "common/protocol/field.h"

namespace ottla {

OTTLA_ROWS(ConsumerGroupHeartbeatRequest::TopicPartitions, ROW(topic_id), ROW(partitions))

OTTLA_ROWS(ConsumerGroupHeartbeatRequest,
           ROW(group_id),
           ROW(member_id),
           ROW(member_epoch),
           ROW(instance_id).Nullable(),
           ROW(rack_id).Nullable(),
           ROW(rebalance_timeout_ms),
           ROW(subscribed_topic_names).Nullable(),
           ROW(server_assignor).Nullable(),
           ROW(topic_partitions).Nullable())

OTTLA_MESSAGE(ConsumerGroupHeartbeatRequest, kRequest)

OTTLA_ROWS(ConsumerGroupHeartbeatResponse::TopicPartitions, ROW(topic_id), ROW(partitions))

OTTLA_ROWS(ConsumerGroupHeartbeatResponse::Assignment, ROW(topic_partitions))

OTTLA_ROWS(ConsumerGroupHeartbeatResponse,
           ROW(throttle_time_ms),
           ROW(error_code),
           ROW(error_message).Nullable(),
           ROW(member_id).Nullable(),
           ROW(member_epoch),
           ROW(heartbeat_interval_ms),
           ROW(assignment).Nullable())

OTTLA_MESSAGE(ConsumerGroupHeartbeatResponse, kResponse)

}  // namespace ottla
