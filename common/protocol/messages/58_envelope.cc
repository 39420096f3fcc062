#include "common/protocol/messages/58_envelope.h"

#include "common/protocol/field.h"

namespace ottla {

OTTLA_ROWS(EnvelopeRequest,
           ROW(request_data).Bytes(),
           ROW(request_principal).Bytes().Nullable(),
           ROW(client_host_address).Bytes())

OTTLA_MESSAGE(EnvelopeRequest, kRequest)

OTTLA_ROWS(EnvelopeResponse, ROW(response_data).Bytes().Nullable(), ROW(error_code))

OTTLA_MESSAGE(EnvelopeResponse, kResponse)

}  // namespace ottla
