#include "common/protocol/messages/44_incremental_alter_configs.h"

#include "common/protocol/field.h"

namespace ottla {

OTTLA_ROWS(IncrementalAlterConfigsRequest::AlterableConfig, ROW(name), ROW(config_operation), ROW(value).Nullable())

OTTLA_ROWS(IncrementalAlterConfigsRequest::AlterConfigsResource, ROW(resource_type), ROW(resource_name), ROW(configs))

OTTLA_ROWS(IncrementalAlterConfigsRequest, ROW(resources), ROW(validate_only))

OTTLA_MESSAGE(IncrementalAlterConfigsRequest, kRequest)

OTTLA_ROWS(IncrementalAlterConfigsResponse::AlterConfigsResourceResponse,
           ROW(error_code),
           ROW(error_message).Nullable(),
           ROW(resource_type),
           ROW(resource_name))

OTTLA_ROWS(IncrementalAlterConfigsResponse, ROW(throttle_time_ms), ROW(responses))

OTTLA_MESSAGE(IncrementalAlterConfigsResponse, kResponse)

}  // namespace ottla
