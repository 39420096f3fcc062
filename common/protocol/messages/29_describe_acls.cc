#include "common/protocol/messages/29_describe_acls.h"

#include "common/protocol/field.h"

namespace ottla {

OTTLA_ROWS(DescribeAclsRequest,
           ROW(resource_type_filter),
           ROW(resource_name_filter).Nullable(),
           ROW(pattern_type_filter, Since(1)),
           ROW(principal_filter).Nullable(),
           ROW(host_filter).Nullable(),
           ROW(operation),
           ROW(permission_type))

OTTLA_MESSAGE(DescribeAclsRequest, kRequest)

OTTLA_ROWS(DescribeAclsResponse::AclDescription, ROW(principal), ROW(host), ROW(operation), ROW(permission_type))

OTTLA_ROWS(DescribeAclsResponse::DescribeAclsResource,
           ROW(resource_type),
           ROW(resource_name),
           ROW(pattern_type, Since(1)),
           ROW(acls))

OTTLA_ROWS(DescribeAclsResponse, ROW(throttle_time_ms), ROW(error_code), ROW(error_message).Nullable(), ROW(resources))

OTTLA_MESSAGE(DescribeAclsResponse, kResponse)

}  // namespace ottla
