#include "common/protocol/messages/72_push_telemetry.h"

#include "common/protocol/field.h"

namespace ottla {

OTTLA_ROWS(PushTelemetryRequest,
           ROW(client_instance_id),
           ROW(subscription_id),
           ROW(terminating),
           ROW(compression_type),
           ROW(metrics).Bytes())

OTTLA_MESSAGE(PushTelemetryRequest, kRequest)

OTTLA_ROWS(PushTelemetryResponse, ROW(throttle_time_ms), ROW(error_code))

OTTLA_MESSAGE(PushTelemetryResponse, kResponse)

}  // namespace ottla
