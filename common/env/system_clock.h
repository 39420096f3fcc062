// The clock of the machine.
#pragma once

#include "common/base/clock.h"

namespace ottla {

class SystemClock final : public Clock {
 public:
  MonoTime Now() const override;
  std::int64_t WallMillis() const override;
};

}  // namespace ottla
