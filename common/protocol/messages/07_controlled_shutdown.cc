#include "common/protocol/messages/07_controlled_shutdown.h"

#include "common/protocol/field.h"

namespace ottla {

OTTLA_ROWS(ControlledShutdownRequest, ROW(broker_id), ROW(broker_epoch, Since(2)).Ignorable())

OTTLA_MESSAGE(ControlledShutdownRequest, kRequest)

OTTLA_ROWS(ControlledShutdownResponse::RemainingPartition, ROW(topic_name), ROW(partition_index))

OTTLA_ROWS(ControlledShutdownResponse, ROW(error_code), ROW(remaining_partitions))

OTTLA_MESSAGE(ControlledShutdownResponse, kResponse)

}  // namespace ottla
