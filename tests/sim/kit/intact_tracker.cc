#include <algorithm>

#include "common/base/check.h"
#include "tests/sim/kit/checkers.h"

namespace ottla::sim {

bool IntactTracker::AnyIntact(const Known& known) const {
  return std::any_of(known.isr.begin(), known.isr.end(), [&](BrokerId id) { return !known.lost.contains(id); });
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
    known.lost.insert(broker);
    if (!AnyIntact(known)) Forgive(tp, known);
  }
}

void IntactTracker::Stored(const TopicPartition& tp, LeaderEpoch epoch, const std::vector<BrokerId>& isr) {
  Known& known = known_[tp];
  const Known before = known;
  const bool moved = known.epoch != epoch;
  known.isr = isr;
  known.epoch = epoch;
  // One that left and comes back has copied everything anew.
  std::erase_if(known.lost, [&](BrokerId id) { return std::find(isr.begin(), isr.end(), id) == isr.end(); });
  if (moved && known.unsettled > 0) {
    --known.unsettled;
    history_.Forgive(tp);
  }
  if (AnyIntact(known)) return;
  for (const BrokerId id : before.isr) {
    if (before.lost.contains(id) || !present_(id.value)) continue;
    history_.Violation(tp.ToString() + ": broker " + std::to_string(id.value) +
                       ", there all the time, was put out of the ISR, and who is left in it has lost its power");
  }
  Forgive(tp, known);
}

}  // namespace ottla::sim
