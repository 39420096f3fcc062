#include "common/protocol/messages/08_offset_commit.h"

#include "common/protocol/field.h"

namespace ottla {

OTTLA_ROWS(OffsetCommitRequest::OffsetCommitRequestPartition,
           ROW(partition_index),
           ROW(committed_offset),
           ROW(committed_leader_epoch, Since(6)).Ignorable(),
           ROW(commit_timestamp, Only(1)),
           ROW(committed_metadata).Nullable())

OTTLA_ROWS(OffsetCommitRequest::OffsetCommitRequestTopic, ROW(name), ROW(partitions))

OTTLA_ROWS(OffsetCommitRequest,
           ROW(group_id),
           ROW(generation_id_or_member_epoch, Since(1)).Ignorable(),
           ROW(member_id, Since(1)).Ignorable(),
           ROW(group_instance_id, Since(7)).Nullable(),
           ROW(retention_time_ms, Between(2, 4)).Ignorable(),
           ROW(topics))

OTTLA_MESSAGE(OffsetCommitRequest, kRequest)

OTTLA_ROWS(OffsetCommitResponse::OffsetCommitResponsePartition, ROW(partition_index), ROW(error_code))

OTTLA_ROWS(OffsetCommitResponse::OffsetCommitResponseTopic, ROW(name), ROW(partitions))

OTTLA_ROWS(OffsetCommitResponse, ROW(throttle_time_ms, Since(3)).Ignorable(), ROW(topics))

OTTLA_MESSAGE(OffsetCommitResponse, kResponse)

}  // namespace ottla
