#include "common/protocol/messages/03_metadata.h"

#include "common/protocol/field.h"

namespace ottla {

OTTLA_ROWS(MetadataRequest::MetadataRequestTopic, ROW(topic_id, Since(10)).Ignorable(), ROW(name).Nullable(Since(10)))

OTTLA_ROWS(MetadataRequest,
           ROW(topics).Nullable(Since(1)),
           ROW(allow_auto_topic_creation, Since(4)),
           ROW(include_cluster_authorized_operations, Between(8, 10)),
           ROW(include_topic_authorized_operations, Since(8)))

OTTLA_MESSAGE(MetadataRequest, kRequest)

OTTLA_ROWS(MetadataResponse::MetadataResponseBroker,
           ROW(node_id),
           ROW(host),
           ROW(port),
           ROW(rack, Since(1)).Nullable().Ignorable())

OTTLA_ROWS(MetadataResponse::MetadataResponsePartition,
           ROW(error_code),
           ROW(partition_index),
           ROW(leader_id),
           ROW(leader_epoch, Since(7)).Ignorable(),
           ROW(replica_nodes),
           ROW(isr_nodes),
           ROW(offline_replicas, Since(5)).Ignorable())

OTTLA_ROWS(MetadataResponse::MetadataResponseTopic,
           ROW(error_code),
           ROW(name).Nullable(Since(12)),
           ROW(topic_id, Since(10)).Ignorable(),
           ROW(is_internal, Since(1)).Ignorable(),
           ROW(partitions),
           ROW(topic_authorized_operations, Since(8)))

OTTLA_ROWS(MetadataResponse,
           ROW(throttle_time_ms, Since(3)).Ignorable(),
           ROW(brokers),
           ROW(cluster_id, Since(2)).Nullable().Ignorable(),
           ROW(controller_id, Since(1)).Ignorable(),
           ROW(topics),
           ROW(cluster_authorized_operations, Between(8, 10)))

OTTLA_MESSAGE(MetadataResponse, kResponse)

}  // namespace ottla
