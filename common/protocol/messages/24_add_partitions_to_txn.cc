#include "common/protocol/messages/24_add_partitions_to_txn.h"

#include "common/protocol/field.h"

namespace ottla {

OTTLA_ROWS(AddPartitionsToTxnRequest::AddPartitionsToTxnTopic, ROW(name), ROW(partitions))

OTTLA_ROWS(AddPartitionsToTxnRequest::AddPartitionsToTxnTransaction,
           ROW(transactional_id),
           ROW(producer_id),
           ROW(producer_epoch),
           ROW(verify_only),
           ROW(topics))

OTTLA_ROWS(AddPartitionsToTxnRequest,
           ROW(transactions, Since(4)),
           ROW(v3_and_below_transactional_id, Between(0, 3)),
           ROW(v3_and_below_producer_id, Between(0, 3)),
           ROW(v3_and_below_producer_epoch, Between(0, 3)),
           ROW(v3_and_below_topics, Between(0, 3)))

OTTLA_MESSAGE(AddPartitionsToTxnRequest, kRequest)

OTTLA_ROWS(AddPartitionsToTxnResponse::AddPartitionsToTxnPartitionResult,
           ROW(partition_index),
           ROW(partition_error_code))

OTTLA_ROWS(AddPartitionsToTxnResponse::AddPartitionsToTxnTopicResult, ROW(name), ROW(results_by_partition))

OTTLA_ROWS(AddPartitionsToTxnResponse::AddPartitionsToTxnResult, ROW(transactional_id), ROW(topic_results))

OTTLA_ROWS(AddPartitionsToTxnResponse,
           ROW(throttle_time_ms),
           ROW(error_code, Since(4)).Ignorable(),
           ROW(results_by_transaction, Since(4)),
           ROW(results_by_topic_v3_and_below, Between(0, 3)))

OTTLA_MESSAGE(AddPartitionsToTxnResponse, kResponse)

}  // namespace ottla
