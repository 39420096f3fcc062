#include "common/protocol/messages/74_list_client_metrics_resources.h"

#include "common/protocol/field.h"

namespace ottla {

OTTLA_ROWS(ListClientMetricsResourcesRequest)

OTTLA_MESSAGE(ListClientMetricsResourcesRequest, kRequest)

OTTLA_ROWS(ListClientMetricsResourcesResponse::ClientMetricsResource, ROW(name))

OTTLA_ROWS(ListClientMetricsResourcesResponse, ROW(throttle_time_ms), ROW(error_code), ROW(client_metrics_resources))

OTTLA_MESSAGE(ListClientMetricsResourcesResponse, kResponse)

}  // namespace ottla
