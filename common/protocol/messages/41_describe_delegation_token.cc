#include "common/protocol/messages/41_describe_delegation_token.h"

#include "common/protocol/field.h"

namespace ottla {

OTTLA_ROWS(DescribeDelegationTokenRequest::DescribeDelegationTokenOwner, ROW(principal_type), ROW(principal_name))

OTTLA_ROWS(DescribeDelegationTokenRequest, ROW(owners).Nullable())

OTTLA_MESSAGE(DescribeDelegationTokenRequest, kRequest)

OTTLA_ROWS(DescribeDelegationTokenResponse::DescribedDelegationTokenRenewer, ROW(principal_type), ROW(principal_name))

OTTLA_ROWS(DescribeDelegationTokenResponse::DescribedDelegationToken,
           ROW(principal_type),
           ROW(principal_name),
           ROW(token_requester_principal_type, Since(3)),
           ROW(token_requester_principal_name, Since(3)),
           ROW(issue_timestamp),
           ROW(expiry_timestamp),
           ROW(max_timestamp),
           ROW(token_id),
           ROW(hmac).Bytes(),
           ROW(renewers))

OTTLA_ROWS(DescribeDelegationTokenResponse, ROW(error_code), ROW(tokens), ROW(throttle_time_ms))

OTTLA_MESSAGE(DescribeDelegationTokenResponse, kResponse)

}  // namespace ottla
