#include "common/protocol/messages/61_describe_producers.h"

#include "common/protocol/field.h"

namespace ottla {

OTTLA_ROWS(DescribeProducersRequest::TopicRequest, ROW(name), ROW(partition_indexes))

OTTLA_ROWS(DescribeProducersRequest, ROW(topics))

OTTLA_MESSAGE(DescribeProducersRequest, kRequest)

OTTLA_ROWS(DescribeProducersResponse::ProducerState,
           ROW(producer_id),
           ROW(producer_epoch),
           ROW(last_sequence),
           ROW(last_timestamp),
           ROW(coordinator_epoch),
           ROW(current_txn_start_offset))

OTTLA_ROWS(DescribeProducersResponse::PartitionResponse,
           ROW(partition_index),
           ROW(error_code),
           ROW(error_message).Nullable(),
           ROW(active_producers))

OTTLA_ROWS(DescribeProducersResponse::TopicResponse, ROW(name), ROW(partitions))

OTTLA_ROWS(DescribeProducersResponse, ROW(throttle_time_ms), ROW(topics))

OTTLA_MESSAGE(DescribeProducersResponse, kResponse)

}  // namespace ottla
