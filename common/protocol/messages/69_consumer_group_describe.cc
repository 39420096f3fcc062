#include "common/protocol/messages/69_consumer_group_describe.h"

#include "common/protocol/field.h"

namespace ottla {

OTTLA_ROWS(ConsumerGroupDescribeRequest, ROW(group_ids), ROW(include_authorized_operations))

OTTLA_MESSAGE(ConsumerGroupDescribeRequest, kRequest)

OTTLA_ROWS(ConsumerGroupDescribeResponse::TopicPartitions, ROW(topic_id), ROW(topic_name), ROW(partitions))

OTTLA_ROWS(ConsumerGroupDescribeResponse::Assignment, ROW(topic_partitions))

OTTLA_ROWS(ConsumerGroupDescribeResponse::Member,
           ROW(member_id),
           ROW(instance_id).Nullable(),
           ROW(rack_id).Nullable(),
           ROW(member_epoch),
           ROW(client_id),
           ROW(client_host),
           ROW(subscribed_topic_names),
           ROW(subscribed_topic_regex).Nullable(),
           ROW(assignment),
           ROW(target_assignment))

OTTLA_ROWS(ConsumerGroupDescribeResponse::DescribedGroup,
           ROW(error_code),
           ROW(error_message).Nullable(),
           ROW(group_id),
           ROW(group_state),
           ROW(group_epoch),
           ROW(assignment_epoch),
           ROW(assignor_name),
           ROW(members),
           ROW(authorized_operations))

OTTLA_ROWS(ConsumerGroupDescribeResponse, ROW(throttle_time_ms), ROW(groups))

OTTLA_MESSAGE(ConsumerGroupDescribeResponse, kResponse)

}  // namespace ottla
