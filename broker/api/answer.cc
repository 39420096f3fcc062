#include "broker/api/answer.h"

#include <utility>

#include "common/protocol/field.h"

namespace ottla {

WireSegments Splice(EncodedBody body, Externals externals) {
  WireSegments segments;
  if (body.cuts.empty()) {
    segments.emplace_back(std::move(body.bytes));
    return segments;
  }
  segments.reserve(body.cuts.size() * 2 + 1);
  std::size_t at = 0;
  for (const Cut& cut : body.cuts) {
    if (cut.at > at) segments.emplace_back(body.bytes.substr(at, cut.at - at));
    at = cut.at;
    if (cut.size > 0) segments.push_back(std::move(externals[cut.id]));
  }
  if (at < body.bytes.size()) segments.emplace_back(body.bytes.substr(at));
  return segments;
}

void AnswerWith(const ReceivedHeader& header, const MessageRows& rows, const void* response, Responder responder,
                Externals externals) {
  EncodedBody body;
  const Status status = Encode(rows, response, header.api_version, &body);
  if (!status.ok()) {
    LOG(ERROR) << rows.name << " v" << header.api_version << " cannot be encoded: " << status;
    responder.CloseConnection();
    return;
  }
  Response out;
  out.header_version = ResponseHeaderVersion(header.api_key, header.api_version);
  out.body = Splice(std::move(body), std::move(externals));
  responder.Respond(std::move(out));
}

bool DecodeOrClose(const RequestContext& request, const MessageRows& rows, void* message, Responder& responder) {
  const auto left =
      Decode(rows, std::string_view(request.body.data(), request.body.size()), request.header.api_version, message);
  if (left.ok()) return true;
  LOG(WARNING) << "closing " << request.connection->peer.ToString() << ": " << rows.name << " v"
               << request.header.api_version << ": " << left.status();
  responder.CloseConnection();
  return false;
}

}  // namespace ottla
