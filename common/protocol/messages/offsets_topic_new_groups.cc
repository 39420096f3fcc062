#include "common/protocol/messages/offsets_topic_new_groups.h"

#include "common/protocol/field.h"

namespace ottla {

OTTLA_ROWS(ConsumerGroupCurrentMemberAssignmentKey, ROW(group_id), ROW(member_id))

OTTLA_MESSAGE(ConsumerGroupCurrentMemberAssignmentKey, kData)

OTTLA_ROWS(ConsumerGroupCurrentMemberAssignmentValue::TopicPartitions, ROW(topic_id), ROW(partitions))

OTTLA_ROWS(ConsumerGroupCurrentMemberAssignmentValue,
           ROW(member_epoch),
           ROW(previous_member_epoch),
           ROW(state),
           ROW(assigned_partitions),
           ROW(partitions_pending_revocation))

OTTLA_MESSAGE(ConsumerGroupCurrentMemberAssignmentValue, kData)

OTTLA_ROWS(ConsumerGroupMemberMetadataKey, ROW(group_id), ROW(member_id))

OTTLA_MESSAGE(ConsumerGroupMemberMetadataKey, kData)

OTTLA_ROWS(ConsumerGroupMemberMetadataValue::ClassicProtocol, ROW(name), ROW(metadata).Bytes())

OTTLA_ROWS(ConsumerGroupMemberMetadataValue::ClassicMemberMetadata, ROW(session_timeout_ms), ROW(supported_protocols))

OTTLA_ROWS(ConsumerGroupMemberMetadataValue,
           ROW(instance_id).Nullable(),
           ROW(rack_id).Nullable(),
           ROW(client_id),
           ROW(client_host),
           ROW(subscribed_topic_names),
           ROW(subscribed_topic_regex).Nullable(),
           ROW(rebalance_timeout_ms),
           ROW(server_assignor).Nullable(),
           ROW(classic_member_metadata).Nullable().Tag(0))

OTTLA_MESSAGE(ConsumerGroupMemberMetadataValue, kData)

OTTLA_ROWS(ConsumerGroupMetadataKey, ROW(group_id))

OTTLA_MESSAGE(ConsumerGroupMetadataKey, kData)

OTTLA_ROWS(ConsumerGroupMetadataValue, ROW(epoch))

OTTLA_MESSAGE(ConsumerGroupMetadataValue, kData)

OTTLA_ROWS(ConsumerGroupPartitionMetadataKey, ROW(group_id))

OTTLA_MESSAGE(ConsumerGroupPartitionMetadataKey, kData)

OTTLA_ROWS(ConsumerGroupPartitionMetadataValue::PartitionMetadata, ROW(partition), ROW(racks))

OTTLA_ROWS(ConsumerGroupPartitionMetadataValue::TopicMetadata,
           ROW(topic_id),
           ROW(topic_name),
           ROW(num_partitions),
           ROW(partition_metadata))

OTTLA_ROWS(ConsumerGroupPartitionMetadataValue, ROW(topics))

OTTLA_MESSAGE(ConsumerGroupPartitionMetadataValue, kData)

OTTLA_ROWS(ConsumerGroupTargetAssignmentMemberKey, ROW(group_id), ROW(member_id))

OTTLA_MESSAGE(ConsumerGroupTargetAssignmentMemberKey, kData)

OTTLA_ROWS(ConsumerGroupTargetAssignmentMemberValue::TopicPartition, ROW(topic_id), ROW(partitions))

OTTLA_ROWS(ConsumerGroupTargetAssignmentMemberValue, ROW(topic_partitions))

OTTLA_MESSAGE(ConsumerGroupTargetAssignmentMemberValue, kData)

OTTLA_ROWS(ConsumerGroupTargetAssignmentMetadataKey, ROW(group_id))

OTTLA_MESSAGE(ConsumerGroupTargetAssignmentMetadataKey, kData)

OTTLA_ROWS(ConsumerGroupTargetAssignmentMetadataValue, ROW(assignment_epoch))

OTTLA_MESSAGE(ConsumerGroupTargetAssignmentMetadataValue, kData)

OTTLA_ROWS(ShareGroupMemberMetadataKey, ROW(group_id), ROW(member_id))

OTTLA_MESSAGE(ShareGroupMemberMetadataKey, kData)

OTTLA_ROWS(ShareGroupMemberMetadataValue,
           ROW(rack_id).Nullable(),
           ROW(client_id),
           ROW(client_host),
           ROW(subscribed_topic_names))

OTTLA_MESSAGE(ShareGroupMemberMetadataValue, kData)

OTTLA_ROWS(ShareGroupMetadataKey, ROW(group_id))

OTTLA_MESSAGE(ShareGroupMetadataKey, kData)

OTTLA_ROWS(ShareGroupMetadataValue, ROW(epoch))

OTTLA_MESSAGE(ShareGroupMetadataValue, kData)

OTTLA_ROWS(ShareGroupPartitionMetadataKey, ROW(group_id))

OTTLA_MESSAGE(ShareGroupPartitionMetadataKey, kData)

OTTLA_ROWS(ShareGroupPartitionMetadataValue::TopicPartitionsInfo, ROW(topic_id), ROW(topic_name), ROW(partitions))

OTTLA_ROWS(ShareGroupPartitionMetadataValue::TopicInfo, ROW(topic_id), ROW(topic_name))

OTTLA_ROWS(ShareGroupPartitionMetadataValue, ROW(initialized_topics), ROW(deleting_topics))

OTTLA_MESSAGE(ShareGroupPartitionMetadataValue, kData)

}  // namespace ottla
