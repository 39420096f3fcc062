#include "common/protocol/messages/18_api_versions.h"

#include "common/protocol/field.h"

namespace ottla {

OTTLA_ROWS(ApiVersionsRequest,
           ROW(client_software_name, Since(3)).Ignorable(),
           ROW(client_software_version, Since(3)).Ignorable())

OTTLA_MESSAGE(ApiVersionsRequest, kRequest)

OTTLA_ROWS(ApiVersionsResponse::ApiVersion, ROW(api_key), ROW(min_version), ROW(max_version))

OTTLA_ROWS(ApiVersionsResponse::SupportedFeatureKey, ROW(name), ROW(min_version), ROW(max_version))

OTTLA_ROWS(ApiVersionsResponse::FinalizedFeatureKey, ROW(name), ROW(max_version_level), ROW(min_version_level))

OTTLA_ROWS(ApiVersionsResponse,
           ROW(error_code),
           ROW(api_keys),
           ROW(throttle_time_ms, Since(1)).Ignorable(),
           ROW(supported_features, Since(3)).Tag(0).Ignorable(),
           ROW(finalized_features_epoch, Since(3)).Tag(1).Ignorable(),
           ROW(finalized_features, Since(3)).Tag(2).Ignorable(),
           ROW(zk_migration_ready, Since(3)).Tag(3).Ignorable())

OTTLA_MESSAGE(ApiVersionsResponse, kResponse)

}  // namespace ottla
