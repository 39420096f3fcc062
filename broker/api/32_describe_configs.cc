// DescribeConfigs (key 32), v0..v4. Topics: the stored overrides over the broker's values; brokers: this broker only
// (its id, or "" for the cluster default). Another broker's id is INVALID_REQUEST: clients ask that broker. Broker
// loggers and client metrics do not exist here: INVALID_REQUEST. A request that asks for the settings of so many that
// the answer would be gigabytes has the rest refused.
#include "common/protocol/messages/32_describe_configs.h"

#include <algorithm>
#include <charconv>
#include <memory>
#include <utility>

#include "broker/api/answer.h"
#include "broker/api/api_context.h"
#include "broker/api/handlers.h"
#include "common/base/topic_name.h"
#include "common/config/describe.h"

namespace ottla {
namespace {

constexpr std::int8_t kTopicResource = 2;
constexpr std::int8_t kBrokerResource = 4;
constexpr std::int8_t kBrokerLoggerResource = 8;
constexpr std::int8_t kClientMetricsResource = 16;
// What the Java client says of INVALID_REQUEST when nothing better is known.
constexpr const char* kMalformed =
    "This most likely occurs because of a request being malformed by the client library or the message was sent to an "
    "incompatible broker. See the broker logs for more details.";

constexpr std::size_t kEntriesMax = 1'000'000;  // of one answer; a topic has about 40, a broker 314
constexpr std::size_t kTopicEntries = 40;
constexpr std::size_t kBrokerEntries = 320;

bool IsKnownKind(std::int8_t type) {
  return type == kTopicResource || type == kBrokerResource || type == kBrokerLoggerResource ||
         type == kClientMetricsResource;
}

struct Described {
  ErrorCode error = ErrorCode::kNone;
  std::string message;
  std::vector<ConfigEntry> entries;
};

struct Operation {
  RequestContext context;
  Responder responder;
  DescribeConfigsRequest request;
  std::vector<Described> results;
  std::size_t open = 1;

  void Finish();
};

DescribeConfigsResponse::DescribeConfigsResourceResult ToWire(const ConfigEntry& entry,
                                                              const DescribeConfigsRequest& request) {
  DescribeConfigsResponse::DescribeConfigsResourceResult out;
  out.name = entry.name;
  out.value.reset();
  if (entry.value) out.value = *entry.value;
  out.read_only = entry.read_only;
  out.config_source = static_cast<std::int8_t>(entry.source);
  // is_default, all that clients of v0 could be told, stays false: so do Kafka's brokers since they know sources.
  out.is_sensitive = entry.sensitive;
  out.config_type = static_cast<std::int8_t>(entry.type);
  out.documentation.reset();
  if (request.include_documentation && !entry.documentation.empty()) out.documentation = entry.documentation;
  if (!request.include_synonyms) return out;
  for (const ConfigSynonym& synonym : entry.synonyms) {
    auto& to = out.synonyms.emplace_back();
    to.name = synonym.name;
    to.value.reset();
    if (synonym.value) to.value = *synonym.value;
    to.source = static_cast<std::int8_t>(synonym.source);
  }
  return out;
}

void Operation::Finish() {
  if (--open > 0) return;
  DescribeConfigsResponse response;
  for (std::size_t i = 0; i < results.size(); ++i) {
    auto& out = response.results.emplace_back();
    out.resource_type = request.resources[i].resource_type;
    out.resource_name = request.resources[i].resource_name;
    out.error_code = results[i].error;
    out.error_message = results[i].message;  // never null: clients would put their own text in its place
    for (const ConfigEntry& entry : results[i].entries) {
      out.configs.push_back(ToWire(entry, request));
    }
  }
  AnswerWith(context.header, response, std::move(responder));
}

ConfigKeys KeysOf(const DescribeConfigsRequest::DescribeConfigsResource& resource) {
  if (!resource.configuration_keys.has_value()) return std::nullopt;
  return std::vector<std::string>(resource.configuration_keys->begin(), resource.configuration_keys->end());
}

Described DescribeBrokerResource(const ApiServices& services, std::string_view name, const ConfigKeys& keys) {
  if (name.empty()) return {ErrorCode::kNone, "", DescribeBrokerDefault(*services.config, keys)};
  std::int32_t id = -1;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), id);
  if (error != std::errc() || end != name.data() + name.size()) {
    return {ErrorCode::kInvalidRequest, "Broker id must be an integer, but it is: " + std::string(name), {}};
  }
  if (id != services.self.value) {
    return {ErrorCode::kInvalidRequest,
            "Unexpected broker id, expected " + std::to_string(services.self.value) +
                " or empty string, but received " + std::string(name),
            {}};
  }
  return {ErrorCode::kNone, "", DescribeBroker(*services.config, keys)};
}

void DescribeTopicResource(ApiLoop& loop, const std::shared_ptr<Operation>& op, std::size_t index) {
  const auto& resource = op->request.resources[index];
  Described& out = op->results[index];
  if (const Status legal = ValidateTopicName(resource.resource_name); !legal.ok()) {
    out = {ErrorCode::kInvalidTopicException, legal.message(), {}};
    return;
  }
  if (loop.metadata()->FindTopic(resource.resource_name) == nullptr) {
    out.error = ErrorCode::kUnknownTopicOrPartition;
    return;
  }
  ++op->open;
  loop.services.topics.Overrides(
      std::string(resource.resource_name), loop.executor,
      [&services = loop.services, op, index, keys = KeysOf(resource)](const Result<Properties>& overrides) {
        Described& result = op->results[index];
        if (overrides.ok()) {
          result.entries = DescribeTopic(*services.config, *overrides, keys);
        } else {
          result = {ErrorCode::kUnknownServerError, overrides.status().message(), {}};
        }
        op->Finish();
      });
}

}  // namespace

void HandleDescribeConfigs(ApiLoop& loop, RequestContext context, Responder responder) {
  auto op = std::make_shared<Operation>();
  if (!DecodeOrClose(context, &op->request, responder)) return;
  op->context = std::move(context);
  op->responder = std::move(responder);
  op->results.resize(op->request.resources.size());
  if (!std::ranges::all_of(op->request.resources, [](const auto& r) { return IsKnownKind(r.resource_type); })) {
    std::ranges::fill(op->results,
                      Described{ErrorCode::kInvalidRequest, kMalformed, {}});  // Kafka answers none of them
    op->Finish();
    return;
  }
  std::size_t entries = 0;
  for (std::size_t i = 0; i < op->results.size(); ++i) {
    const auto& resource = op->request.resources[i];
    entries += resource.resource_type == kTopicResource ? kTopicEntries : kBrokerEntries;
    if (entries > kEntriesMax) {
      op->results[i] = {ErrorCode::kInvalidRequest, "Too many resources in one request.", {}};
    } else if (resource.resource_type == kTopicResource) {
      DescribeTopicResource(loop, op, i);
    } else if (resource.resource_type == kBrokerResource) {
      op->results[i] = DescribeBrokerResource(loop.services, resource.resource_name, KeysOf(resource));
    } else {
      op->results[i] = {
          ErrorCode::kInvalidRequest, "Unsupported resource type: " + std::to_string(resource.resource_type), {}};
    }
  }
  op->Finish();
}

}  // namespace ottla
