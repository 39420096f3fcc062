// One handler per API; the contract of each stands at the head of its NN_name.cc. All run on the data loop of the
// connection, never block, and answer exactly once. `ApiLoop` outlives every request.
#pragma once

#include "broker/api/request.h"

namespace ottla {

struct ApiLoop;

void HandleProduce(ApiLoop& loop, RequestContext context, Responder responder);
void HandleFetch(ApiLoop& loop, RequestContext context, Responder responder);
void HandleListOffsets(ApiLoop& loop, RequestContext context, Responder responder);
void HandleMetadata(ApiLoop& loop, RequestContext context, Responder responder);
void HandleLeaderAndIsr(ApiLoop& loop, RequestContext context, Responder responder);
void HandleStopReplica(ApiLoop& loop, RequestContext context, Responder responder);
void HandleUpdateMetadata(ApiLoop& loop, RequestContext context, Responder responder);
void HandleControlledShutdown(ApiLoop& loop, RequestContext context, Responder responder);
void HandleApiVersions(ApiLoop& loop, RequestContext context, Responder responder);
void HandleCreateTopics(ApiLoop& loop, RequestContext context, Responder responder);
void HandleDeleteTopics(ApiLoop& loop, RequestContext context, Responder responder);
void HandleInitProducerId(ApiLoop& loop, RequestContext context, Responder responder);
void HandleOffsetForLeaderEpoch(ApiLoop& loop, RequestContext context, Responder responder);
void HandleDescribeConfigs(ApiLoop& loop, RequestContext context, Responder responder);
void HandleCreatePartitions(ApiLoop& loop, RequestContext context, Responder responder);
void HandleAlterPartition(ApiLoop& loop, RequestContext context, Responder responder);
void HandleDescribeCluster(ApiLoop& loop, RequestContext context, Responder responder);
void HandleAllocateProducerIds(ApiLoop& loop, RequestContext context, Responder responder);

}  // namespace ottla
