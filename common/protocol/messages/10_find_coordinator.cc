#include "common/protocol/messages/10_find_coordinator.h"

#include "common/protocol/field.h"

namespace ottla {

OTTLA_ROWS(FindCoordinatorRequest, ROW(key, Between(0, 3)), ROW(key_type, Since(1)), ROW(coordinator_keys, Since(4)))

OTTLA_MESSAGE(FindCoordinatorRequest, kRequest)

OTTLA_ROWS(FindCoordinatorResponse::Coordinator,
           ROW(key),
           ROW(node_id),
           ROW(host),
           ROW(port),
           ROW(error_code),
           ROW(error_message).Nullable().Ignorable())

OTTLA_ROWS(FindCoordinatorResponse,
           ROW(throttle_time_ms, Since(1)).Ignorable(),
           ROW(error_code, Between(0, 3)),
           ROW(error_message, Between(1, 3)).Nullable().Ignorable(),
           ROW(node_id, Between(0, 3)),
           ROW(host, Between(0, 3)),
           ROW(port, Between(0, 3)),
           ROW(coordinators, Since(4)))

OTTLA_MESSAGE(FindCoordinatorResponse, kResponse)

}  // namespace ottla
