#include "common/protocol/messages/57_update_features.h"

#include "common/protocol/field.h"

namespace ottla {

OTTLA_ROWS(UpdateFeaturesRequest::FeatureUpdateKey,
           ROW(feature),
           ROW(max_version_level),
           ROW(allow_downgrade, Only(0)),
           ROW(upgrade_type, Since(1)))

OTTLA_ROWS(UpdateFeaturesRequest, ROW(timeout_ms), ROW(feature_updates), ROW(validate_only, Since(1)))

OTTLA_MESSAGE(UpdateFeaturesRequest, kRequest)

OTTLA_ROWS(UpdateFeaturesResponse::UpdatableFeatureResult, ROW(feature), ROW(error_code), ROW(error_message).Nullable())

OTTLA_ROWS(UpdateFeaturesResponse, ROW(throttle_time_ms), ROW(error_code), ROW(error_message).Nullable(), ROW(results))

OTTLA_MESSAGE(UpdateFeaturesResponse, kResponse)

}  // namespace ottla
