// inter.broker.protocol.version: which requests brokers use between each other. Pure.
#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "common/base/status.h"

namespace ottla {

// 2.8-IV1 is {2, 8, 1}; versions before 1.0 count their second number tenfold, so 0.10.2-IV0 is {0, 102, 0}.
struct InterBrokerVersion {
  std::int32_t major = 3;
  std::int32_t minor = 9;
  std::int32_t iv = 0;
  friend constexpr auto operator<=>(const InterBrokerVersion&, const InterBrokerVersion&) = default;
  std::string ToString() const;
};

// `0.8.0` ... `3.9-IV0`; short forms (2.8, 2.8.1) mean the last IV of that release. kInvalidArgument otherwise.
Result<InterBrokerVersion> ParseInterBrokerVersion(std::string_view text);

}  // namespace ottla
