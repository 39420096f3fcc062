// ApiVersions (key 18), v0..v4. What this broker serves: the rows of api_table. A version above 4 is answered in the
// layout of v0 with UNSUPPORTED_VERSION and the one row of this API, so that the client asks again (KIP-511); never
// closed on.
#include "common/protocol/messages/18_api_versions.h"

#include "broker/api/answer.h"
#include "broker/api/api_context.h"
#include "broker/api/api_table.h"
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

}  // namespace

void HandleApiVersions(ApiLoop& loop, RequestContext context, Responder responder) {
  ApiVersionsResponse response;
  ReceivedHeader header = context.header;
  if (header.api_version > ApiVersionsRequest::kMaxVersion || header.api_version < 0) {
    header.api_version = 0;
    response.error_code = ErrorCode::kUnsupportedVersion;
    response.api_keys.push_back({static_cast<std::int16_t>(ApiKey::kApiVersions), ApiVersionsRequest::kMinVersion,
                                 ApiVersionsRequest::kMaxVersion});
    AnswerWith(header, response, std::move(responder));
    return;
  }
  ApiVersionsRequest request;
  if (!DecodeOrClose(context, &request, responder)) return;
  if (header.api_version >= 3 &&
      (!IsSoftwareName(request.client_software_name) || !IsSoftwareName(request.client_software_version))) {
    response.error_code = ErrorCode::kInvalidRequest;
  } else {
    for (const ApiEntry& entry : ApiTable()) {
      response.api_keys.push_back({static_cast<std::int16_t>(entry.key), entry.min_version, entry.max_version});
    }
    response.finalized_features_epoch = loop.services.finalized_features_epoch();
    if (header.api_version >= 3) {
      context.connection->client_software_name = request.client_software_name;
      context.connection->client_software_version = request.client_software_version;
    }
  }
  AnswerWith(header, response, std::move(responder));
}

}  // namespace ottla
