#include "common/protocol/messages/38_create_delegation_token.h"

#include "common/protocol/field.h"

namespace ottla {

OTTLA_ROWS(CreateDelegationTokenRequest::CreatableRenewers, ROW(principal_type), ROW(principal_name))

OTTLA_ROWS(CreateDelegationTokenRequest,
           ROW(owner_principal_type, Since(3)).Nullable(),
           ROW(owner_principal_name, Since(3)).Nullable(),
           ROW(renewers),
           ROW(max_lifetime_ms))

OTTLA_MESSAGE(CreateDelegationTokenRequest, kRequest)

OTTLA_ROWS(CreateDelegationTokenResponse,
           ROW(error_code),
           ROW(principal_type),
           ROW(principal_name),
           ROW(token_requester_principal_type, Since(3)),
           ROW(token_requester_principal_name, Since(3)),
           ROW(issue_timestamp_ms),
           ROW(expiry_timestamp_ms),
           ROW(max_timestamp_ms),
           ROW(token_id),
           ROW(hmac).Bytes(),
           ROW(throttle_time_ms))

OTTLA_MESSAGE(CreateDelegationTokenResponse, kResponse)

}  // namespace ottla
