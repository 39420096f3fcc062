#include "common/protocol/messages/23_offset_for_leader_epoch.h"

#include "common/protocol/field.h"

namespace ottla {

OTTLA_ROWS(OffsetForLeaderEpochRequest::OffsetForLeaderPartition,
           ROW(partition),
           ROW(current_leader_epoch, Since(2)).Ignorable(),
           ROW(leader_epoch))

OTTLA_ROWS(OffsetForLeaderEpochRequest::OffsetForLeaderTopic, ROW(topic), ROW(partitions))

OTTLA_ROWS(OffsetForLeaderEpochRequest, ROW(replica_id, Since(3)).Ignorable(), ROW(topics))

OTTLA_MESSAGE(OffsetForLeaderEpochRequest, kRequest)

OTTLA_ROWS(OffsetForLeaderEpochResponse::EpochEndOffset,
           ROW(error_code),
           ROW(partition),
           ROW(leader_epoch, Since(1)).Ignorable(),
           ROW(end_offset))

OTTLA_ROWS(OffsetForLeaderEpochResponse::OffsetForLeaderTopicResult, ROW(topic), ROW(partitions))

OTTLA_ROWS(OffsetForLeaderEpochResponse, ROW(throttle_time_ms, Since(2)).Ignorable(), ROW(topics))

OTTLA_MESSAGE(OffsetForLeaderEpochResponse, kResponse)

}  // namespace ottla
