// CHECK guards what our own code established and stays on in release builds. Bytes from a socket, a file or a znode are
// never checked this way: they are validated and answered with an error.
#pragma once

#include <glog/logging.h>

#define OTTLA_CHECK(condition) CHECK(condition)

namespace ottla {

// Marks a condition that may be either way, so that a reader does not take it for an invariant.
constexpr void Maybe(bool /*condition*/) {}

}  // namespace ottla
