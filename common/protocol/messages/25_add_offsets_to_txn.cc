#include "common/protocol/messages/25_add_offsets_to_txn.h"

#include "common/protocol/field.h"

namespace ottla {

OTTLA_ROWS(AddOffsetsToTxnRequest, ROW(transactional_id), ROW(producer_id), ROW(producer_epoch), ROW(group_id))

OTTLA_MESSAGE(AddOffsetsToTxnRequest, kRequest)

OTTLA_ROWS(AddOffsetsToTxnResponse, ROW(throttle_time_ms), ROW(error_code))

OTTLA_MESSAGE(AddOffsetsToTxnResponse, kResponse)

}  // namespace ottla
