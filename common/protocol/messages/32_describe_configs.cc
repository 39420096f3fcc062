#include "common/protocol/messages/32_describe_configs.h"

#include "common/protocol/field.h"

namespace ottla {

OTTLA_ROWS(DescribeConfigsRequest::DescribeConfigsResource,
           ROW(resource_type),
           ROW(resource_name),
           ROW(configuration_keys).Nullable())

OTTLA_ROWS(DescribeConfigsRequest,
           ROW(resources),
           ROW(include_synonyms, Since(1)),
           ROW(include_documentation, Since(3)))

OTTLA_MESSAGE(DescribeConfigsRequest, kRequest)

OTTLA_ROWS(DescribeConfigsResponse::DescribeConfigsSynonym, ROW(name), ROW(value).Nullable(), ROW(source))

OTTLA_ROWS(DescribeConfigsResponse::DescribeConfigsResourceResult,
           ROW(name),
           ROW(value).Nullable(),
           ROW(read_only),
           ROW(is_default, Only(0)),
           ROW(config_source, Since(1)).Ignorable(),
           ROW(is_sensitive),
           ROW(synonyms, Since(1)).Ignorable(),
           ROW(config_type, Since(3)).Ignorable(),
           ROW(documentation, Since(3)).Nullable().Ignorable())

OTTLA_ROWS(DescribeConfigsResponse::DescribeConfigsResult,
           ROW(error_code),
           ROW(error_message).Nullable(),
           ROW(resource_type),
           ROW(resource_name),
           ROW(configs))

OTTLA_ROWS(DescribeConfigsResponse, ROW(throttle_time_ms), ROW(results))

OTTLA_MESSAGE(DescribeConfigsResponse, kResponse)

}  // namespace ottla
