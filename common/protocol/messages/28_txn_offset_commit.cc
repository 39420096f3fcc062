#include "common/protocol/messages/28_txn_offset_commit.h"

#include "common/protocol/field.h"

namespace ottla {

OTTLA_ROWS(TxnOffsetCommitRequest::TxnOffsetCommitRequestPartition,
           ROW(partition_index),
           ROW(committed_offset),
           ROW(committed_leader_epoch, Since(2)).Ignorable(),
           ROW(committed_metadata).Nullable())

OTTLA_ROWS(TxnOffsetCommitRequest::TxnOffsetCommitRequestTopic, ROW(name), ROW(partitions))

OTTLA_ROWS(TxnOffsetCommitRequest,
           ROW(transactional_id),
           ROW(group_id),
           ROW(producer_id),
           ROW(producer_epoch),
           ROW(generation_id, Since(3)),
           ROW(member_id, Since(3)),
           ROW(group_instance_id, Since(3)).Nullable(),
           ROW(topics))

OTTLA_MESSAGE(TxnOffsetCommitRequest, kRequest)

OTTLA_ROWS(TxnOffsetCommitResponse::TxnOffsetCommitResponsePartition, ROW(partition_index), ROW(error_code))

OTTLA_ROWS(TxnOffsetCommitResponse::TxnOffsetCommitResponseTopic, ROW(name), ROW(partitions))

OTTLA_ROWS(TxnOffsetCommitResponse, ROW(throttle_time_ms), ROW(topics))

OTTLA_MESSAGE(TxnOffsetCommitResponse, kResponse)

}  // namespace ottla
