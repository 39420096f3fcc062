#include "common/protocol/messages/34_alter_replica_log_dirs.h"

#include "common/protocol/field.h"

namespace ottla {

OTTLA_ROWS(AlterReplicaLogDirsRequest::AlterReplicaLogDirTopic, ROW(name), ROW(partitions))

OTTLA_ROWS(AlterReplicaLogDirsRequest::AlterReplicaLogDir, ROW(path), ROW(topics))

OTTLA_ROWS(AlterReplicaLogDirsRequest, ROW(dirs))

OTTLA_MESSAGE(AlterReplicaLogDirsRequest, kRequest)

OTTLA_ROWS(AlterReplicaLogDirsResponse::AlterReplicaLogDirPartitionResult, ROW(partition_index), ROW(error_code))

OTTLA_ROWS(AlterReplicaLogDirsResponse::AlterReplicaLogDirTopicResult, ROW(topic_name), ROW(partitions))

OTTLA_ROWS(AlterReplicaLogDirsResponse, ROW(throttle_time_ms), ROW(results))

OTTLA_MESSAGE(AlterReplicaLogDirsResponse, kResponse)

}  // namespace ottla
