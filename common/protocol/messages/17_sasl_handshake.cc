#include "common/protocol/messages/17_sasl_handshake.h"

#include "common/protocol/field.h"

namespace ottla {

OTTLA_ROWS(SaslHandshakeRequest, ROW(mechanism))

OTTLA_MESSAGE(SaslHandshakeRequest, kRequest)

OTTLA_ROWS(SaslHandshakeResponse, ROW(error_code), ROW(mechanisms))

OTTLA_MESSAGE(SaslHandshakeResponse, kResponse)

}  // namespace ottla
