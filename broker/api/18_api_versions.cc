// ApiVersions (key 18), v0..v4. What this broker serves: the rows of api_table. A version above 4 is answered in the
// layout of v0 with UNSUPPORTED_VERSION and the one row of this API, so that the client asks again (KIP-511); never
// closed on. A client that connects before the controller has spoken to a new broker waits for that here: what it asks
// for on its first connection it would not ask for again at once.
#include "common/protocol/messages/18_api_versions.h"

#include "broker/api/answer.h"
#include "broker/api/api_context.h"
#include "broker/api/api_table.h"
#include "broker/api/first_view.h"
#include "broker/api/handlers.h"

namespace ottla {
namespace {

bool Alphanumeric(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); }

// [a-zA-Z0-9](?:[a-zA-Z0-9\-.]*[a-zA-Z0-9])? of KIP-511.
bool IsSoftwareName(std::string_view text) {
  if (text.empty() || !Alphanumeric(text.front()) || !Alphanumeric(text.back())) return false;
  for (const char c : text) {
    if (!Alphanumeric(c) && c != '-' && c != '.') return false;
  }
  return true;
}

void AnswerTooNew(ReceivedHeader header, Responder responder) {
  ApiVersionsResponse response;
  header.api_version = 0;
  response.error_code = ErrorCode::kUnsupportedVersion;
  response.api_keys.push_back({static_cast<std::int16_t>(ApiKey::kApiVersions), ApiVersionsRequest::kMinVersion,
                               ApiVersionsRequest::kMaxVersion});
  AnswerWith(header, response, std::move(responder));
}

void AnswerVersions(ApiLoop& loop, const RequestContext& context, const ApiVersionsRequest& request,
                    Responder responder) {
  ApiVersionsResponse response;
  const bool names_software = context.header.api_version >= 3;
  if (names_software &&
      (!IsSoftwareName(request.client_software_name) || !IsSoftwareName(request.client_software_version))) {
    response.error_code = ErrorCode::kInvalidRequest;
  } else {
    for (const ApiEntry& entry : ApiTable()) {
      response.api_keys.push_back({static_cast<std::int16_t>(entry.key), entry.min_version, entry.max_version});
    }
    response.finalized_features_epoch = loop.services.finalized_features_epoch();
    if (names_software) {
      context.connection->client_software_name = request.client_software_name;
      context.connection->client_software_version = request.client_software_version;
    }
  }
  AnswerWith(context.header, response, std::move(responder));
}

}  // namespace

void HandleApiVersions(ApiLoop& loop, RequestContext context, Responder responder) {
  const std::int16_t version = context.header.api_version;
  if (version > ApiVersionsRequest::kMaxVersion || version < 0) {
    AnswerTooNew(context.header, std::move(responder));
    return;
  }
  ApiVersionsRequest request;
  if (!DecodeOrClose(context, &request, responder)) return;
  AfterFirstView(loop, FirstView::kBrokers,
                 [&loop, context = std::move(context), request, responder = std::move(responder)]() mutable {
                   AnswerVersions(loop, context, request, std::move(responder));
                 });
}

}  // namespace ottla
