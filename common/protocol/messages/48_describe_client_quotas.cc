#include "common/protocol/messages/48_describe_client_quotas.h"

#include "common/protocol/field.h"

namespace ottla {

OTTLA_ROWS(DescribeClientQuotasRequest::ComponentData, ROW(entity_type), ROW(match_type), ROW(match).Nullable())

OTTLA_ROWS(DescribeClientQuotasRequest, ROW(components), ROW(strict))

OTTLA_MESSAGE(DescribeClientQuotasRequest, kRequest)

OTTLA_ROWS(DescribeClientQuotasResponse::EntityData, ROW(entity_type), ROW(entity_name).Nullable())

OTTLA_ROWS(DescribeClientQuotasResponse::ValueData, ROW(key), ROW(value))

OTTLA_ROWS(DescribeClientQuotasResponse::EntryData, ROW(entity), ROW(values))

OTTLA_ROWS(DescribeClientQuotasResponse,
           ROW(throttle_time_ms),
           ROW(error_code),
           ROW(error_message).Nullable(),
           ROW(entries).Nullable())

OTTLA_MESSAGE(DescribeClientQuotasResponse, kResponse)

}  // namespace ottla
