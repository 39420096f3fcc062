#include "broker/api/first_view.h"

#include <utility>

namespace ottla {
namespace {

constexpr Millis kFirstViewWait{500};

bool ToldEnough(const MetadataView& view, FirstView enough) {
  return enough == FirstView::kTopics ? view.topic_count() > 0 : !view.brokers().empty();
}

}  // namespace

void AfterFirstView(ApiLoop& loop, FirstView enough, UniqueFunction<void()> go) {
  if (loop.told_by_controller || ToldEnough(*loop.metadata(), enough)) {
    go();
    return;
  }
  loop.waiters.Wait(
      *loop.metadata(), kFirstViewWait, [enough](const MetadataView& view) { return ToldEnough(view, enough); },
      [&loop, enough, go = std::move(go)](bool met) mutable {
        loop.told_by_controller |= enough == FirstView::kTopics || !met;
        go();
      });
}

}  // namespace ottla
