// DescribeCluster (key 60), v0..v1. Brokers of the listener that was asked, the controller when it is among them, and
// the cluster id. Endpoint types: 1 brokers, 2 controllers, which have no endpoints of their own in ZooKeeper mode.
#include "common/protocol/messages/60_describe_cluster.h"

#include <string>

#include "broker/api/answer.h"
#include "broker/api/api_context.h"
#include "broker/api/handlers.h"
#include "broker/api/operations.h"

namespace ottla {
namespace {

constexpr std::int8_t kBrokers = 1;
constexpr std::int8_t kControllers = 2;

}  // namespace

// Every handler takes its context by value, as most answer later: NOLINTNEXTLINE(performance-unnecessary-value-param)
void HandleDescribeCluster(ApiLoop& loop, RequestContext context, Responder responder) {
  DescribeClusterRequest request;
  if (!DecodeOrClose(context, &request, responder)) return;
  DescribeClusterResponse response;
  const MetadataPtr view = loop.metadata();
  if (request.endpoint_type != kBrokers) {
    const bool known = request.endpoint_type == kControllers;
    const std::string why =
        known ? "The request was sent to an endpoint of type BROKER, but we wanted an endpoint of type CONTROLLER"
              : "Unsupported endpoint type " + std::to_string(request.endpoint_type);
    response.error_code = known ? ErrorCode::kMismatchedEndpointType : ErrorCode::kUnsupportedEndpointType;
    response.error_message = why;
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
