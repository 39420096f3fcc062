// Between a leader's answers and what the owners of the partitions are told. Pure. Answers to what was asked under
// another leadership, or is not asked any more, are dropped here; the owners compare once more, for they are ahead.
#pragma once

#include <memory>
#include <vector>

#include "broker/replica/fetch_plan.h"
#include "broker/replica/follower_core.h"
#include "common/base/ids.h"
#include "common/protocol/messages/01_fetch.h"
#include "common/protocol/messages/02_list_offsets.h"

namespace ottla {

// A partition as it was when its leader, or its owner, was asked about it.
struct AskedPartition {
  std::shared_ptr<const TopicPartition> tp;
  LeaderEpoch leader_epoch;
};

// Before the plan hears of the answer's session. `frame` keeps the records alive.
std::vector<FollowerSlice> FetchedSlices(const FetchResponse& response, FetchPlan& plan,
                                         const std::shared_ptr<const void>& frame);

// After "out of range": where the leader's log ends (`latest`), or begins.
struct OffsetsQuestion {
  bool latest = false;
  std::vector<AskedPartition> asked;
};
OffsetsQuestion AskFor(const std::vector<PulledPartition*>& partitions, bool latest);
ListOffsetsRequest RequestOf(const OffsetsQuestion& question, BrokerId self);  // its views point into the question
// One for each partition asked about; an answer that does not mention it is kUnknownServerError.
std::vector<FollowerSlice> ListedSlices(const ListOffsetsResponse& response, const OffsetsQuestion& question);

}  // namespace ottla
