#include "common/protocol/messages/77_share_group_describe.h"

#include "common/protocol/field.h"

namespace ottla {

OTTLA_ROWS(ShareGroupDescribeRequest, ROW(group_ids), ROW(include_authorized_operations))

OTTLA_MESSAGE(ShareGroupDescribeRequest, kRequest)

OTTLA_ROWS(ShareGroupDescribeResponse::TopicPartitions, ROW(topic_id), ROW(topic_name), ROW(partitions))

OTTLA_ROWS(ShareGroupDescribeResponse::Assignment, ROW(topic_partitions))

OTTLA_ROWS(ShareGroupDescribeResponse::Member,
           ROW(member_id),
           ROW(rack_id).Nullable(),
           ROW(member_epoch),
           ROW(client_id),
           ROW(client_host),
           ROW(subscribed_topic_names),
           ROW(assignment))

OTTLA_ROWS(ShareGroupDescribeResponse::DescribedGroup,
           ROW(error_code),
           ROW(error_message).Nullable(),
           ROW(group_id),
           ROW(group_state),
           ROW(group_epoch),
           ROW(assignment_epoch),
           ROW(assignor_name),
           ROW(members),
           ROW(authorized_operations))

OTTLA_ROWS(ShareGroupDescribeResponse, ROW(throttle_time_ms), ROW(groups))

OTTLA_MESSAGE(ShareGroupDescribeResponse, kResponse)

}  // namespace ottla
