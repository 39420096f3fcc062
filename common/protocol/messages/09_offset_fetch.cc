#include "common/protocol/messages/09_offset_fetch.h"

#include "common/protocol/field.h"

namespace ottla {

OTTLA_ROWS(OffsetFetchRequest::OffsetFetchRequestTopic, ROW(name), ROW(partition_indexes))

OTTLA_ROWS(OffsetFetchRequest::OffsetFetchRequestTopics, ROW(name), ROW(partition_indexes))

OTTLA_ROWS(OffsetFetchRequest::OffsetFetchRequestGroup,
           ROW(group_id),
           ROW(member_id, Since(9)).Nullable().Ignorable(),
           ROW(member_epoch, Since(9)).Ignorable(),
           ROW(topics).Nullable())

OTTLA_ROWS(OffsetFetchRequest,
           ROW(group_id, Between(0, 7)),
           ROW(topics, Between(0, 7)).Nullable(Between(2, 7)),
           ROW(groups, Since(8)),
           ROW(require_stable, Since(7)))

OTTLA_MESSAGE(OffsetFetchRequest, kRequest)

OTTLA_ROWS(OffsetFetchResponse::OffsetFetchResponsePartition,
           ROW(partition_index),
           ROW(committed_offset),
           ROW(committed_leader_epoch, Since(5)).Ignorable(),
           ROW(metadata).Nullable(),
           ROW(error_code))

OTTLA_ROWS(OffsetFetchResponse::OffsetFetchResponseTopic, ROW(name), ROW(partitions))

OTTLA_ROWS(OffsetFetchResponse::OffsetFetchResponsePartitions,
           ROW(partition_index),
           ROW(committed_offset),
           ROW(committed_leader_epoch).Ignorable(),
           ROW(metadata).Nullable(),
           ROW(error_code))

OTTLA_ROWS(OffsetFetchResponse::OffsetFetchResponseTopics, ROW(name), ROW(partitions))

OTTLA_ROWS(OffsetFetchResponse::OffsetFetchResponseGroup, ROW(group_id), ROW(topics), ROW(error_code))

OTTLA_ROWS(OffsetFetchResponse,
           ROW(throttle_time_ms, Since(3)).Ignorable(),
           ROW(topics, Between(0, 7)),
           ROW(error_code, Between(2, 7)).Ignorable(),
           ROW(groups, Since(8)))

OTTLA_MESSAGE(OffsetFetchResponse, kResponse)

}  // namespace ottla
