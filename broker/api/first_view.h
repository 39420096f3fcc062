// Requests that find a broker just started. A client that hears of no brokers, or not of its topic, comes back a second
// later (librdkafka's scan), while the controller speaks to a new broker within milliseconds: such requests are held
// back for that moment.
#pragma once

#include "broker/api/api_context.h"
#include "common/base/unique_function.h"

namespace ottla {

enum class FirstView {
  kBrokers,  // the controller has told of a broker
  kTopics,   // and of a topic; an empty cluster is waited for once
};

// Calls `go` once, on the loop: now, unless this loop waits for the controller's first words; at the latest half a
// second from now, and then nobody waits any more.
void AfterFirstView(ApiLoop& loop, FirstView enough, UniqueFunction<void()> go);

}  // namespace ottla
