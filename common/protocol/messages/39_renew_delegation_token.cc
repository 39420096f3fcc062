#include "common/protocol/messages/39_renew_delegation_token.h"

#include "common/protocol/field.h"

namespace ottla {

OTTLA_ROWS(RenewDelegationTokenRequest, ROW(hmac).Bytes(), ROW(renew_period_ms))

OTTLA_MESSAGE(RenewDelegationTokenRequest, kRequest)

OTTLA_ROWS(RenewDelegationTokenResponse, ROW(error_code), ROW(expiry_timestamp_ms), ROW(throttle_time_ms))

OTTLA_MESSAGE(RenewDelegationTokenResponse, kResponse)

}  // namespace ottla
