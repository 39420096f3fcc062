// How a leader asks the controller for another ISR. Apache Kafka: AlterPartitionManager.
#pragma once

#include <cstdint>
#include <vector>

#include "common/base/ids.h"
#include "common/base/unique_function.h"
#include "common/protocol/error_code.h"

namespace ottla {

struct IsrProposal {
  TopicPartition tp;
  Uuid topic_id;  // zero: none; then the whole batch goes by names (AlterPartition v1)
  LeaderEpoch leader_epoch;
  PartitionEpoch partition_epoch;
  std::vector<BrokerId> isr;
};

struct IsrAnswer {
  ErrorCode error = ErrorCode::kNone;
  BrokerId leader = kNoBroker;  // the fields below only with kNone
  LeaderEpoch leader_epoch = kNoLeaderEpoch;
  PartitionEpoch partition_epoch;
  std::vector<BrokerId> isr;
};

// Takes proposals of all partitions of this broker. One request is in flight at a time, the rest waits and joins the
// next; transport failures and top-level errors are retried for ever, except STALE_BROKER_EPOCH, which is answered to
// every partition of the request: this broker has been declared dead and must not act as leader.
class IsrSender {
 public:
  virtual ~IsrSender() = default;
  // Any thread. `done` runs on an unspecified executor; never from inside the call. A newer proposal for the same
  // partition replaces one that has not been sent yet; the replaced one is never answered.
  virtual void Propose(IsrProposal proposal, UniqueFunction<void(IsrAnswer)> done) = 0;
};

}  // namespace ottla
