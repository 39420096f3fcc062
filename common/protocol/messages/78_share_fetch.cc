#include "common/protocol/messages/78_share_fetch.h"

#include "common/protocol/field.h"

namespace ottla {

OTTLA_ROWS(ShareFetchRequest::AcknowledgementBatch, ROW(first_offset), ROW(last_offset), ROW(acknowledge_types))

OTTLA_ROWS(ShareFetchRequest::FetchPartition,
           ROW(partition_index),
           ROW(partition_max_bytes),
           ROW(acknowledgement_batches))

OTTLA_ROWS(ShareFetchRequest::FetchTopic, ROW(topic_id).Ignorable(), ROW(partitions))

OTTLA_ROWS(ShareFetchRequest::ForgottenTopic, ROW(topic_id).Ignorable(), ROW(partitions))

OTTLA_ROWS(ShareFetchRequest,
           ROW(group_id).Nullable(),
           ROW(member_id).Nullable(),
           ROW(share_session_epoch),
           ROW(max_wait_ms),
           ROW(min_bytes),
           ROW(max_bytes).Ignorable(),
           ROW(topics),
           ROW(forgotten_topics_data))

OTTLA_MESSAGE(ShareFetchRequest, kRequest)

OTTLA_ROWS(ShareFetchResponse::LeaderIdAndEpoch, ROW(leader_id), ROW(leader_epoch))

OTTLA_ROWS(ShareFetchResponse::AcquiredRecords, ROW(first_offset), ROW(last_offset), ROW(delivery_count))

OTTLA_ROWS(ShareFetchResponse::PartitionData,
           ROW(partition_index),
           ROW(error_code),
           ROW(error_message).Nullable(),
           ROW(acknowledge_error_code),
           ROW(acknowledge_error_message).Nullable(),
           ROW(current_leader),
           ROW(records).Nullable(),
           ROW(acquired_records))

OTTLA_ROWS(ShareFetchResponse::ShareFetchableTopicResponse, ROW(topic_id).Ignorable(), ROW(partitions))

OTTLA_ROWS(ShareFetchResponse::NodeEndpoint, ROW(node_id), ROW(host), ROW(port), ROW(rack).Nullable())

OTTLA_ROWS(ShareFetchResponse,
           ROW(throttle_time_ms).Ignorable(),
           ROW(error_code).Ignorable(),
           ROW(error_message).Nullable(),
           ROW(responses),
           ROW(node_endpoints))

OTTLA_MESSAGE(ShareFetchResponse, kResponse)

}  // namespace ottla
