#include "common/protocol/messages/16_list_groups.h"

#include "common/protocol/field.h"

namespace ottla {

OTTLA_ROWS(ListGroupsRequest, ROW(states_filter, Since(4)), ROW(types_filter, Since(5)))

OTTLA_MESSAGE(ListGroupsRequest, kRequest)

OTTLA_ROWS(ListGroupsResponse::ListedGroup,
           ROW(group_id),
           ROW(protocol_type),
           ROW(group_state, Since(4)).Ignorable(),
           ROW(group_type, Since(5)).Ignorable())

OTTLA_ROWS(ListGroupsResponse, ROW(throttle_time_ms, Since(1)).Ignorable(), ROW(error_code), ROW(groups))

OTTLA_MESSAGE(ListGroupsResponse, kResponse)

}  // namespace ottla
