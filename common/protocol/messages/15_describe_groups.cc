#include "common/protocol/messages/15_describe_groups.h"

#include "common/protocol/field.h"

namespace ottla {

OTTLA_ROWS(DescribeGroupsRequest, ROW(groups), ROW(include_authorized_operations, Since(3)))

OTTLA_MESSAGE(DescribeGroupsRequest, kRequest)

OTTLA_ROWS(DescribeGroupsResponse::DescribedGroupMember,
           ROW(member_id),
           ROW(group_instance_id, Since(4)).Nullable().Ignorable(),
           ROW(client_id),
           ROW(client_host),
           ROW(member_metadata).Bytes(),
           ROW(member_assignment).Bytes())

OTTLA_ROWS(DescribeGroupsResponse::DescribedGroup,
           ROW(error_code),
           ROW(group_id),
           ROW(group_state),
           ROW(protocol_type),
           ROW(protocol_data),
           ROW(members),
           ROW(authorized_operations, Since(3)))

OTTLA_ROWS(DescribeGroupsResponse, ROW(throttle_time_ms, Since(1)).Ignorable(), ROW(groups))

OTTLA_MESSAGE(DescribeGroupsResponse, kResponse)

}  // namespace ottla
