#include "common/protocol/messages/22_init_producer_id.h"

#include "common/protocol/field.h"

namespace ottla {

OTTLA_ROWS(InitProducerIdRequest,
           ROW(transactional_id).Nullable(),
           ROW(transaction_timeout_ms),
           ROW(producer_id, Since(3)),
           ROW(producer_epoch, Since(3)))

OTTLA_MESSAGE(InitProducerIdRequest, kRequest)

OTTLA_ROWS(
    InitProducerIdResponse, ROW(throttle_time_ms).Ignorable(), ROW(error_code), ROW(producer_id), ROW(producer_epoch))

OTTLA_MESSAGE(InitProducerIdResponse, kResponse)

}  // namespace ottla
