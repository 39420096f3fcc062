#include "common/protocol/messages/19_create_topics.h"

#include "common/protocol/field.h"

namespace ottla {

OTTLA_ROWS(CreateTopicsRequest::CreatableReplicaAssignment, ROW(partition_index), ROW(broker_ids))

OTTLA_ROWS(CreateTopicsRequest::CreatableTopicConfig, ROW(name), ROW(value).Nullable())

OTTLA_ROWS(CreateTopicsRequest::CreatableTopic,
           ROW(name),
           ROW(num_partitions),
           ROW(replication_factor),
           ROW(assignments),
           ROW(configs))

OTTLA_ROWS(CreateTopicsRequest, ROW(topics), ROW(timeout_ms), ROW(validate_only, Since(1)))

OTTLA_MESSAGE(CreateTopicsRequest, kRequest)

OTTLA_ROWS(CreateTopicsResponse::CreatableTopicConfigs,
           ROW(name),
           ROW(value).Nullable(),
           ROW(read_only),
           ROW(config_source).Ignorable(),
           ROW(is_sensitive))

OTTLA_ROWS(CreateTopicsResponse::CreatableTopicResult,
           ROW(name),
           ROW(topic_id, Since(7)).Ignorable(),
           ROW(error_code),
           ROW(error_message, Since(1)).Nullable().Ignorable(),
           ROW(topic_config_error_code, Since(5)).Tag(0).Ignorable(),
           ROW(num_partitions, Since(5)).Ignorable(),
           ROW(replication_factor, Since(5)).Ignorable(),
           ROW(configs, Since(5)).Nullable().Ignorable())

OTTLA_ROWS(CreateTopicsResponse, ROW(throttle_time_ms, Since(2)).Ignorable(), ROW(topics))

OTTLA_MESSAGE(CreateTopicsResponse, kResponse)

}  // namespace ottla
