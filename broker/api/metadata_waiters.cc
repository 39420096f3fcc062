#include "broker/api/metadata_waiters.h"

#include <utility>

namespace ottla {

void MetadataWaiters::Wait(const MetadataView& now, Micros timeout, Condition condition, Done done) {
  if (timeout <= Micros(0) || condition(now)) {
    done(timeout > Micros(0));
    return;
  }
  waiting_.push_back({std::move(condition), std::move(done), 0});
  const auto at = std::prev(waiting_.end());
  at->timer = loop_.RunAfter(timeout, [this, at] {
    Done late = std::move(at->done);
    waiting_.erase(at);
    late(false);
  });
}

void MetadataWaiters::OnNewView(const MetadataView& view) {
  std::list<Waiter> met;
  for (auto at = waiting_.begin(); at != waiting_.end();) {
    const auto next = std::next(at);
    if (at->condition(view)) {
      loop_.Cancel(at->timer);
      met.splice(met.end(), waiting_, at);
    }
    at = next;
  }
  for (Waiter& waiter : met) waiter.done(true);
}

}  // namespace ottla
