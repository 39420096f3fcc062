#include "common/protocol/messages/42_delete_groups.h"

#include "common/protocol/field.h"

namespace ottla {

OTTLA_ROWS(DeleteGroupsRequest, ROW(groups_names))

OTTLA_MESSAGE(DeleteGroupsRequest, kRequest)

OTTLA_ROWS(DeleteGroupsResponse::DeletableGroupResult, ROW(group_id), ROW(error_code))

OTTLA_ROWS(DeleteGroupsResponse, ROW(throttle_time_ms), ROW(results))

OTTLA_MESSAGE(DeleteGroupsResponse, kResponse)

}  // namespace ottla
