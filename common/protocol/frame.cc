#include "common/protocol/frame.h"

#include <limits>

#include "common/protocol/api_registry.h"
#include "common/protocol/wire.h"

namespace ottla {
namespace {

constexpr auto kApiVersionsKey = static_cast<std::int16_t>(ApiKey::kApiVersions);
constexpr auto kControlledShutdownKey = static_cast<std::int16_t>(ApiKey::kControlledShutdown);

bool IsFlexible(std::int16_t api_key, std::int16_t api_version) {
  const ApiInfo* api = FindApi(api_key);
  return api != nullptr && api->IsFlexible(api_version);
}

void ReadClientId(WireReader& in, RequestHeader* header) {
  const std::int16_t length = in.I16();
  if (length >= 0) header->client_id = in.Raw(static_cast<std::size_t>(length));
}

// Leaves room for the length at the end of `out`; FinishFrame fills it.
std::size_t StartFrame(EncodedBody* out) {
  const std::size_t start = out->bytes.size();
  out->bytes.append(kFramePrefixSize, '\0');
  return start;
}

Status FinishFrame(std::size_t start, std::int64_t size_before, EncodedBody* out) {
  const std::int64_t size = out->TotalSize() - size_before - static_cast<std::int64_t>(kFramePrefixSize);
  if (size > std::numeric_limits<std::int32_t>::max()) {
    return Status(StatusCode::kInvalidArgument, "a frame of " + std::to_string(size) + " bytes");
  }
  const std::uint32_t prefix = __builtin_bswap32(static_cast<std::uint32_t>(size));
  std::memcpy(out->bytes.data() + start, &prefix, sizeof prefix);
  return Status::Ok();
}

}  // namespace

std::optional<std::int32_t> ReadFrameSize(std::string_view bytes) {
  if (bytes.size() < kFramePrefixSize) return std::nullopt;
  return WireReader(bytes).I32();
}

std::int16_t RequestHeaderVersion(std::int16_t api_key, std::int16_t api_version) {
  if (api_key == kControlledShutdownKey && api_version == 0) return 0;
  return IsFlexible(api_key, api_version) ? 2 : 1;
}

std::int16_t ResponseHeaderVersion(std::int16_t api_key, std::int16_t api_version) {
  return api_key != kApiVersionsKey && IsFlexible(api_key, api_version) ? 1 : 0;
}

ParsedRequest ParseRequestHeader(std::string_view frame) {
  ParsedRequest request;
  WireReader in(frame);
  request.header.api_key = in.I16();
  request.header.api_version = in.I16();
  if (!in.ok()) return request;
  const ApiInfo* api = FindApi(request.header.api_key);
  if (api == nullptr) {
    request.verdict = HeaderVerdict::kUnknownKey;
    return request;
  }
  const std::int16_t header_version = RequestHeaderVersion(request.header.api_key, request.header.api_version);
  request.header.correlation_id = in.I32();
  if (header_version >= 1) ReadClientId(in, &request.header);
  if (header_version >= 2) in.SkipTags();
  if (!in.ok()) return request;
  request.body = in.rest();
  request.verdict = api->Supports(request.header.api_version) ? HeaderVerdict::kOk : HeaderVerdict::kUnsupportedVersion;
  return request;
}

Status EncodeRequestHeader(const RequestHeader& header, std::string* out) {
  if (header.client_id.size() > kMaxStringSize) return Status(StatusCode::kInvalidArgument, "client id is too large");
  WireWriter writer(out);
  writer.I16(header.api_key);
  writer.I16(header.api_version);
  writer.I32(header.correlation_id);
  const std::int16_t header_version = RequestHeaderVersion(header.api_key, header.api_version);
  if (header_version >= 1) {
    writer.I16(static_cast<std::int16_t>(header.client_id.size()));
    writer.Raw(header.client_id);
  }
  if (header_version >= 2) writer.U8(0);  // no tags
  return Status::Ok();
}

void EncodeResponseHeader(std::int16_t api_key, std::int16_t api_version, std::int32_t correlation_id,
                          std::string* out) {
  WireWriter writer(out);
  writer.I32(correlation_id);
  if (ResponseHeaderVersion(api_key, api_version) >= 1) writer.U8(0);  // no tags
}

Result<ParsedResponse> ParseResponseHeader(std::string_view frame, std::int16_t api_key, std::int16_t api_version) {
  WireReader in(frame);
  ParsedResponse response{.correlation_id = in.I32()};
  if (ResponseHeaderVersion(api_key, api_version) >= 1) in.SkipTags();
  if (!in.ok()) return Status(StatusCode::kCorrupt, std::string("response header: ") + in.error());
  response.body = in.rest();
  return response;
}

Status EncodeRequestFrame(const RequestHeader& header, const MessageRows& rows, const void* request, EncodedBody* out) {
  const std::int64_t size_before = out->TotalSize();
  const std::size_t start = StartFrame(out);
  OTTLA_RETURN_IF_ERROR(EncodeRequestHeader(header, &out->bytes));
  OTTLA_RETURN_IF_ERROR(Encode(rows, request, header.api_version, out));
  return FinishFrame(start, size_before, out);
}

Status EncodeResponseFrame(std::int16_t api_version, std::int32_t correlation_id, const MessageRows& rows,
                           const void* response, EncodedBody* out) {
  const std::int64_t size_before = out->TotalSize();
  const std::size_t start = StartFrame(out);
  EncodeResponseHeader(rows.key, api_version, correlation_id, &out->bytes);
  OTTLA_RETURN_IF_ERROR(Encode(rows, response, api_version, out));
  return FinishFrame(start, size_before, out);
}

}  // namespace ottla
