#include "common/protocol/messages/02_list_offsets.h"

#include "common/protocol/field.h"

namespace ottla {

OTTLA_ROWS(ListOffsetsRequest::ListOffsetsPartition,
           ROW(partition_index),
           ROW(current_leader_epoch, Since(4)).Ignorable(),
           ROW(timestamp),
           ROW(max_num_offsets, Only(0)))

OTTLA_ROWS(ListOffsetsRequest::ListOffsetsTopic, ROW(name), ROW(partitions))

OTTLA_ROWS(ListOffsetsRequest, ROW(replica_id), ROW(isolation_level, Since(2)), ROW(topics))

OTTLA_MESSAGE(ListOffsetsRequest, kRequest)

OTTLA_ROWS(ListOffsetsResponse::ListOffsetsPartitionResponse,
           ROW(partition_index),
           ROW(error_code),
           ROW(old_style_offsets, Only(0)),
           ROW(timestamp, Since(1)),
           ROW(offset, Since(1)),
           ROW(leader_epoch, Since(4)))

OTTLA_ROWS(ListOffsetsResponse::ListOffsetsTopicResponse, ROW(name), ROW(partitions))

OTTLA_ROWS(ListOffsetsResponse, ROW(throttle_time_ms, Since(2)).Ignorable(), ROW(topics))

OTTLA_MESSAGE(ListOffsetsResponse, kResponse)

}  // namespace ottla
