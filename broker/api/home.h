// Answers of the owners of partitions come back to the loop that asked.
#pragma once

#include <utility>

#include "common/base/executor.h"

namespace ottla {

// Runs `work` on `home`: at once when this is that thread, so that a request whose partitions live where its connection
// does is answered without a turn through the queue.
template <class F>
void RunHome(Executor& home, F&& work) {
  if (home.OnThread()) {
    work();
  } else {
    home.Post(std::forward<F>(work));
  }
}

}  // namespace ottla
