// Everything a broker touches outside its own memory. Two implementations: main.cc builds the real one, the simulated
// cluster the other. All parts outlive the broker.
#pragma once

#include "common/base/clock.h"
#include "common/base/executor.h"
#include "common/base/random.h"
#include "common/io/file.h"
#include "common/net/network.h"
#include "common/zk/zk_client.h"

namespace ottla {

struct Env {
  const Clock& clock;
  Executors& executors;
  FileSystem& files;
  Network& network;
  ZkClient& zk;  // not started; bound to executors.Control()
  Random random;
};

}  // namespace ottla
