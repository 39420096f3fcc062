// Addresses of sockets as text and back.
#pragma once

#include <sys/socket.h>

#include <cstdint>
#include <vector>

#include "common/net/network.h"

namespace ottla {

struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t length = 0;

  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
  int family() const { return storage.ss_family; }
  void SetPort(std::uint16_t port);
};

// Blocks on a name server unless the host is numeric. `passive`: to listen at; an empty host is then every interface.
Result<std::vector<SocketAddress>> Resolve(const Endpoint& endpoint, bool passive, bool numeric_only);

// In which order addresses are to be listened at. Every interface: the first that can be; IPv6's wildcard takes IPv4 as
// well. A name: each of its addresses, so that a client of localhost is served whether it takes it for ::1 or 127.0.0.1
// (many give up after the first); IPv4 first.
void OrderForListening(bool every_interface, std::vector<SocketAddress>& addresses);

Endpoint ToEndpoint(const SocketAddress& address);  // IPv4 in IPv6 is shown as IPv4
Endpoint LocalEndpoint(int fd);
Endpoint PeerEndpoint(int fd);

}  // namespace ottla
