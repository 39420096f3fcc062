#include <algorithm>

#include "common/base/check.h"
#include "tests/sim/kit/checkers.h"

namespace ottla::sim {

namespace {

constexpr BrokerEpoch kUnregistered{-1};

}  // namespace

bool IntactTracker::AnyIntact(const Known& known) const {
  return std::any_of(known.isr.begin(), known.isr.end(), [&](BrokerId id) { return !known.lost.contains(id); });
}

// Whether `lost`, elected, has lost its power and is back, so that it hears of its election.
bool IntactTracker::Leads(const Known& known, BrokerId lost) const {
  const auto found = known.lost.find(lost);
  if (found == known.lost.end()) return false;
  const BrokerEpoch now = registered_(lost.value);
  return now != found->second && now != kUnregistered;
}

void IntactTracker::Forgive(const TopicPartition& tp, Known& known) {
  VLOG(2) << tp << ": all copies of what was acknowledged are lost, or may be";
  history_.Forgive(tp);
  known.lost.clear();  // whatever they hold is the truth now
  known.unsettled = 2;
}

void IntactTracker::PowerLost(BrokerId broker) {
  VLOG(2) << "broker " << broker << " has lost its power";
  for (auto& [tp, known] : known_) {
    if (std::find(known.isr.begin(), known.isr.end(), broker) == known.isr.end()) continue;
    known.lost[broker] = registered_(broker.value);
    if (!AnyIntact(known)) Forgive(tp, known);
  }
}

void IntactTracker::Stored(const TopicPartition& tp, BrokerId leader, LeaderEpoch epoch,
                           const std::vector<BrokerId>& isr) {
  Known& known = known_[tp];
  const Known before = known;
  const bool moved = known.epoch != epoch;
  known.isr = isr;
  known.sessions.clear();
  for (const BrokerId id : isr) known.sessions[id] = registered_(id.value);
  known.epoch = epoch;
  // One that left and comes back has copied everything anew.
  std::erase_if(known.lost,
                [&](const auto& entry) { return std::find(isr.begin(), isr.end(), entry.first) == isr.end(); });
  if (moved && known.unsettled > 0) {
    --known.unsettled;
    history_.Forgive(tp);
  }
  if (AnyIntact(known) && !(moved && Leads(known, leader))) return;
  BlamePassedOver(tp, before);
  Forgive(tp, known);
}

void IntactTracker::BlamePassedOver(const TopicPartition& tp, const Known& before) {
  for (const auto& [id, session] : before.sessions) {
    if (before.lost.contains(id) || session != registered_(id.value) || !present_(id.value)) continue;
    history_.Violation(tp.ToString() + ": broker " + std::to_string(id.value) +
                       ", there all the time and in the ISR, was passed over for one that has lost its power");
  }
}

}  // namespace ottla::sim
