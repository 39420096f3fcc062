// The servers as libzookeeper has to be told them.
#pragma once

#include <string>
#include <vector>

#include "common/net/network.h"

namespace ottla {

// "host:port,host:port", IPv6 literals without brackets. After each failure libzookeeper 3.8 steps twice through its
// addresses: of an even number it tries every other one only, of two (localhost is ::1 and 127.0.0.1) the same one for
// ever, and without a pause. So where the names have an even number of addresses the first address is named once more.
// Names stay names: the library resolves them again after a lost connection. Blocks on the resolver; any thread.
std::string LibraryServerList(const std::vector<Endpoint>& servers);

}  // namespace ottla
