#include "common/config/listeners.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <set>

#include "common/config/config_row.h"

namespace ottla {
namespace {

Status Bad(std::string message) { return Status(StatusCode::kInvalidArgument, std::move(message)); }

std::string Upper(std::string_view text) {
  std::string upper(text);
  for (char& c : upper) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  }
  return upper;
}

std::optional<SecurityProtocol> ProtocolFromName(std::string_view name) {
  for (SecurityProtocol protocol : {SecurityProtocol::kPlaintext, SecurityProtocol::kSsl,
                                    SecurityProtocol::kSaslPlaintext, SecurityProtocol::kSaslSsl}) {
    if (ToString(protocol) == Upper(name)) return protocol;
  }
  return std::nullopt;
}

ProtocolMap DefaultProtocols() {
  return {{"PLAINTEXT", SecurityProtocol::kPlaintext},
          {"SSL", SecurityProtocol::kSsl},
          {"SASL_PLAINTEXT", SecurityProtocol::kSaslPlaintext},
          {"SASL_SSL", SecurityProtocol::kSaslSsl}};
}

bool IsHostChar(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
         std::string_view("-%._:").find(c) != std::string_view::npos;
}

// What stands between "://" and the port: optional brackets around host characters.
std::optional<std::string> ParseHost(std::string_view text) {
  if (!text.empty() && text.front() == '[') text.remove_prefix(1);
  if (!text.empty() && text.back() == ']') text.remove_suffix(1);
  if (!std::ranges::all_of(text, IsHostChar)) return std::nullopt;
  return std::string(text);
}

std::optional<std::string> Get(const Properties& properties, const std::string& key) {
  const auto it = properties.find(key);
  if (it == properties.end()) return std::nullopt;
  return std::string(TrimBlanks(it->second));
}

// The value if it is there and not empty: containers write empty values for what they do not set.
std::optional<std::string> GetFilled(const Properties& properties, const std::string& key) {
  std::optional<std::string> value = Get(properties, key);
  return value && !value->empty() ? value : std::nullopt;
}

// Kafka 2.8's rule for names that 3.0 removed: they count only where the newer name is absent.
std::string ListenersText(const Properties& properties) {
  if (auto given = GetFilled(properties, "listeners")) return *given;
  const auto host = Get(properties, "host.name");
  const auto port = GetFilled(properties, "port");
  if (!host && !port) return "PLAINTEXT://:9092";
  return "PLAINTEXT://" + host.value_or("") + ":" + port.value_or("9092");
}

std::optional<std::string> AdvertisedText(const Properties& properties) {
  if (auto given = GetFilled(properties, "advertised.listeners")) return given;
  const auto host = GetFilled(properties, "advertised.host.name");
  const auto port = GetFilled(properties, "advertised.port");
  if (!host && !port) return std::nullopt;
  return "PLAINTEXT://" + host.value_or(Get(properties, "host.name").value_or("")) + ":" +
         port.value_or(GetFilled(properties, "port").value_or("9092"));
}

bool IsIpv6(const std::string& host) { return host.find(':') != std::string::npos; }

bool IsIpv4(const std::string& host) {
  return !host.empty() && std::ranges::all_of(host, [](char c) { return (c >= '0' && c <= '9') || c == '.'; });
}

// One port may serve two listeners only as one IPv4 and one IPv6 address.
bool PortsClash(const std::vector<ListenerEndpoint>& endpoints) {
  for (std::size_t i = 0; i < endpoints.size(); ++i) {
    std::size_t same = 0;
    bool families_differ = true;
    for (std::size_t j = 0; j < endpoints.size(); ++j) {
      if (i == j || endpoints[i].port == 0 || endpoints[i].port != endpoints[j].port) continue;
      ++same;
      const bool four_six = IsIpv4(endpoints[i].host) && IsIpv6(endpoints[j].host);
      const bool six_four = IsIpv6(endpoints[i].host) && IsIpv4(endpoints[j].host);
      families_differ = families_differ && (four_six || six_four);
    }
    if (same > 1 || (same == 1 && !families_differ)) return true;
  }
  return false;
}

Result<std::vector<ListenerEndpoint>> ParseList(std::string_view text, const ProtocolMap& protocols,
                                                bool unique_ports) {
  std::vector<ListenerEndpoint> endpoints;
  std::set<std::string> names;
  const std::string given(text);
  for (const std::string& item : SplitList(text)) {
    if (item.empty()) continue;
    Result<ListenerEndpoint> endpoint = ParseEndpoint(item, protocols);
    if (!endpoint.ok()) {
      return Bad("Error creating broker listeners from '" + given + "': " + endpoint.status().message());
    }
    if (!names.insert(endpoint->listener).second) {
      return Bad("Each listener must have a different name, listeners: " + given);
    }
    endpoints.push_back(std::move(endpoint).value());
  }
  if (unique_ports && PortsClash(endpoints)) {
    return Bad(
        "Each listener must have a different port unless exactly one listener has an IPv4 address and the other IPv6 "
        "address, listeners: " +
        given);
  }
  return endpoints;
}

bool HasListener(const std::vector<ListenerEndpoint>& endpoints, const std::string& name) {
  return std::ranges::any_of(endpoints, [&](const ListenerEndpoint& endpoint) { return endpoint.listener == name; });
}

std::string Names(const std::vector<ListenerEndpoint>& endpoints) {
  std::string joined;
  for (const ListenerEndpoint& endpoint : endpoints) joined += (joined.empty() ? "" : ",") + endpoint.listener;
  return joined;
}

Status CheckAdvertised(const ListenerConfig& config) {
  for (const ListenerEndpoint& endpoint : config.advertised) {
    if (!HasListener(config.listeners, endpoint.listener)) {
      return Bad(
          "advertised.listeners listener names must be equal to or a subset of the ones defined in listeners. Found " +
          Names(config.advertised) + ". The valid options based on the current configuration are " +
          Names(config.listeners));
    }
    if (endpoint.host == "0.0.0.0") {
      return Bad(
          "advertised.listeners cannot use the nonroutable meta-address 0.0.0.0. Use a routable IP address or a host "
          "name.");
    }
  }
  return Status::Ok();
}

Status ResolveInterBroker(const Properties& properties, ListenerConfig* config) {
  const auto name = GetFilled(properties, "inter.broker.listener.name");
  const auto protocol = GetFilled(properties, "security.inter.broker.protocol");
  if (name && protocol) {
    return Bad("Only one of inter.broker.listener.name and security.inter.broker.protocol should be set.");
  }
  config->inter_broker = Upper(name ? *name : protocol.value_or("PLAINTEXT"));
  if (name && !config->protocols.contains(config->inter_broker)) {
    return Bad("Listener with name " + config->inter_broker +
               " defined in inter.broker.listener.name not found in listener.security.protocol.map.");
  }
  if (HasListener(config->advertised, config->inter_broker)) return Status::Ok();
  return Bad(std::string(name ? "inter.broker.listener.name" : "security.inter.broker.protocol") +
             " must be a listener name defined in advertised.listeners, but " + config->inter_broker +
             " is not. The valid options based on currently configured listeners are " + Names(config->advertised));
}

Status ResolveControlPlane(const Properties& properties, ListenerConfig* config) {
  const auto name = GetFilled(properties, "control.plane.listener.name");
  if (!name) return Status::Ok();
  config->control_plane = Upper(*name);
  if (!HasListener(config->advertised, config->control_plane)) {
    return Bad(
        "control.plane.listener.name must be a listener name defined in advertised.listeners. The valid options based "
        "on currently configured listeners are " +
        Names(config->advertised));
  }
  if (config->control_plane != config->inter_broker) return Status::Ok();
  return Bad(
      "control.plane.listener.name, when defined, should have a different value from the inter broker listener "
      "name. Currently they both have the value " +
      config->control_plane);
}

}  // namespace

std::string_view ToString(SecurityProtocol protocol) {
  switch (protocol) {
    case SecurityProtocol::kPlaintext: return "PLAINTEXT";
    case SecurityProtocol::kSsl: return "SSL";
    case SecurityProtocol::kSaslPlaintext: return "SASL_PLAINTEXT";
    case SecurityProtocol::kSaslSsl: return "SASL_SSL";
  }
  return "";
}

std::string ListenerEndpoint::ToString() const {
  const std::string shown = IsIpv6(host) ? "[" + host + "]" : host;
  return listener + "://" + shown + ":" + std::to_string(port);
}

Result<ProtocolMap> ParseProtocolMap(std::string_view text) {
  ProtocolMap map;
  const std::string given(text);
  for (const std::string& item : SplitList(text)) {
    if (item.empty()) continue;
    const std::size_t colon = item.rfind(':');
    if (colon == std::string::npos) {
      return Bad(std::string("Error creating listener security protocol map from '")
                     .append(given)
                     .append("': ")
                     .append(item)
                     .append(" has no protocol"));
    }
    const auto protocol = ProtocolFromName(TrimBlanks(std::string_view(item).substr(colon + 1)));
    if (!protocol) return Bad("No enum constant of a security protocol in listener.security.protocol.map: " + item);
    if (!map.emplace(Upper(TrimBlanks(std::string_view(item).substr(0, colon))), *protocol).second) {
      return Bad("Each listener must have a different name in listener.security.protocol.map: " + given);
    }
  }
  return map;
}

Result<ListenerEndpoint> ParseEndpoint(std::string_view text, const ProtocolMap& protocols) {
  const Status unparsable = Bad("Unable to parse " + std::string(text) + " to a broker endpoint");
  const std::size_t scheme = text.rfind("://");
  const std::size_t colon = text.rfind(':');
  if (scheme == std::string_view::npos || colon < scheme + 3) return unparsable;
  const auto host = ParseHost(text.substr(scheme + 3, colon - scheme - 3));
  const std::string_view port_text = text.substr(colon + 1);
  std::int32_t port = 0;
  const auto parsed = std::from_chars(port_text.data(), port_text.data() + port_text.size(), port);
  if (!host || parsed.ec != std::errc() || parsed.ptr != port_text.data() + port_text.size()) return unparsable;
  if (port < 0 || port > 65535) return Bad("Port of " + std::string(text) + " is not between 0 and 65535");
  ListenerEndpoint endpoint{.listener = Upper(text.substr(0, scheme)), .host = *host, .port = port};
  const auto protocol = protocols.find(endpoint.listener);
  if (protocol == protocols.end()) return Bad("No security protocol defined for listener " + endpoint.listener);
  endpoint.protocol = protocol->second;
  return endpoint;
}

Result<ListenerConfig> ResolveListeners(const Properties& properties) {
  ListenerConfig config;
  config.protocols = DefaultProtocols();
  if (const auto map = GetFilled(properties, "listener.security.protocol.map")) {
    Result<ProtocolMap> parsed = ParseProtocolMap(*map);
    if (!parsed.ok()) return parsed.status();
    config.protocols = std::move(parsed).value();
  }
  Result<std::vector<ListenerEndpoint>> listeners = ParseList(ListenersText(properties), config.protocols, true);
  if (!listeners.ok()) return listeners.status();
  config.listeners = std::move(listeners).value();
  if (config.listeners.empty()) return Bad("listeners must name at least one listener");
  config.advertised = config.listeners;
  if (const auto text = AdvertisedText(properties)) {
    Result<std::vector<ListenerEndpoint>> advertised = ParseList(*text, config.protocols, false);
    if (!advertised.ok()) return advertised.status();
    config.advertised = std::move(advertised).value();
  }
  OTTLA_RETURN_IF_ERROR(CheckAdvertised(config));
  OTTLA_RETURN_IF_ERROR(ResolveInterBroker(properties, &config));
  OTTLA_RETURN_IF_ERROR(ResolveControlPlane(properties, &config));
  return config;
}

}  // namespace ottla
