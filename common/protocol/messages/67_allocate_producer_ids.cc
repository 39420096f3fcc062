#include "common/protocol/messages/67_allocate_producer_ids.h"

#include "common/protocol/field.h"

namespace ottla {

OTTLA_ROWS(AllocateProducerIdsRequest, ROW(broker_id), ROW(broker_epoch))

OTTLA_MESSAGE(AllocateProducerIdsRequest, kRequest)

OTTLA_ROWS(
    AllocateProducerIdsResponse, ROW(throttle_time_ms), ROW(error_code), ROW(producer_id_start), ROW(producer_id_len))

OTTLA_MESSAGE(AllocateProducerIdsResponse, kResponse)

}  // namespace ottla
