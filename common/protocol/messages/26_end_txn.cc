#include "common/protocol/messages/26_end_txn.h"

#include "common/protocol/field.h"

namespace ottla {

OTTLA_ROWS(EndTxnRequest, ROW(transactional_id), ROW(producer_id), ROW(producer_epoch), ROW(committed))

OTTLA_MESSAGE(EndTxnRequest, kRequest)

OTTLA_ROWS(EndTxnResponse, ROW(throttle_time_ms), ROW(error_code))

OTTLA_MESSAGE(EndTxnResponse, kResponse)

}  // namespace ottla
