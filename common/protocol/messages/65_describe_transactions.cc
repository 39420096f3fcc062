#include "common/protocol/messages/65_describe_transactions.h"

#include "common/protocol/field.h"

namespace ottla {

OTTLA_ROWS(DescribeTransactionsRequest, ROW(transactional_ids))

OTTLA_MESSAGE(DescribeTransactionsRequest, kRequest)

OTTLA_ROWS(DescribeTransactionsResponse::TopicData, ROW(topic), ROW(partitions))

OTTLA_ROWS(DescribeTransactionsResponse::TransactionState,
           ROW(error_code),
           ROW(transactional_id),
           ROW(transaction_state),
           ROW(transaction_timeout_ms),
           ROW(transaction_start_time_ms),
           ROW(producer_id),
           ROW(producer_epoch),
           ROW(topics))

OTTLA_ROWS(DescribeTransactionsResponse, ROW(throttle_time_ms), ROW(transaction_states))

OTTLA_MESSAGE(DescribeTransactionsResponse, kResponse)

}  // namespace ottla
