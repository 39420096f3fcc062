// What waits for a broker that does not answer, without what a later request says anew. Pure.
#pragma once

#include <cstddef>
#include <deque>

#include "controller/core/effects.h"

namespace ottla::controller {

// Leaves the first `under_way` requests alone. Of the others, per partition:
//   UpdateMetadata   the last word stays; of the lists of brokers the newest of all and the newest before each
//                    LeaderAndIsr that stays
//
//   LeaderAndIsr     the last word stays, and it is new when one of those dropped was
//
//   StopReplica      goes when the next request about the partition is another StopReplica that deletes, or when
//                    neither does: what was asked between two stops has to find the partition as it was left
// Requests that say nothing any more go. The order of the rest is kept.
void MergeWaiting(std::deque<ControlRequest>& queue, std::size_t under_way);

}  // namespace ottla::controller
