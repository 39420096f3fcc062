// Producer ids for idempotent producers, leased in blocks: from the controller (AllocateProducerIds, KIP-730) or, with
// an old inter.broker.protocol.version, from ZooKeeper.
// Owner: the control executor. A block lost with the process is never used again: ids are unique, not dense.
#pragma once

#include <cstdint>
#include <deque>

#include "common/base/executor.h"
#include "common/base/status.h"

namespace ottla {

struct ProducerIdBlock {
  std::int64_t first = 0;
  std::int32_t count = 0;
};

class ProducerIds {
 public:
  using Allocate = UniqueFunction<void(UniqueFunction<void(Result<ProducerIdBlock>)>)>;
  using Done = UniqueFunction<void(Result<std::int64_t>)>;

  // `allocate` asks once and answers on `control`; it may fail (no controller, not reachable).
  ProducerIds(Executor& control, Allocate allocate) : control_(control), allocate_(std::move(allocate)) {}

  // The next id, at once while the block lasts. kUnavailable: ask again later.
  void Next(Done done);

 private:
  // Waiters beyond this are refused: each would be answered with "try again" anyway when no controller can be had.
  static constexpr std::size_t kMaxWaiting = 10'000;

  void Ask();
  void OnBlock(Result<ProducerIdBlock> block);

  Executor& control_;
  Allocate allocate_;
  ProducerIdBlock current_;
  ProducerIdBlock next_;  // asked for before the current one ends
  bool asking_ = false;
  std::int64_t given_ = 0;  // ids below have been given out, or may have been
  std::deque<Done> waiting_;
};

}  // namespace ottla
