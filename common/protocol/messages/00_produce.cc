#include "common/protocol/messages/00_produce.h"

#include "common/protocol/field.h"

namespace ottla {

OTTLA_ROWS(ProduceRequest::PartitionProduceData, ROW(index), ROW(records).Nullable())

OTTLA_ROWS(ProduceRequest::TopicProduceData, ROW(name), ROW(partition_data))

OTTLA_ROWS(ProduceRequest, ROW(transactional_id, Since(3)).Nullable(), ROW(acks), ROW(timeout_ms), ROW(topic_data))

OTTLA_MESSAGE(ProduceRequest, kRequest)

OTTLA_ROWS(ProduceResponse::BatchIndexAndErrorMessage, ROW(batch_index), ROW(batch_index_error_message).Nullable())

OTTLA_ROWS(ProduceResponse::LeaderIdAndEpoch, ROW(leader_id), ROW(leader_epoch))

OTTLA_ROWS(ProduceResponse::PartitionProduceResponse,
           ROW(index),
           ROW(error_code),
           ROW(base_offset),
           ROW(log_append_time_ms, Since(2)).Ignorable(),
           ROW(log_start_offset, Since(5)).Ignorable(),
           ROW(record_errors, Since(8)).Ignorable(),
           ROW(error_message, Since(8)).Nullable().Ignorable(),
           ROW(current_leader, Since(10)).Tag(0))

OTTLA_ROWS(ProduceResponse::TopicProduceResponse, ROW(name), ROW(partition_responses))

OTTLA_ROWS(ProduceResponse::NodeEndpoint, ROW(node_id), ROW(host), ROW(port), ROW(rack).Nullable())

OTTLA_ROWS(ProduceResponse,
           ROW(responses),
           ROW(throttle_time_ms, Since(1)).Ignorable(),
           ROW(node_endpoints, Since(10)).Tag(0))

OTTLA_MESSAGE(ProduceResponse, kResponse)

}  // namespace ottla
