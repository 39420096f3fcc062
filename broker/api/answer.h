// From a response struct to an answer: encoded in the request's version, with external records spliced in at the cuts.
#pragma once

#include "broker/api/request.h"
#include "common/protocol/codec.h"
#include "common/protocol/frame.h"

namespace ottla {

// What the handler wants in the place of each Records::External of its response, by external_id.
using Externals = std::vector<WireSegment>;

WireSegments Splice(EncodedBody body, Externals externals);

// Encodes and answers. A response that cannot be encoded in the request's version is our own bug, but the client's
// version chose the path: the connection is closed and a line is logged, the broker goes on.
void AnswerWith(const ReceivedHeader& header, const MessageRows& rows, const void* response, Responder responder,
                Externals externals = {});

template <class T>
void AnswerWith(const ReceivedHeader& header, const T& response, Responder responder, Externals externals = {}) {
  AnswerWith(header, T::kRows, &response, std::move(responder), std::move(externals));
}

// Decodes the body of `request`, or closes the connection (the only answer Kafka has to a body that does not parse).
bool DecodeOrClose(const RequestContext& request, const MessageRows& rows, void* message, Responder& responder);

template <class T>
bool DecodeOrClose(const RequestContext& request, T* message, Responder& responder) {
  return DecodeOrClose(request, T::kRows, message, responder);
}

}  // namespace ottla
