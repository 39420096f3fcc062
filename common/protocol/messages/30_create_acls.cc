#include "common/protocol/messages/30_create_acls.h"

#include "common/protocol/field.h"

namespace ottla {

OTTLA_ROWS(CreateAclsRequest::AclCreation,
           ROW(resource_type),
           ROW(resource_name),
           ROW(resource_pattern_type, Since(1)),
           ROW(principal),
           ROW(host),
           ROW(operation),
           ROW(permission_type))

OTTLA_ROWS(CreateAclsRequest, ROW(creations))

OTTLA_MESSAGE(CreateAclsRequest, kRequest)

OTTLA_ROWS(CreateAclsResponse::AclCreationResult, ROW(error_code), ROW(error_message).Nullable())

OTTLA_ROWS(CreateAclsResponse, ROW(throttle_time_ms), ROW(results))

OTTLA_MESSAGE(CreateAclsResponse, kResponse)

}  // namespace ottla
