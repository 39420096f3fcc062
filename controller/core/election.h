// Who leads a partition, and what its ISR becomes. Pure choices over lists; nothing here knows of ZooKeeper or
// requests. Rules: leader and ISR only from replicas; the leader is in the ISR; the ISR is never emptied.
#pragma once

#include <functional>
#include <optional>
#include <vector>

#include "common/base/ids.h"

namespace ottla::controller {

struct Elected {
  BrokerId leader;  // kNoBroker: none can lead; the ISR is kept for when one of it returns
  std::vector<BrokerId> isr;
  bool unclean = false;  // the leader was not in the ISR: records may be lost
  friend bool operator==(const Elected&, const Elected&) = default;
};

using BrokerTest = std::function<bool(BrokerId)>;

// The first leader: the first replica that is online; every online replica is in sync. nullopt: none is online.
std::optional<Elected> ElectFirst(const std::vector<BrokerId>& replicas, const BrokerTest& online);

struct ReconsiderInput {
  const std::vector<BrokerId>& replicas;
  const std::vector<BrokerId>& isr;
  BrokerId leader;
  BrokerTest online;
  // Registered anew since the ISR was written: as if it had died and come back, perhaps without its newest records. It
  // stays in sync, and leads, only where no older incarnation of an ISR member is online.
  BrokerTest reborn;
  bool leader_may_stay = false;  // the leader is on its way out (not online), but still serves
  bool unclean_allowed = false;
};
// After brokers came, went, or changed. The present leader stays when it is well. nullopt: nothing changes, and no
// member of the ISR was reborn. When one was, the answer may equal the present state: it still needs a new leader
// epoch.
std::optional<Elected> Reconsider(const ReconsiderInput& input);

// True when only an unclean election could give a leader now (one reads the topic's config only then).
bool NeedsUnclean(const ReconsiderInput& input);

// The first of `replicas`, if it is online and in sync. nullopt: it is not.
std::optional<Elected> ElectPreferred(const std::vector<BrokerId>& replicas, const std::vector<BrokerId>& isr,
                                      const BrokerTest& online);

// `leaving` hands over: the first other replica that is online and in sync; it leaves the ISR. nullopt: there is none.
std::optional<Elected> ElectAfterShutdown(const std::vector<BrokerId>& replicas, const std::vector<BrokerId>& isr,
                                          BrokerId leaving, const BrokerTest& online);

// A client insists: any online replica in the order of assignment, those in sync first. nullopt: none is online.
std::optional<Elected> ElectUnclean(const std::vector<BrokerId>& replicas, const std::vector<BrokerId>& isr,
                                    const BrokerTest& online);

// Moving replicas: the first of `target` that is online and in sync; the ISR is kept.
std::optional<Elected> ElectForTarget(const std::vector<BrokerId>& target, const std::vector<BrokerId>& isr,
                                      const BrokerTest& online);

}  // namespace ottla::controller
