#include "common/protocol/messages/76_share_group_heartbeat.h"

#include "common/protocol/field.h"

namespace ottla {

OTTLA_ROWS(ShareGroupHeartbeatRequest,
           ROW(group_id),
           ROW(member_id),
           ROW(member_epoch),
           ROW(rack_id).Nullable(),
           ROW(subscribed_topic_names).Nullable())

OTTLA_MESSAGE(ShareGroupHeartbeatRequest, kRequest)

OTTLA_ROWS(ShareGroupHeartbeatResponse::TopicPartitions, ROW(topic_id), ROW(partitions))

OTTLA_ROWS(ShareGroupHeartbeatResponse::Assignment, ROW(topic_partitions))

OTTLA_ROWS(ShareGroupHeartbeatResponse,
           ROW(throttle_time_ms),
           ROW(error_code),
           ROW(error_message).Nullable(),
           ROW(member_id).Nullable(),
           ROW(member_epoch),
           ROW(heartbeat_interval_ms),
           ROW(assignment).Nullable())

OTTLA_MESSAGE(ShareGroupHeartbeatResponse, kResponse)

}  // namespace ottla
