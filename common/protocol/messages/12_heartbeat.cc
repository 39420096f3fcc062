#include "common/protocol/messages/12_heartbeat.h"

#include "common/protocol/field.h"

namespace ottla {

OTTLA_ROWS(
    HeartbeatRequest, ROW(group_id), ROW(generation_id), ROW(member_id), ROW(group_instance_id, Since(3)).Nullable())

OTTLA_MESSAGE(HeartbeatRequest, kRequest)

OTTLA_ROWS(HeartbeatResponse, ROW(throttle_time_ms, Since(1)).Ignorable(), ROW(error_code))

OTTLA_MESSAGE(HeartbeatResponse, kResponse)

}  // namespace ottla
