// Blocks of producer ids straight from ZooKeeper: below inter.broker.protocol.version 3.0 each broker takes its own, as
// the controller may be one that does not know AllocateProducerIds (Apache Kafka: ZkProducerIdManager).
// Owner: the control loop. A block whose write was lost from sight is never used: ids are unique, not dense.
#pragma once

#include "broker/txn/producer_ids.h"
#include "common/base/ids.h"
#include "common/zk/zk_client.h"

namespace ottla {

class ZkProducerIds {
 public:
  ZkProducerIds(ZkClient& zk, BrokerId self) : zk_(zk), self_(self) {}

  // kUnavailable: ZooKeeper cannot be asked now. kCorrupt: the node cannot be read, or all ids are given out.
  // `done` runs later, on the control loop.
  void Allocate(UniqueFunction<void(Result<ProducerIdBlock>)> done);

 private:
  void Take(const ZkData& data, const ZkStat& stat, UniqueFunction<void(Result<ProducerIdBlock>)> done);

  ZkClient& zk_;
  const BrokerId self_;
};

}  // namespace ottla
