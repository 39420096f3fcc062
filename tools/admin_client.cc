#include "tools/admin_client.h"

#include <algorithm>
#include <charconv>
#include <limits>

#include "common/config/config_row.h"
#include "common/protocol/field.h"
#include "common/protocol/frame.h"
#include "common/protocol/messages/03_metadata.h"
#include "common/protocol/messages/18_api_versions.h"
#include "tools/tool_log.h"

namespace ottla::tools {
namespace {

constexpr std::int64_t kRetryPauseMs = 250;
constexpr std::int64_t kConnectTimeoutMs = 10'000;

Status Bad(std::string message) { return Status(StatusCode::kInvalidArgument, std::move(message)); }

Result<HostPort> ParseAddress(const std::string& text) {
  const std::size_t colon = text.rfind(':');
  HostPort address;
  if (colon != std::string::npos) {
    address.host = text.substr(0, colon);
    const auto parsed = std::from_chars(text.data() + colon + 1, text.data() + text.size(), address.port);
    if (parsed.ec != std::errc() || parsed.ptr != text.data() + text.size()) address.port = 0;
  }
  if (address.host.size() > 2 && address.host.front() == '[' && address.host.back() == ']') {
    address.host = address.host.substr(1, address.host.size() - 2);
  }
  if (address.host.empty() || address.port < 1 || address.port > 65535) {
    return Bad("Invalid url in bootstrap.servers: " + text);
  }
  return address;
}

Status ReadMillis(const Properties& properties, const std::string& key, std::int64_t* out) {
  const auto it = properties.find(key);
  if (it == properties.end()) return Status::Ok();
  Result<ConfigValue> value = ParseConfigValue(rows::Int(key, nullptr, "").Min(0), it->second);
  if (!value.ok()) return value.status();
  *out = std::get<std::int64_t>(*value);
  return Status::Ok();
}

}  // namespace

Result<std::vector<HostPort>> ParseBootstrap(std::string_view text) {
  std::vector<HostPort> addresses;
  for (const std::string& item : SplitList(text)) {
    if (item.empty()) continue;
    Result<HostPort> address = ParseAddress(item);
    if (!address.ok()) return address.status();
    addresses.push_back(std::move(address).value());
  }
  if (addresses.empty()) return Bad("No resolvable bootstrap urls given in bootstrap.servers");
  return addresses;
}

Result<AdminOptions> AdminOptions::Make(std::string_view bootstrap, const Properties& properties) {
  AdminOptions options;
  Result<std::vector<HostPort>> addresses = ParseBootstrap(bootstrap);
  if (!addresses.ok()) return addresses.status();
  options.bootstrap = std::move(addresses).value();
  if (const auto id = properties.find("client.id"); id != properties.end()) options.client_id = id->second;
  OTTLA_RETURN_IF_ERROR(ReadMillis(properties, "request.timeout.ms", &options.request_timeout_ms));
  OTTLA_RETURN_IF_ERROR(ReadMillis(properties, "default.api.timeout.ms", &options.api_timeout_ms));
  const auto protocol = properties.find("security.protocol");
  if (protocol != properties.end() && TrimBlanks(protocol->second) != "PLAINTEXT") {
    return Status(StatusCode::kUnsupported, "security.protocol " + protocol->second + " is not supported by this tool");
  }
  return options;
}

bool MayRetry(const Status& status) {
  return status.code() == StatusCode::kUnavailable || status.code() == StatusCode::kClosed ||
         status.code() == StatusCode::kTimeout || status.code() == StatusCode::kIoError;
}

std::int64_t DeadlineAfter(std::int64_t ms) { return NowMs() + ms; }
bool Past(std::int64_t deadline_ms) { return NowMs() >= deadline_ms; }
void PauseBeforeRetry(std::int64_t deadline_ms) {
  SleepMs(std::clamp<std::int64_t>(deadline_ms - NowMs(), 0, kRetryPauseMs));
}

Status AdminClient::EncodeRequest(const MessageRows& rows, const void* request, std::int16_t version,
                                  EncodedBody* frame) {
  const RequestHeader header{.api_key = static_cast<std::int16_t>(rows.key),
                             .api_version = version,
                             .correlation_id = next_correlation_,
                             .client_id = options_.client_id};
  return EncodeRequestFrame(header, rows, request, frame);
}

std::int32_t AdminClient::BrokerTimeoutMs() const {
  const std::int64_t wait = std::min(options_.request_timeout_ms, options_.api_timeout_ms);
  const std::int64_t margin = std::min<std::int64_t>(1000, wait / 10);
  return static_cast<std::int32_t>(
      std::clamp<std::int64_t>(wait - margin, 0, std::numeric_limits<std::int32_t>::max()));
}

Status AdminClient::DecodeInto(const MessageRows& rows, const RawAnswer& raw, const std::string& frame, void* body) {
  Result<ParsedResponse> response = ParseResponseHeader(frame, static_cast<std::int16_t>(rows.key), raw.version);
  if (!response.ok()) return response.status();
  return Decode(rows, response->body, raw.version, body).status();
}

Result<AdminClient::RawAnswer> AdminClient::Exchange(Connection* connection, std::int16_t api_key, std::int16_t version,
                                                     const Encoder& encode, std::int64_t deadline_ms) {
  const std::int64_t request_deadline = std::min(deadline_ms, DeadlineAfter(options_.request_timeout_ms));
  const std::int32_t correlation = ++next_correlation_;
  EncodedBody frame;
  OTTLA_RETURN_IF_ERROR(encode(version, &frame));
  OTTLA_RETURN_IF_ERROR(connection->socket.Send(frame.bytes, request_deadline));
  Result<std::string> answer = connection->socket.ReceiveFrame(request_deadline);
  if (!answer.ok()) return answer.status();
  Result<ParsedResponse> header = ParseResponseHeader(*answer, api_key, version);
  if (!header.ok()) return header.status();
  if (header->correlation_id != correlation) return Status(StatusCode::kCorrupt, "an answer to another request");
  return RawAnswer{.frame = std::move(answer).value(), .version = version};
}

Status AdminClient::Negotiate(Connection* connection, std::int64_t deadline_ms) {
  // Version 0 is answered by every broker since 0.10.
  const Encoder encode = [this](std::int16_t version, EncodedBody* frame) {
    const ApiVersionsRequest request;
    return EncodeRequest(ApiVersionsRequest::kRows, &request, version, frame);
  };
  Result<RawAnswer> raw =
      Exchange(connection, static_cast<std::int16_t>(ApiVersionsRequest::kKey), 0, encode, deadline_ms);
  if (!raw.ok()) return raw.status();
  ApiVersionsResponse response;
  OTTLA_RETURN_IF_ERROR(DecodeInto(ApiVersionsResponse::kRows, *raw, raw->frame, &response));
  for (const auto& api : response.api_keys) connection->versions[api.api_key] = {api.min_version, api.max_version};
  return Status::Ok();
}

Result<AdminClient::Connection*> AdminClient::ConnectTo(const HostPort& address, std::int32_t node_id,
                                                        std::int64_t deadline_ms) {
  auto connection = std::make_unique<Connection>();
  const std::int64_t connect_deadline = std::min(deadline_ms, DeadlineAfter(kConnectTimeoutMs));
  Result<BlockingSocket> socket = BlockingSocket::Connect(address.host, address.port, connect_deadline);
  Status status = socket.status();
  if (socket.ok()) {
    connection->socket = std::move(socket).value();
    status = Negotiate(connection.get(), deadline_ms);
  }
  if (!status.ok()) {
    LogLine(err_, "WARN",
            "[AdminClient clientId=" + options_.client_id + "] Connection to node " + std::to_string(node_id) + " (" +
                address.host + ":" + std::to_string(address.port) +
                ") could not be established. Node may not be available: " + status.message(),
            "org.apache.kafka.clients.NetworkClient");
    return status;
  }
  auto& slot = node_id < 0 ? any_ : controller_;
  slot = std::move(connection);
  return slot.get();
}

Result<HostPort> AdminClient::FindController(std::int64_t deadline_ms) {
  const Encoder encode = [this](std::int16_t version, EncodedBody* frame) {
    MetadataRequest request;
    // No topics: an empty list says so from version 1 on (in version 0 it means all of them).
    request.topics = std::vector<MetadataRequest::MetadataRequestTopic>{};
    return EncodeRequest(MetadataRequest::kRows, &request, version, frame);
  };
  Result<RawAnswer> raw = TryOnce(Target::kAny, MetadataRequest::kRows, encode, deadline_ms);
  if (!raw.ok()) return raw.status();
  MetadataResponse metadata;
  OTTLA_RETURN_IF_ERROR(DecodeInto(MetadataResponse::kRows, *raw, raw->frame, &metadata));
  for (const auto& broker : metadata.brokers) {
    if (broker.node_id == metadata.controller_id) return HostPort{std::string(broker.host), broker.port};
  }
  return Status(StatusCode::kUnavailable, "the cluster has no controller now");
}

Result<AdminClient::Connection*> AdminClient::Pick(Target target, std::int64_t deadline_ms) {
  if (target == Target::kController) {
    if (controller_ != nullptr) return controller_.get();
    Result<HostPort> address = FindController(deadline_ms);
    if (!address.ok()) return address.status();
    return ConnectTo(*address, 0, deadline_ms);
  }
  if (any_ != nullptr) return any_.get();
  Status last(StatusCode::kUnavailable, "no broker");
  for (std::size_t i = 0; i < options_.bootstrap.size(); ++i) {
    const HostPort& address = options_.bootstrap[next_bootstrap_++ % options_.bootstrap.size()];
    Result<Connection*> connection = ConnectTo(address, -1, deadline_ms);
    if (connection.ok()) return connection;
    last = connection.status();
  }
  return last;
}

void AdminClient::Forget() {
  any_.reset();
  controller_.reset();
}

Result<AdminClient::RawAnswer> AdminClient::TryOnce(Target target, const MessageRows& request_rows,
                                                    const Encoder& encode, std::int64_t deadline_ms) {
  Result<Connection*> connection = Pick(target, deadline_ms);
  if (!connection.ok()) return connection.status();
  const auto key = static_cast<std::int16_t>(request_rows.key);
  const auto offered = (*connection)->versions.find(key);
  std::int16_t version = -1;
  if (offered != (*connection)->versions.end()) {
    const auto [lowest, highest] = offered->second;
    version = std::min(highest, request_rows.max_version);
    if (version < lowest) version = -1;
  }
  if (version < request_rows.min_version) {
    return Status(StatusCode::kUnsupported,
                  "The broker does not support " + std::string(ToString(static_cast<ApiKey>(key))));
  }
  Result<RawAnswer> answer = Exchange(*connection, key, version, encode, deadline_ms);
  if (!answer.ok()) Forget();
  return answer;
}

}  // namespace ottla::tools
