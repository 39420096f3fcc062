#include "common/protocol/messages/60_describe_cluster.h"

#include "common/protocol/field.h"

namespace ottla {

OTTLA_ROWS(DescribeClusterRequest, ROW(include_cluster_authorized_operations), ROW(endpoint_type, Since(1)))

OTTLA_MESSAGE(DescribeClusterRequest, kRequest)

OTTLA_ROWS(DescribeClusterResponse::DescribeClusterBroker, ROW(broker_id), ROW(host), ROW(port), ROW(rack).Nullable())

OTTLA_ROWS(DescribeClusterResponse,
           ROW(throttle_time_ms),
           ROW(error_code),
           ROW(error_message).Nullable(),
           ROW(endpoint_type, Since(1)),
           ROW(cluster_id),
           ROW(controller_id),
           ROW(brokers),
           ROW(cluster_authorized_operations))

OTTLA_MESSAGE(DescribeClusterResponse, kResponse)

}  // namespace ottla
