#include "common/protocol/messages/consumer_protocol.h"

#include "common/protocol/field.h"

namespace ottla {

OTTLA_ROWS(ConsumerProtocolSubscription::TopicPartition, ROW(topic), ROW(partitions))

OTTLA_ROWS(ConsumerProtocolSubscription,
           ROW(topics),
           ROW(user_data).Bytes().Nullable(),
           ROW(owned_partitions, Since(1)).Ignorable(),
           ROW(generation_id, Since(2)).Ignorable(),
           ROW(rack_id, Since(3)).Nullable().Ignorable())

OTTLA_MESSAGE(ConsumerProtocolSubscription, kData)

OTTLA_ROWS(ConsumerProtocolAssignment::TopicPartition, ROW(topic), ROW(partitions))

OTTLA_ROWS(ConsumerProtocolAssignment, ROW(assigned_partitions), ROW(user_data).Bytes().Nullable())

OTTLA_MESSAGE(ConsumerProtocolAssignment, kData)

}  // namespace ottla
