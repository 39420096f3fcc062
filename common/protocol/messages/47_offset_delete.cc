#include "common/protocol/messages/47_offset_delete.h"

#include "common/protocol/field.h"

namespace ottla {

OTTLA_ROWS(OffsetDeleteRequest::OffsetDeleteRequestPartition, ROW(partition_index))

OTTLA_ROWS(OffsetDeleteRequest::OffsetDeleteRequestTopic, ROW(name), ROW(partitions))

OTTLA_ROWS(OffsetDeleteRequest, ROW(group_id), ROW(topics))

OTTLA_MESSAGE(OffsetDeleteRequest, kRequest)

OTTLA_ROWS(OffsetDeleteResponse::OffsetDeleteResponsePartition, ROW(partition_index), ROW(error_code))

OTTLA_ROWS(OffsetDeleteResponse::OffsetDeleteResponseTopic, ROW(name), ROW(partitions))

OTTLA_ROWS(OffsetDeleteResponse, ROW(error_code), ROW(throttle_time_ms).Ignorable(), ROW(topics))

OTTLA_MESSAGE(OffsetDeleteResponse, kResponse)

}  // namespace ottla
