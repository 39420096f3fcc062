// Addresses of sockets as text and back.
#pragma once

#include <sys/socket.h>

#include <vector>

#include "common/net/network.h"

namespace ottla {

struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t length = 0;

  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
  int family() const { return storage.ss_family; }
};

// Blocks on a name server unless the host is numeric. `passive`: to listen at; an empty host is then every interface.
Result<std::vector<SocketAddress>> Resolve(const Endpoint& endpoint, bool passive, bool numeric_only);

Endpoint ToEndpoint(const SocketAddress& address);  // IPv4 in IPv6 is shown as IPv4
Endpoint LocalEndpoint(int fd);
Endpoint PeerEndpoint(int fd);

}  // namespace ottla
