#include "common/protocol/messages/49_alter_client_quotas.h"

#include "common/protocol/field.h"

namespace ottla {

OTTLA_ROWS(AlterClientQuotasRequest::EntityData, ROW(entity_type), ROW(entity_name).Nullable())

OTTLA_ROWS(AlterClientQuotasRequest::OpData, ROW(key), ROW(value), ROW(remove))

OTTLA_ROWS(AlterClientQuotasRequest::EntryData, ROW(entity), ROW(ops))

OTTLA_ROWS(AlterClientQuotasRequest, ROW(entries), ROW(validate_only))

OTTLA_MESSAGE(AlterClientQuotasRequest, kRequest)

OTTLA_ROWS(AlterClientQuotasResponse::EntityData, ROW(entity_type), ROW(entity_name).Nullable())

OTTLA_ROWS(AlterClientQuotasResponse::EntryData, ROW(error_code), ROW(error_message).Nullable(), ROW(entity))

OTTLA_ROWS(AlterClientQuotasResponse, ROW(throttle_time_ms), ROW(entries))

OTTLA_MESSAGE(AlterClientQuotasResponse, kResponse)

}  // namespace ottla
