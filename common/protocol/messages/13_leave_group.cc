#include "common/protocol/messages/13_leave_group.h"

#include "common/protocol/field.h"

namespace ottla {

OTTLA_ROWS(LeaveGroupRequest::MemberIdentity,
           ROW(member_id),
           ROW(group_instance_id).Nullable(),
           ROW(reason, Since(5)).Nullable().Ignorable())

OTTLA_ROWS(LeaveGroupRequest, ROW(group_id), ROW(member_id, Between(0, 2)), ROW(members, Since(3)))

OTTLA_MESSAGE(LeaveGroupRequest, kRequest)

OTTLA_ROWS(LeaveGroupResponse::MemberResponse, ROW(member_id), ROW(group_instance_id).Nullable(), ROW(error_code))

OTTLA_ROWS(LeaveGroupResponse, ROW(throttle_time_ms, Since(1)).Ignorable(), ROW(error_code), ROW(members, Since(3)))

OTTLA_MESSAGE(LeaveGroupResponse, kResponse)

}  // namespace ottla
