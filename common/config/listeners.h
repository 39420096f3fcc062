// The sockets a broker opens and what it tells clients: `listeners`, `advertised.listeners`, the protocol map, and the
// names removed in Kafka 3.0 that container images still write (host.name, port, advertised.*). Pure.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/status.h"
#include "common/config/properties.h"

namespace ottla {

// The numbers are those of UpdateMetadata and the broker znode.
enum class SecurityProtocol : std::int16_t { kPlaintext = 0, kSsl = 1, kSaslPlaintext = 2, kSaslSsl = 3 };
std::string_view ToString(SecurityProtocol protocol);

struct ListenerEndpoint {
  std::string listener;  // upper case
  SecurityProtocol protocol = SecurityProtocol::kPlaintext;
  std::string host;       // empty: all interfaces (listeners), the host's own name (advertised); IPv6 without brackets
  std::int32_t port = 0;  // 0: any free one (listeners), the one bound (advertised)
  friend bool operator==(const ListenerEndpoint&, const ListenerEndpoint&) = default;
  std::string ToString() const;  // NAME://host:port, IPv6 in brackets
};

using ProtocolMap = std::map<std::string, SecurityProtocol>;

struct ListenerConfig {
  std::vector<ListenerEndpoint> listeners;   // never empty
  std::vector<ListenerEndpoint> advertised;  // names are a subset of listeners'
  ProtocolMap protocols;
  std::string inter_broker;   // name of the listener other brokers are reached by; always advertised
  std::string control_plane;  // empty: none of its own
};

// `NAME:PROTOCOL,...`. A given map replaces the default one, which maps each protocol to itself.
Result<ProtocolMap> ParseProtocolMap(std::string_view text);
// One `NAME://host:port`. kInvalidArgument if it does not parse or the map does not know NAME.
Result<ListenerEndpoint> ParseEndpoint(std::string_view text, const ProtocolMap& protocols);
// All listener rules over the keys of server.properties (unset keys absent).
Result<ListenerConfig> ResolveListeners(const Properties& properties);

}  // namespace ottla
