#include "common/protocol/messages/51_alter_user_scram_credentials.h"

#include "common/protocol/field.h"

namespace ottla {

OTTLA_ROWS(AlterUserScramCredentialsRequest::ScramCredentialDeletion, ROW(name), ROW(mechanism))

OTTLA_ROWS(AlterUserScramCredentialsRequest::ScramCredentialUpsertion,
           ROW(name),
           ROW(mechanism),
           ROW(iterations),
           ROW(salt).Bytes(),
           ROW(salted_password).Bytes())

OTTLA_ROWS(AlterUserScramCredentialsRequest, ROW(deletions), ROW(upsertions))

OTTLA_MESSAGE(AlterUserScramCredentialsRequest, kRequest)

OTTLA_ROWS(AlterUserScramCredentialsResponse::AlterUserScramCredentialsResult,
           ROW(user),
           ROW(error_code),
           ROW(error_message).Nullable())

OTTLA_ROWS(AlterUserScramCredentialsResponse, ROW(throttle_time_ms), ROW(results))

OTTLA_MESSAGE(AlterUserScramCredentialsResponse, kResponse)

}  // namespace ottla
