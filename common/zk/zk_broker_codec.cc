// /brokers/ids/N, in the versions 1 to 5.
#include <algorithm>
#include <set>

#include "common/zk/zk_codec.h"
#include "common/zk/zk_json.h"

namespace ottla::zk {
namespace {

std::string Upper(std::string text) {
  std::ranges::transform(text, text.begin(),
                         [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; });
  return text;
}

bool IsProtocol(std::string_view name) {
  return name == "PLAINTEXT" || name == "SSL" || name == "SASL_PLAINTEXT" || name == "SASL_SSL";
}

std::string ConnectionString(const ListenerEndpoint& at) {
  const bool v6 = at.host.find(':') != std::string::npos;
  return at.listener + "://" + (v6 ? "[" + at.host + "]" : at.host) + ":" + std::to_string(at.port);
}

// The characters Kafka takes in an endpoint's host: without brackets, so that what is read can be written again.
bool IsHost(std::string_view host) {
  return std::ranges::all_of(host, [](char c) {
    const bool alphanumeric = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    return alphanumeric || std::string_view("-%._:").find(c) != std::string_view::npos;
  });
}

// NAME://host:port, NAME://[v6]:port; the name in any case.
std::optional<ListenerEndpoint> ParseConnectionString(const std::string& text) {
  const std::size_t scheme = text.rfind("://");
  const std::size_t colon = text.rfind(':');
  if (scheme == std::string::npos || scheme == 0 || colon < scheme + 3) return std::nullopt;
  const std::optional<std::int32_t> port = ParseNumber<std::int32_t>(std::string_view(text).substr(colon + 1));
  std::string host = text.substr(scheme + 3, colon - scheme - 3);
  if (!port || *port < -1 || *port > 65535) return std::nullopt;
  if (host.size() >= 2 && host.front() == '[' && host.back() == ']') host = host.substr(1, host.size() - 2);
  if (!IsHost(host)) return std::nullopt;
  return ListenerEndpoint{Upper(text.substr(0, scheme)), "", std::move(host), *port};
}

// The protocol of each endpoint: by the map where there is one, else the listener's name is the protocol.
Status ResolveProtocols(const JsonIn* map, std::vector<ListenerEndpoint>& endpoints) {
  if (map != nullptr && !map->is_object()) return Corrupt("broker", "listener_security_protocol_map is not an object");
  std::set<std::string> names;
  for (ListenerEndpoint& at : endpoints) {
    at.protocol = at.listener;
    if (map != nullptr) {
      const std::optional<std::string> mapped = Text(Find(*map, at.listener));
      if (!mapped) return Corrupt("broker", "no protocol for listener " + at.listener);
      at.protocol = Upper(*mapped);
    }
    if (!IsProtocol(at.protocol)) return Corrupt("broker", "no protocol for listener " + at.listener);
    if (!names.insert(at.listener).second) return Corrupt("broker", "listener " + at.listener + " twice");
  }
  return Status::Ok();
}

Status ReadEndpoints(const JsonIn& json, std::int32_t version, std::vector<ListenerEndpoint>& endpoints) {
  if (version == 1) {
    const std::optional<std::string> host = Text(Find(json, "host"));
    const std::optional<std::int32_t> port = Int32(Find(json, "port"));
    if (!host || !port) return Corrupt("broker", "version 1 without host or port");
    endpoints.push_back({"PLAINTEXT", "PLAINTEXT", *host, *port});
    return Status::Ok();
  }
  const JsonIn* list = Find(json, "endpoints");
  if (list == nullptr || !list->is_array()) return Corrupt("broker", "no endpoints");
  for (const JsonIn& element : *list) {
    const std::optional<std::string> text = Text(&element);
    const std::optional<ListenerEndpoint> at = text ? ParseConnectionString(*text) : std::nullopt;
    if (!at) return Corrupt("broker", "an endpoint does not parse");
    endpoints.push_back(*at);
  }
  return ResolveProtocols(Find(json, "listener_security_protocol_map"), endpoints);
}

Status ReadFeatures(const JsonIn* value, std::map<std::string, FeatureRange>& features) {
  if (value == nullptr || value->is_null()) return Status::Ok();
  if (!value->is_object()) return Corrupt("broker", "features is not an object");
  for (const auto& [name, range] : value->items()) {
    const auto low = range.is_object() ? Int32(Find(range, "min_version")) : std::nullopt;
    const auto high = range.is_object() ? Int32(Find(range, "max_version")) : std::nullopt;
    if (!low || !high) return Corrupt("broker", "feature " + name + " has no range");
    features[name] = {*low, *high};
  }
  return Status::Ok();
}

}  // namespace

Result<BrokerRegistration> DecodeBroker(const ZkData& data) {
  Result<JsonIn> parsed = ParseObject(data, "broker");
  if (!parsed.ok()) return parsed.status();
  const JsonIn& json = *parsed;
  BrokerRegistration broker;
  const std::optional<std::int32_t> version = Int32(Find(json, "version"));
  const std::optional<std::int32_t> jmx_port = Int32(Find(json, "jmx_port"));
  if (!version || *version < 1) return Corrupt("broker", "no usable version");
  if (!jmx_port) return Corrupt("broker", "no jmx_port");
  broker.version = *version;
  broker.jmx_port = *jmx_port;
  if (const Status status = ReadEndpoints(json, *version, broker.endpoints); !status.ok()) return status;
  if (const JsonIn* rack = Find(json, "rack"); rack != nullptr && !rack->is_null()) {
    broker.rack = Text(rack);
    if (!broker.rack) return Corrupt("broker", "rack is not a string");
  }
  if (const Status status = ReadFeatures(Find(json, "features"), broker.features); !status.ok()) return status;
  return broker;
}

std::string Encode(const BrokerRegistration& broker) {
  JsonOut json = JsonOut::object();
  if (broker.version >= 5) {
    JsonOut features = JsonOut::object();
    for (const auto& [name, range] : broker.features) {
      features[name] = JsonOut{{"min_version", range.min_version}, {"max_version", range.max_version}};
    }
    json["features"] = std::move(features);
  }
  JsonOut endpoints = JsonOut::array();
  JsonOut protocols = JsonOut::object();
  const ListenerEndpoint* plain = nullptr;
  for (const ListenerEndpoint& at : broker.endpoints) {
    endpoints.push_back(ConnectionString(at));
    protocols[at.listener] = at.protocol;
    if (plain == nullptr && at.protocol == "PLAINTEXT") plain = &at;
  }
  if (broker.version >= 4) json["listener_security_protocol_map"] = std::move(protocols);
  json["endpoints"] = std::move(endpoints);
  if (broker.version >= 3 && broker.rack) json["rack"] = *broker.rack;
  json["jmx_port"] = broker.jmx_port;
  json["port"] = plain != nullptr ? plain->port : -1;
  json["host"] = plain != nullptr && !plain->host.empty() ? JsonOut(plain->host) : JsonOut(nullptr);
  json["version"] = broker.version;
  json["timestamp"] = std::to_string(broker.timestamp_ms);
  return Dump(json);
}

}  // namespace ottla::zk
