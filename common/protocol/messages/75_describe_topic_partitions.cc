#include "common/protocol/messages/75_describe_topic_partitions.h"

#include "common/protocol/field.h"

namespace ottla {

OTTLA_ROWS(DescribeTopicPartitionsRequest::TopicRequest, ROW(name))

OTTLA_ROWS(DescribeTopicPartitionsRequest::Cursor, ROW(topic_name), ROW(partition_index))

OTTLA_ROWS(DescribeTopicPartitionsRequest, ROW(topics), ROW(response_partition_limit), ROW(cursor).Nullable())

OTTLA_MESSAGE(DescribeTopicPartitionsRequest, kRequest)

OTTLA_ROWS(DescribeTopicPartitionsResponse::DescribeTopicPartitionsResponsePartition,
           ROW(error_code),
           ROW(partition_index),
           ROW(leader_id),
           ROW(leader_epoch).Ignorable(),
           ROW(replica_nodes),
           ROW(isr_nodes),
           ROW(eligible_leader_replicas).Nullable(),
           ROW(last_known_elr).Nullable(),
           ROW(offline_replicas).Ignorable())

OTTLA_ROWS(DescribeTopicPartitionsResponse::DescribeTopicPartitionsResponseTopic,
           ROW(error_code),
           ROW(name).Nullable(),
           ROW(topic_id).Ignorable(),
           ROW(is_internal).Ignorable(),
           ROW(partitions),
           ROW(topic_authorized_operations))

OTTLA_ROWS(DescribeTopicPartitionsResponse::Cursor, ROW(topic_name), ROW(partition_index))

OTTLA_ROWS(DescribeTopicPartitionsResponse, ROW(throttle_time_ms).Ignorable(), ROW(topics), ROW(next_cursor).Nullable())

OTTLA_MESSAGE(DescribeTopicPartitionsResponse, kResponse)

}  // namespace ottla
