// What stands around a body: the int32 length of a frame, request header v0-v2, response header v0-v1 (Kafka:
// RequestHeader, ResponseHeader). The header's version follows from the API's flexible-from version, not from the
// highest known one: for ApiVersions every version from 3 on, whatever the number, has request header v2.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "common/base/status.h"
#include "common/protocol/codec.h"

namespace ottla {

inline constexpr std::size_t kFramePrefixSize = 4;

// The int32 length in front of a frame. nullopt: fewer than 4 bytes are there yet.
std::optional<std::int32_t> ReadFrameSize(std::string_view bytes);

struct RequestHeader {
  std::int16_t api_key = 0;
  std::int16_t api_version = 0;
  std::int32_t correlation_id = 0;
  std::string_view client_id;  // a null one reads as empty
};

enum class HeaderVerdict : std::uint8_t {
  kOk,                  // header and body are set; the version is one this code can decode
  kUnknownKey,          // close the connection. Only api_key and api_version are set
  kUnsupportedVersion,  // close, but for ApiVersions, which is answered in version 0. header is set, the body is not
                        // parsed
  kMalformed,           // close. What could be read is set
};

struct ParsedRequest {
  HeaderVerdict verdict = HeaderVerdict::kMalformed;
  RequestHeader header;
  std::string_view body;
};

// `frame` without its length. Views in the result point into it. "Known" is what the table in api_registry.h knows,
// which is more than a broker serves: the caller compares with what it advertises.
ParsedRequest ParseRequestHeader(std::string_view frame);

// Header versions of any version of an API. Unknown keys count as not flexible.
std::int16_t RequestHeaderVersion(std::int16_t api_key, std::int16_t api_version);
std::int16_t ResponseHeaderVersion(std::int16_t api_key, std::int16_t api_version);  // ApiVersions: always 0

// Appends the header. A client id above 32767 bytes is kInvalidArgument.
Status EncodeRequestHeader(const RequestHeader& header, std::string* out);
void EncodeResponseHeader(std::int16_t api_key, std::int16_t api_version, std::int32_t correlation_id,
                          std::string* out);

struct ParsedResponse {
  std::int32_t correlation_id = 0;
  std::string_view body;
};
// For the side that asked: it knows key and version of its request. kCorrupt: cut short.
Result<ParsedResponse> ParseResponseHeader(std::string_view frame, std::int16_t api_key, std::int16_t api_version);

// A whole frame, length first. The length covers cuts; kInvalidArgument when it exceeds an int32.
Status EncodeRequestFrame(const RequestHeader& header, const MessageRows& rows, const void* request, EncodedBody* out);
Status EncodeResponseFrame(std::int16_t api_version, std::int32_t correlation_id, const MessageRows& rows,
                           const void* response, EncodedBody* out);

// api_key of `header` is taken from the message.
template <class T>
Status EncodeRequestFrame(RequestHeader header, const T& request, EncodedBody* out) {
  header.api_key = static_cast<std::int16_t>(T::kKey);
  return EncodeRequestFrame(header, T::kRows, &request, out);
}
template <class T>
Status EncodeResponseFrame(std::int16_t api_version, std::int32_t correlation_id, const T& response, EncodedBody* out) {
  return EncodeResponseFrame(api_version, correlation_id, T::kRows, &response, out);
}

}  // namespace ottla
