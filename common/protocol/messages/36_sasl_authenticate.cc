#include "common/protocol/messages/36_sasl_authenticate.h"

#include "common/protocol/field.h"

namespace ottla {

OTTLA_ROWS(SaslAuthenticateRequest, ROW(auth_bytes).Bytes())

OTTLA_MESSAGE(SaslAuthenticateRequest, kRequest)

OTTLA_ROWS(SaslAuthenticateResponse,
           ROW(error_code),
           ROW(error_message).Nullable(),
           ROW(auth_bytes).Bytes(),
           ROW(session_lifetime_ms, Since(1)).Ignorable())

OTTLA_MESSAGE(SaslAuthenticateResponse, kResponse)

}  // namespace ottla
