// DescribeCluster (key 60), v0..v1. Brokers of the listener that was asked, the controller when it is among them, and
// the cluster id. An endpoint type other than brokers (1) does not exist in ZooKeeper mode.
#include "common/protocol/messages/60_describe_cluster.h"

#include "broker/api/answer.h"
#include "broker/api/api_context.h"
#include "broker/api/handlers.h"
#include "broker/api/operations.h"

namespace ottla {

// Every handler takes its context by value, as most answer later: NOLINTNEXTLINE(performance-unnecessary-value-param)
void HandleDescribeCluster(ApiLoop& loop, RequestContext context, Responder responder) {
  DescribeClusterRequest request;
  if (!DecodeOrClose(context, &request, responder)) return;
  DescribeClusterResponse response;
  const MetadataPtr view = loop.metadata();
  if (request.endpoint_type != 1) {
    response.error_code =
        request.endpoint_type == 2 ? ErrorCode::kMismatchedEndpointType : ErrorCode::kUnsupportedEndpointType;
    response.error_message = "this listener describes brokers only";
    AnswerWith(context.header, response, std::move(responder));
    return;
  }
  response.cluster_id = loop.services.cluster_id;
  if (request.include_cluster_authorized_operations) response.cluster_authorized_operations = kClusterOperations;
  const BrokerId controller = view->controller().value_or(kNoBroker);
  for (const MetadataBroker& broker : view->brokers()) {
    const MetadataEndpoint* at = broker.EndpointOf(context.connection->listener);
    if (at == nullptr) continue;
    auto& out = response.brokers.emplace_back();
    out.broker_id = broker.id.value;
    out.host = at->address.host;
    out.port = at->address.port;
    if (broker.rack) out.rack = *broker.rack;
    if (broker.id == controller) response.controller_id = controller.value;
  }
  AnswerWith(context.header, response, std::move(responder));
}

}  // namespace ottla
