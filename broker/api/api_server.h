// The dispatcher: every request of every connection to its handler, with the context of the loop it arrived on.
// Called on the data loops; the table and the services are the same for all.
#pragma once

#include <memory>
#include <vector>

#include "broker/api/api_context.h"
#include "broker/api/request.h"

namespace ottla {

class ApiServer final : public RequestHandler, public LeadershipListener {
 public:
  ApiServer(ApiServices& services, Random random);

  RequestClass Classify(const ConnectionInfo& connection, std::int16_t api_key,
                        std::int16_t api_version) const override;
  void Handle(RequestContext request, Responder responder) override;
  void OnConnectionClosed(const ConnectionInfo& connection) override;

  // On the control loop, by the replica manager: requests that wait for the view are told on their loops.
  void OnElected(const TopicPartition&, LeaderEpoch) override {}
  void OnResigned(const TopicPartition&, LeaderEpoch) override {}
  void OnDeleted(const std::vector<TopicPartition>&) override {}
  void OnMetadata(const MetadataPtr& view) override;

 private:
  std::vector<std::unique_ptr<ApiLoop>> loops_;
};

}  // namespace ottla
