// Requests that are done when this loop's metadata view shows something: CreateTopics waits for leaders, DeleteTopics
// for the topics to go. Owner: one data loop. Bounded by the requests in flight; nothing survives a crash.
#pragma once

#include <list>

#include "broker/replica/metadata_cache.h"
#include "common/base/executor.h"

namespace ottla {

class MetadataWaiters {
 public:
  using Condition = UniqueFunction<bool(const MetadataView&)>;
  using Done = UniqueFunction<void(bool met)>;  // false: the time was up

  explicit MetadataWaiters(Executor& loop) : loop_(loop) {}

  // Calls `done` once: now, when `condition` already holds; at the first view in which it does; or after `timeout`. No
  // timeout: the time is up before anything is looked at, as in Kafka.
  void Wait(const MetadataView& now, Micros timeout, Condition condition, Done done);
  void OnNewView(const MetadataView& view);

 private:
  struct Waiter {
    Condition condition;
    Done done;
    TimerId timer = 0;
  };
  Executor& loop_;
  std::list<Waiter> waiting_;
};

}  // namespace ottla
