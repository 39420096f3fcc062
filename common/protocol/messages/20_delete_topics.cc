#include "common/protocol/messages/20_delete_topics.h"

#include "common/protocol/field.h"

namespace ottla {

OTTLA_ROWS(DeleteTopicsRequest::DeleteTopicState, ROW(name).Nullable(), ROW(topic_id))

OTTLA_ROWS(DeleteTopicsRequest, ROW(topics, Since(6)), ROW(topic_names, Between(0, 5)).Ignorable(), ROW(timeout_ms))

OTTLA_MESSAGE(DeleteTopicsRequest, kRequest)

OTTLA_ROWS(DeleteTopicsResponse::DeletableTopicResult,
           ROW(name).Nullable(Since(6)),
           ROW(topic_id, Since(6)).Ignorable(),
           ROW(error_code),
           ROW(error_message, Since(5)).Nullable().Ignorable())

OTTLA_ROWS(DeleteTopicsResponse, ROW(throttle_time_ms, Since(1)).Ignorable(), ROW(responses))

OTTLA_MESSAGE(DeleteTopicsResponse, kResponse)

}  // namespace ottla
