#include "common/protocol/messages/txn_topic.h"

#include "common/protocol/field.h"

namespace ottla {

OTTLA_ROWS(TransactionLogKey, ROW(transactional_id))

OTTLA_MESSAGE(TransactionLogKey, kData)

OTTLA_ROWS(TransactionLogValue::PartitionsSchema, ROW(topic), ROW(partition_ids))

OTTLA_ROWS(TransactionLogValue,
           ROW(producer_id),
           ROW(producer_epoch),
           ROW(transaction_timeout_ms),
           ROW(transaction_status),
           ROW(transaction_partitions).Nullable(),
           ROW(transaction_last_update_timestamp_ms),
           ROW(transaction_start_timestamp_ms))

OTTLA_MESSAGE(TransactionLogValue, kData)

}  // namespace ottla
