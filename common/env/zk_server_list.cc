#include "common/env/zk_server_list.h"

#include <netdb.h>
#include <netinet/in.h>

#include <array>
#include <memory>

namespace ottla {
namespace {

std::string Entry(const std::string& host, std::uint16_t port) { return host + ":" + std::to_string(port); }

// As text, asked for as the library does it. None when the name is not known now.
std::vector<std::string> AddressesOf(const std::string& host) {
  addrinfo hints{};
  hints.ai_flags = AI_ADDRCONFIG;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_protocol = IPPROTO_TCP;
  addrinfo* found = nullptr;
  if (::getaddrinfo(host.c_str(), nullptr, &hints, &found) != 0) return {};
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owner(found, &::freeaddrinfo);
  std::vector<std::string> addresses;
  for (const addrinfo* at = found; at != nullptr; at = at->ai_next) {
    std::array<char, NI_MAXHOST> text{};
    if (::getnameinfo(at->ai_addr, at->ai_addrlen, text.data(), text.size(), nullptr, 0, NI_NUMERICHOST) == 0) {
      addresses.emplace_back(text.data());
    }
  }
  return addresses;
}

}  // namespace

std::string LibraryServerList(const std::vector<Endpoint>& servers) {
  std::string list;
  std::string first;  // an address, as an entry of the list
  std::size_t count = 0;
  for (const Endpoint& server : servers) {
    list += (list.empty() ? "" : ",") + Entry(server.host, server.port);
    const std::vector<std::string> addresses = AddressesOf(server.host);
    count += addresses.size();
    if (first.empty() && !addresses.empty()) first = Entry(addresses.front(), server.port);
  }
  if (count > 0 && count % 2 == 0) list += "," + first;
  return list;
}

}  // namespace ottla
