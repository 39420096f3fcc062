#include "common/protocol/messages/33_alter_configs.h"

#include "common/protocol/field.h"

namespace ottla {

OTTLA_ROWS(AlterConfigsRequest::AlterableConfig, ROW(name), ROW(value).Nullable())

OTTLA_ROWS(AlterConfigsRequest::AlterConfigsResource, ROW(resource_type), ROW(resource_name), ROW(configs))

OTTLA_ROWS(AlterConfigsRequest, ROW(resources), ROW(validate_only))

OTTLA_MESSAGE(AlterConfigsRequest, kRequest)

OTTLA_ROWS(AlterConfigsResponse::AlterConfigsResourceResponse,
           ROW(error_code),
           ROW(error_message).Nullable(),
           ROW(resource_type),
           ROW(resource_name))

OTTLA_ROWS(AlterConfigsResponse, ROW(throttle_time_ms), ROW(responses))

OTTLA_MESSAGE(AlterConfigsResponse, kResponse)

}  // namespace ottla
