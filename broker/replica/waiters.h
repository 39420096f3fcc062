// Requests parked in one partition until its offsets move: produce with acks=all, and DeleteRecords. Pure: nothing here
// calls back; the partition takes what is decided and answers it. Owner: the partition.
#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>
#include <iterator>
#include <optional>
#include <utility>
#include <vector>

#include "common/base/clock.h"
#include "common/base/ids.h"

namespace ottla {

// Entries wait for an offset each, until a deadline. Produce entries arrive in the order of their offsets, so what is
// reached is a prefix; entries of DeleteRecords may come in any order.
template <class Parked>
class OffsetWaiters {
 public:
  struct Entry {
    Offset required;  // reached when the moving offset is at or above it
    MonoTime deadline;
    Parked parked;
  };

  bool empty() const { return entries_.empty(); }
  std::size_t size() const { return entries_.size(); }

  void Add(Offset required, MonoTime deadline, Parked parked) {
    const auto at = std::upper_bound(entries_.begin(), entries_.end(), required,
                                     [](Offset wanted, const Entry& entry) { return wanted < entry.required; });
    entries_.insert(at, Entry{required, deadline, std::move(parked)});
  }

  // Appends to `out` what `offset` has reached.
  void TakeReached(Offset offset, std::vector<Parked>& out) {
    while (!entries_.empty() && entries_.front().required <= offset) {
      out.push_back(std::move(entries_.front().parked));
      entries_.pop_front();
    }
  }

  void TakeExpired(MonoTime now, std::vector<Parked>& out) {
    const auto alive = std::stable_partition(entries_.begin(), entries_.end(),
                                             [&](const Entry& entry) { return entry.deadline > now; });
    for (auto at = alive; at != entries_.end(); ++at) out.push_back(std::move(at->parked));
    entries_.erase(alive, entries_.end());
  }

  void TakeAll(std::vector<Parked>& out) {
    for (Entry& entry : entries_) out.push_back(std::move(entry.parked));
    entries_.clear();
  }

  std::optional<MonoTime> NextDeadline() const {
    if (entries_.empty()) return std::nullopt;
    return std::min_element(entries_.begin(), entries_.end(),
                            [](const Entry& a, const Entry& b) { return a.deadline < b.deadline; })
        ->deadline;
  }

 private:
  std::deque<Entry> entries_;  // ascending by `required`
};

}  // namespace ottla
