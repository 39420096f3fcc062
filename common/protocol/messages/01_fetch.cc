#include "common/protocol/messages/01_fetch.h"

#include "common/protocol/field.h"

namespace ottla {

OTTLA_ROWS(FetchRequest::ReplicaState, ROW(replica_id), ROW(replica_epoch))

OTTLA_ROWS(FetchRequest::FetchPartition,
           ROW(partition),
           ROW(current_leader_epoch, Since(9)).Ignorable(),
           ROW(fetch_offset),
           ROW(last_fetched_epoch, Since(12)),
           ROW(log_start_offset, Since(5)).Ignorable(),
           ROW(partition_max_bytes),
           ROW(replica_directory_id, Since(17)).Tag(0).Ignorable())

OTTLA_ROWS(FetchRequest::FetchTopic,
           ROW(topic, Between(0, 12)).Ignorable(),
           ROW(topic_id, Since(13)).Ignorable(),
           ROW(partitions))

OTTLA_ROWS(FetchRequest::ForgottenTopic,
           ROW(topic, Between(0, 12)).Ignorable(),
           ROW(topic_id, Since(13)).Ignorable(),
           ROW(partitions))

OTTLA_ROWS(FetchRequest,
           ROW(cluster_id, Since(12)).Nullable().Tag(0).Ignorable(),
           ROW(replica_id, Between(0, 14)),
           ROW(replica_state, Since(15)).Tag(1),
           ROW(max_wait_ms),
           ROW(min_bytes),
           ROW(max_bytes, Since(3)).Ignorable(),
           ROW(isolation_level, Since(4)).Ignorable(),
           ROW(session_id, Since(7)).Ignorable(),
           ROW(session_epoch, Since(7)).Ignorable(),
           ROW(topics),
           ROW(forgotten_topics_data, Since(7)),
           ROW(rack_id, Since(11)).Ignorable())

OTTLA_MESSAGE(FetchRequest, kRequest)

OTTLA_ROWS(FetchResponse::EpochEndOffset, ROW(epoch), ROW(end_offset))

OTTLA_ROWS(FetchResponse::LeaderIdAndEpoch, ROW(leader_id), ROW(leader_epoch))

OTTLA_ROWS(FetchResponse::SnapshotId, ROW(end_offset), ROW(epoch))

OTTLA_ROWS(FetchResponse::AbortedTransaction, ROW(producer_id), ROW(first_offset))

OTTLA_ROWS(FetchResponse::PartitionData,
           ROW(partition_index),
           ROW(error_code),
           ROW(high_watermark),
           ROW(last_stable_offset, Since(4)).Ignorable(),
           ROW(log_start_offset, Since(5)).Ignorable(),
           ROW(diverging_epoch, Since(12)).Tag(0),
           ROW(current_leader, Since(12)).Tag(1),
           ROW(snapshot_id, Since(12)).Tag(2),
           ROW(aborted_transactions, Since(4)).Nullable().Ignorable(),
           ROW(preferred_read_replica, Since(11)),
           ROW(records).Nullable())

OTTLA_ROWS(FetchResponse::FetchableTopicResponse,
           ROW(topic, Between(0, 12)).Ignorable(),
           ROW(topic_id, Since(13)).Ignorable(),
           ROW(partitions))

OTTLA_ROWS(FetchResponse::NodeEndpoint, ROW(node_id), ROW(host), ROW(port), ROW(rack).Nullable())

OTTLA_ROWS(FetchResponse,
           ROW(throttle_time_ms, Since(1)).Ignorable(),
           ROW(error_code, Since(7)).Ignorable(),
           ROW(session_id, Since(7)),
           ROW(responses),
           ROW(node_endpoints, Since(16)).Tag(0))

OTTLA_MESSAGE(FetchResponse, kResponse)

}  // namespace ottla
