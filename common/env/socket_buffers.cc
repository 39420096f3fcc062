#include "common/env/socket_buffers.h"

#include <algorithm>
#include <fstream>

namespace ottla {
namespace {

constexpr std::int64_t kLargest = 4 << 20;

}  // namespace

int RoomySendBuffer(std::int64_t wmem_max, std::int64_t autotuned_max) {
  const std::int64_t asked = std::min(wmem_max, kLargest);
  return 2 * asked > autotuned_max ? static_cast<int>(asked) : 0;
}

int RoomySendBuffer() {
  std::int64_t wmem_max = 0;
  std::int64_t least = 0;
  std::int64_t usual = 0;
  std::int64_t most = 0;
  std::ifstream core("/proc/sys/net/core/wmem_max");
  std::ifstream tcp("/proc/sys/net/ipv4/tcp_wmem");
  if (!(core >> wmem_max) || !(tcp >> least >> usual >> most)) return 0;
  return RoomySendBuffer(wmem_max, most);
}

}  // namespace ottla
