#include "broker/api/api_server.h"

#include <algorithm>
#include <utility>

#include "broker/api/api_table.h"
#include "broker/api/fetch_operation.h"

namespace ottla {

ApiServer::ApiServer(ApiServices& services, Random random) {
  const std::size_t loops = services.executors.data_loops();
  const auto slots = static_cast<std::size_t>(services.config->max_incremental_fetch_session_cache_slots);
  for (std::size_t i = 0; i < loops; ++i) {
    loops_.push_back(std::make_unique<ApiLoop>(services, i, (slots + loops - 1) / loops, random.Fork()));
  }
}

RequestClass ApiServer::Classify(const ConnectionInfo& /*connection*/, std::int16_t api_key,
                                 std::int16_t api_version) const {
  const ApiEntry* entry = FindApiEntry(api_key);
  if (entry == nullptr) return RequestClass::kClose;
  const bool served = api_version >= entry->min_version && api_version <= entry->max_version;
  if (!served && entry->key != ApiKey::kApiVersions) return RequestClass::kClose;
  return entry->pipelined ? RequestClass::kPipelined : RequestClass::kSerial;
}

void ApiServer::Handle(RequestContext request, Responder responder) {
  const ApiEntry* entry = FindApiEntry(request.header.api_key);
  OTTLA_CHECK(entry != nullptr) << "handed over although it was not classified: " << request.header.api_key;
  ApiLoop& loop = *loops_[request.connection->loop_index];
  entry->handle(loop, std::move(request), std::move(responder));
}

void ApiServer::OnConnectionClosed(const ConnectionInfo& connection) {
  ApiLoop& loop = *loops_[connection.loop_index];
  const auto found = loop.waiting_fetches.find(connection.id);
  if (found == loop.waiting_fetches.end()) return;
  const std::shared_ptr<FetchOperation> operation = found->second.lock();
  loop.waiting_fetches.erase(found);
  if (operation != nullptr) operation->Abandon();
}

void ApiServer::OnMetadata(const MetadataPtr& view) {
  for (const auto& loop : loops_) {
    loop->executor.Post([context = loop.get(), view] { context->waiters.OnNewView(*view); });
  }
}

}  // namespace ottla
