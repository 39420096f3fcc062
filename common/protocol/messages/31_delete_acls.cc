#include "common/protocol/messages/31_delete_acls.h"

#include "common/protocol/field.h"

namespace ottla {

OTTLA_ROWS(DeleteAclsRequest::DeleteAclsFilter,
           ROW(resource_type_filter),
           ROW(resource_name_filter).Nullable(),
           ROW(pattern_type_filter, Since(1)),
           ROW(principal_filter).Nullable(),
           ROW(host_filter).Nullable(),
           ROW(operation),
           ROW(permission_type))

OTTLA_ROWS(DeleteAclsRequest, ROW(filters))

OTTLA_MESSAGE(DeleteAclsRequest, kRequest)

OTTLA_ROWS(DeleteAclsResponse::DeleteAclsMatchingAcl,
           ROW(error_code),
           ROW(error_message).Nullable(),
           ROW(resource_type),
           ROW(resource_name),
           ROW(pattern_type, Since(1)),
           ROW(principal),
           ROW(host),
           ROW(operation),
           ROW(permission_type))

OTTLA_ROWS(DeleteAclsResponse::DeleteAclsFilterResult,
           ROW(error_code),
           ROW(error_message).Nullable(),
           ROW(matching_acls))

OTTLA_ROWS(DeleteAclsResponse, ROW(throttle_time_ms), ROW(filter_results))

OTTLA_MESSAGE(DeleteAclsResponse, kResponse)

}  // namespace ottla
