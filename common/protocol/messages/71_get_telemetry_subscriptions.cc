#include "common/protocol/messages/71_get_telemetry_subscriptions.h"

#include "common/protocol/field.h"

namespace ottla {

OTTLA_ROWS(GetTelemetrySubscriptionsRequest, ROW(client_instance_id))

OTTLA_MESSAGE(GetTelemetrySubscriptionsRequest, kRequest)

OTTLA_ROWS(GetTelemetrySubscriptionsResponse,
           ROW(throttle_time_ms),
           ROW(error_code),
           ROW(client_instance_id),
           ROW(subscription_id),
           ROW(accepted_compression_types),
           ROW(push_interval_ms),
           ROW(telemetry_max_bytes),
           ROW(delta_temporality),
           ROW(requested_metrics))

OTTLA_MESSAGE(GetTelemetrySubscriptionsResponse, kResponse)

}  // namespace ottla
