#include "common/protocol/messages/14_sync_group.h"

#include "common/protocol/field.h"

namespace ottla {

OTTLA_ROWS(SyncGroupRequest::SyncGroupRequestAssignment, ROW(member_id), ROW(assignment).Bytes())

OTTLA_ROWS(SyncGroupRequest,
           ROW(group_id),
           ROW(generation_id),
           ROW(member_id),
           ROW(group_instance_id, Since(3)).Nullable(),
           ROW(protocol_type, Since(5)).Nullable().Ignorable(),
           ROW(protocol_name, Since(5)).Nullable().Ignorable(),
           ROW(assignments))

OTTLA_MESSAGE(SyncGroupRequest, kRequest)

OTTLA_ROWS(SyncGroupResponse,
           ROW(throttle_time_ms, Since(1)).Ignorable(),
           ROW(error_code),
           ROW(protocol_type, Since(5)).Nullable().Ignorable(),
           ROW(protocol_name, Since(5)).Nullable().Ignorable(),
           ROW(assignment).Bytes())

OTTLA_MESSAGE(SyncGroupResponse, kResponse)

}  // namespace ottla
