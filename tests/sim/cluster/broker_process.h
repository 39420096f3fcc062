// A broker as the simulated cluster sees it: the product's Broker behind four verbs.
#pragma once

#include <functional>
#include <memory>

#include "common/base/unique_function.h"
#include "common/config/properties.h"
#include "tests/sim/env/sim_world.h"
#include "tests/sim/kit/replica_view.h"

namespace ottla::sim {

// Made and destroyed by the driver, between tasks. Destroyed without Stop() when the process is killed; then the Env
// takes nothing from it any more.
class BrokerProcess {
 public:
  virtual ~BrokerProcess() = default;
  virtual void Start() = 0;
  virtual void Stop(Task done) = 0;  // orderly, with controlled shutdown
  // The process asked for its own end (a failed start, a fatal condition). A supervisor restarts it.
  virtual bool exited() const = 0;
  // A log dir gave errors; it stays offline until the next start.
  virtual bool HasFailedDir() const = 0;
  virtual void ForEachReplica(const std::function<void(const ReplicaView&)>& visit) const = 0;
  // Those of one data loop; cheap enough to be asked after each of its tasks.
  virtual void ForEachReplicaOf(std::size_t loop, const std::function<void(const ReplicaView&)>& visit) const = 0;
};

using BrokerFactory = std::function<std::unique_ptr<BrokerProcess>(SimNode& node, const Properties& properties)>;

// The product's Broker.
std::unique_ptr<BrokerProcess> MakeBroker(SimNode& node, const Properties& properties);

}  // namespace ottla::sim
