// How large a socket's send buffer should be where nobody named a size.
#pragma once

#include <cstdint>

namespace ottla {

// SO_SNDBUF in bytes, or 0: leave it to the system. `wmem_max` and `autotuned_max` are net.core.wmem_max and the last
// of net.ipv4.tcp_wmem. A sender of long file ranges sleeps until a third of its buffer is free, so half as many
// wake-ups need a buffer of twice the size; the system's own choice stops at `autotuned_max`. One that is asked for is
// fixed and counts double, so it is asked for only where it then is larger than anything the system would choose, and
// never more than 4 MiB. The bytes of files in it are the page cache's own, not copies.
int RoomySendBuffer(std::int64_t wmem_max, std::int64_t autotuned_max);

// The same of this machine; 0 where /proc does not tell.
int RoomySendBuffer();

}  // namespace ottla
