#include "common/protocol/messages/21_delete_records.h"

#include "common/protocol/field.h"

namespace ottla {

OTTLA_ROWS(DeleteRecordsRequest::DeleteRecordsPartition, ROW(partition_index), ROW(offset))

OTTLA_ROWS(DeleteRecordsRequest::DeleteRecordsTopic, ROW(name), ROW(partitions))

OTTLA_ROWS(DeleteRecordsRequest, ROW(topics), ROW(timeout_ms))

OTTLA_MESSAGE(DeleteRecordsRequest, kRequest)

OTTLA_ROWS(DeleteRecordsResponse::DeleteRecordsPartitionResult,
           ROW(partition_index),
           ROW(low_watermark),
           ROW(error_code))

OTTLA_ROWS(DeleteRecordsResponse::DeleteRecordsTopicResult, ROW(name), ROW(partitions))

OTTLA_ROWS(DeleteRecordsResponse, ROW(throttle_time_ms), ROW(topics))

OTTLA_MESSAGE(DeleteRecordsResponse, kResponse)

}  // namespace ottla
