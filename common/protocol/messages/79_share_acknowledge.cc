#include "common/protocol/messages/79_share_acknowledge.h"

#include "common/protocol/field.h"

namespace ottla {

OTTLA_ROWS(ShareAcknowledgeRequest::AcknowledgementBatch, ROW(first_offset), ROW(last_offset), ROW(acknowledge_types))

OTTLA_ROWS(ShareAcknowledgeRequest::AcknowledgePartition, ROW(partition_index), ROW(acknowledgement_batches))

OTTLA_ROWS(ShareAcknowledgeRequest::AcknowledgeTopic, ROW(topic_id), ROW(partitions))

OTTLA_ROWS(
    ShareAcknowledgeRequest, ROW(group_id).Nullable(), ROW(member_id).Nullable(), ROW(share_session_epoch), ROW(topics))

OTTLA_MESSAGE(ShareAcknowledgeRequest, kRequest)

OTTLA_ROWS(ShareAcknowledgeResponse::LeaderIdAndEpoch, ROW(leader_id), ROW(leader_epoch))

OTTLA_ROWS(ShareAcknowledgeResponse::PartitionData,
           ROW(partition_index),
           ROW(error_code),
           ROW(error_message).Nullable(),
           ROW(current_leader))

OTTLA_ROWS(ShareAcknowledgeResponse::ShareAcknowledgeTopicResponse, ROW(topic_id).Ignorable(), ROW(partitions))

OTTLA_ROWS(ShareAcknowledgeResponse::NodeEndpoint, ROW(node_id), ROW(host), ROW(port), ROW(rack).Nullable())

OTTLA_ROWS(ShareAcknowledgeResponse,
           ROW(throttle_time_ms).Ignorable(),
           ROW(error_code).Ignorable(),
           ROW(error_message).Nullable(),
           ROW(responses),
           ROW(node_endpoints))

OTTLA_MESSAGE(ShareAcknowledgeResponse, kResponse)

}  // namespace ottla
