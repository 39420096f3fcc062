#include "common/protocol/messages/66_list_transactions.h"

#include "common/protocol/field.h"

namespace ottla {

OTTLA_ROWS(ListTransactionsRequest, ROW(state_filters), ROW(producer_id_filters), ROW(duration_filter, Since(1)))

OTTLA_MESSAGE(ListTransactionsRequest, kRequest)

OTTLA_ROWS(ListTransactionsResponse::TransactionState, ROW(transactional_id), ROW(producer_id), ROW(transaction_state))

OTTLA_ROWS(ListTransactionsResponse,
           ROW(throttle_time_ms),
           ROW(error_code),
           ROW(unknown_state_filters),
           ROW(transaction_states))

OTTLA_MESSAGE(ListTransactionsResponse, kResponse)

}  // namespace ottla
