// The few bytes of ZooKeeper's protocol that end a session: connect with the old id and password, closeSession.
// Blocking sockets, no threads, no library: fit for a process that must stay tiny, and for a helper thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/base/clock.h"
#include "common/base/status.h"
#include "common/net/network.h"
#include "common/zk/zk_client.h"

namespace ottla {

// "h1:p1,h2:p2/chroot": the servers and the chroot ("" or "/a/b"). kInvalidArgument when it does not parse. A server
// without a port has 2181.
struct ZkConnectString {
  std::vector<Endpoint> servers;
  std::string chroot;
  std::string ServerList() const;  // without the chroot
};
Result<ZkConnectString> ParseZkConnect(std::string_view text);

// Ends `session`, so that its ephemerals go at once. Each server is tried once, with `timeout` for each step of it.
// kNotFound: the session had already gone. kUnavailable: no server answered; then nothing is known.
Status CloseZkSession(const std::vector<Endpoint>& servers, const ZkSession& session, Millis timeout);

}  // namespace ottla
