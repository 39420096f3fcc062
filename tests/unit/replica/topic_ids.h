#pragma once

#include <cstdint>

#include "common/base/ids.h"

namespace ottla {

// Topic ids that differ by a number.
inline Uuid TopicId(std::uint8_t n) {
  Uuid id;
  id.bytes = {n, 9};
  return id;
}

}  // namespace ottla
