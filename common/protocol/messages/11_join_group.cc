#include "common/protocol/messages/11_join_group.h"

#include "common/protocol/field.h"

namespace ottla {

OTTLA_ROWS(JoinGroupRequest::JoinGroupRequestProtocol, ROW(name), ROW(metadata).Bytes())

OTTLA_ROWS(JoinGroupRequest,
           ROW(group_id),
           ROW(session_timeout_ms),
           ROW(rebalance_timeout_ms, Since(1)).Ignorable(),
           ROW(member_id),
           ROW(group_instance_id, Since(5)).Nullable(),
           ROW(protocol_type),
           ROW(protocols),
           ROW(reason, Since(8)).Nullable().Ignorable())

OTTLA_MESSAGE(JoinGroupRequest, kRequest)

OTTLA_ROWS(JoinGroupResponse::JoinGroupResponseMember,
           ROW(member_id),
           ROW(group_instance_id, Since(5)).Nullable().Ignorable(),
           ROW(metadata).Bytes())

OTTLA_ROWS(JoinGroupResponse,
           ROW(throttle_time_ms, Since(2)).Ignorable(),
           ROW(error_code),
           ROW(generation_id),
           ROW(protocol_type, Since(7)).Nullable().Ignorable(),
           ROW(protocol_name).Nullable(Since(7)),
           ROW(leader),
           ROW(skip_assignment, Since(9)),
           ROW(member_id),
           ROW(members))

OTTLA_MESSAGE(JoinGroupResponse, kResponse)

}  // namespace ottla
