#include "common/protocol/messages/50_describe_user_scram_credentials.h"

#include "common/protocol/field.h"

namespace ottla {

OTTLA_ROWS(DescribeUserScramCredentialsRequest::UserName, ROW(name))

OTTLA_ROWS(DescribeUserScramCredentialsRequest, ROW(users).Nullable())

OTTLA_MESSAGE(DescribeUserScramCredentialsRequest, kRequest)

OTTLA_ROWS(DescribeUserScramCredentialsResponse::CredentialInfo, ROW(mechanism), ROW(iterations))

OTTLA_ROWS(DescribeUserScramCredentialsResponse::DescribeUserScramCredentialsResult,
           ROW(user),
           ROW(error_code),
           ROW(error_message).Nullable(),
           ROW(credential_infos))

OTTLA_ROWS(DescribeUserScramCredentialsResponse,
           ROW(throttle_time_ms),
           ROW(error_code),
           ROW(error_message).Nullable(),
           ROW(results))

OTTLA_MESSAGE(DescribeUserScramCredentialsResponse, kResponse)

}  // namespace ottla
