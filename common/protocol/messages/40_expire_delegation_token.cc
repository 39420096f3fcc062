#include "common/protocol/messages/40_expire_delegation_token.h"

#include "common/protocol/field.h"

namespace ottla {

OTTLA_ROWS(ExpireDelegationTokenRequest, ROW(hmac).Bytes(), ROW(expiry_time_period_ms))

OTTLA_MESSAGE(ExpireDelegationTokenRequest, kRequest)

OTTLA_ROWS(ExpireDelegationTokenResponse, ROW(error_code), ROW(expiry_timestamp_ms), ROW(throttle_time_ms))

OTTLA_MESSAGE(ExpireDelegationTokenResponse, kResponse)

}  // namespace ottla
