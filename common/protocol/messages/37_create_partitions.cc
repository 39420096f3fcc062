#include "common/protocol/messages/37_create_partitions.h"

#include "common/protocol/field.h"

namespace ottla {

OTTLA_ROWS(CreatePartitionsRequest::CreatePartitionsAssignment, ROW(broker_ids))

OTTLA_ROWS(CreatePartitionsRequest::CreatePartitionsTopic, ROW(name), ROW(count), ROW(assignments).Nullable())

OTTLA_ROWS(CreatePartitionsRequest, ROW(topics), ROW(timeout_ms), ROW(validate_only))

OTTLA_MESSAGE(CreatePartitionsRequest, kRequest)

OTTLA_ROWS(CreatePartitionsResponse::CreatePartitionsTopicResult,
           ROW(name),
           ROW(error_code),
           ROW(error_message).Nullable())

OTTLA_ROWS(CreatePartitionsResponse, ROW(throttle_time_ms), ROW(results))

OTTLA_MESSAGE(CreatePartitionsResponse, kResponse)

}  // namespace ottla
