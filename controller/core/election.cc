#include "controller/core/election.h"

#include <algorithm>

namespace ottla::controller {
namespace {

bool In(const std::vector<BrokerId>& ids, BrokerId id) { return std::ranges::find(ids, id) != ids.end(); }

std::vector<BrokerId> Filter(const std::vector<BrokerId>& ids, const BrokerTest& keep) {
  std::vector<BrokerId> kept;
  std::ranges::copy_if(ids, std::back_inserter(kept), keep);
  return kept;
}

BrokerId First(const std::vector<BrokerId>& ids, const BrokerTest& fits) {
  const auto it = std::ranges::find_if(ids, fits);
  return it == ids.end() ? kNoBroker : *it;
}

// The members of the ISR that may stay: online and of the incarnation that was seen in sync; if there is none, the ones
// that came back; if there is none either, nobody.
std::vector<BrokerId> Survivors(const ReconsiderInput& in) {
  const BrokerTest well = [&in](BrokerId id) { return in.online(id) || (in.leader_may_stay && id == in.leader); };
  std::vector<BrokerId> kept = Filter(in.isr, [&](BrokerId id) { return well(id) && !in.reborn(id); });
  return kept.empty() ? Filter(in.isr, well) : kept;
}

}  // namespace

std::optional<Elected> ElectFirst(const std::vector<BrokerId>& replicas, const BrokerTest& online) {
  std::vector<BrokerId> alive = Filter(replicas, online);
  if (alive.empty()) return std::nullopt;
  return Elected{alive.front(), alive, false};
}

std::optional<Elected> Reconsider(const ReconsiderInput& in) {
  const std::vector<BrokerId> kept = Survivors(in);
  if (!kept.empty()) {
    const bool stays = In(kept, in.leader);
    // A leader that is leaving takes no new leadership, but is not replaced by this.
    const BrokerId leader =
        stays ? in.leader : First(in.replicas, [&](BrokerId id) { return In(kept, id) && in.online(id); });
    const bool reborn = std::ranges::any_of(in.isr, [&](BrokerId id) { return in.reborn(id); });
    if (stays && kept == in.isr && !reborn) return std::nullopt;
    return Elected{leader, kept, false};
  }
  if (in.unclean_allowed) {
    const BrokerId leader = First(in.replicas, in.online);
    if (leader != kNoBroker) return Elected{leader, {leader}, true};
  }
  if (in.leader == kNoBroker) return std::nullopt;
  return Elected{kNoBroker, in.isr, false};
}

bool NeedsUnclean(const ReconsiderInput& in) {
  return Survivors(in).empty() && First(in.replicas, in.online) != kNoBroker;
}

std::optional<Elected> ElectPreferred(const std::vector<BrokerId>& replicas, const std::vector<BrokerId>& isr,
                                      const BrokerTest& online) {
  if (replicas.empty() || !online(replicas.front()) || !In(isr, replicas.front())) return std::nullopt;
  return Elected{replicas.front(), isr, false};
}

std::optional<Elected> ElectAfterShutdown(const std::vector<BrokerId>& replicas, const std::vector<BrokerId>& isr,
                                          BrokerId leaving, const BrokerTest& online) {
  const BrokerId leader = First(replicas, [&](BrokerId id) { return id != leaving && online(id) && In(isr, id); });
  if (leader == kNoBroker) return std::nullopt;
  return Elected{leader, Filter(isr, [&](BrokerId id) { return id != leaving; }), false};
}

std::optional<Elected> ElectUnclean(const std::vector<BrokerId>& replicas, const std::vector<BrokerId>& isr,
                                    const BrokerTest& online) {
  const BrokerId clean = First(replicas, [&](BrokerId id) { return online(id) && In(isr, id); });
  if (clean != kNoBroker) return Elected{clean, Filter(isr, online), false};
  const BrokerId any = First(replicas, online);
  if (any == kNoBroker) return std::nullopt;
  return Elected{any, {any}, true};
}

std::optional<Elected> ElectForTarget(const std::vector<BrokerId>& target, const std::vector<BrokerId>& isr,
                                      const BrokerTest& online) {
  const BrokerId leader = First(target, [&](BrokerId id) { return online(id) && In(isr, id); });
  if (leader == kNoBroker) return std::nullopt;
  return Elected{leader, isr, false};
}

}  // namespace ottla::controller
