// ControllerCore: AllocateProducerIds. A block belongs to one broker for ever: it is taken by compare and set before it
// is told.
#include <limits>

#include "common/zk/zk_paths.h"
#include "controller/core/controller_core.h"

namespace ottla::controller {

void ControllerCore::Handle(AllocateProducerIdsCommand& command) {
  const auto broker = state_.brokers.find(command.broker);
  if (broker == state_.brokers.end()) {
    Answer_(AllocateProducerIdsAnswer{ErrorCode::kBrokerIdNotRegistered, 0, 0});
    return;
  }
  if (broker->second.epoch != command.broker_epoch) {
    Answer_(AllocateProducerIdsAnswer{ErrorCode::kStaleBrokerEpoch, 0, 0});
    return;
  }
  Ask({{zk::kProducerIdBlock}, {}},
      [this, id = command.broker](ZkDone& done) { AllocateBlock(id, done.reads.front()); });
}

// Compare and set; a block that another broker took meanwhile is read and passed over.
void ControllerCore::AllocateBlock(BrokerId broker, const ZkReadResult& now) {
  zk::ProducerIdBlock block{broker, 0, kProducerIdBlockSize - 1};
  if (now.error != ZkError::kOk) {
    Answer_(AllocateProducerIdsAnswer{ErrorCode::kUnknownServerError, 0, 0});
    return;
  }
  if (now.data) {
    const Result<zk::ProducerIdBlock> last = zk::DecodeProducerIdBlock(now.data);
    if (!last.ok() || last->last >= std::numeric_limits<std::int64_t>::max() - kProducerIdBlockSize) {
      Say(Note::Level::kError, std::string(zk::kProducerIdBlock) + " cannot be used: no producer ids", "bad_znodes");
      Answer_(AllocateProducerIdsAnswer{ErrorCode::kUnknownServerError, 0, 0});
      return;
    }
    block.first = last->last + 1;
    block.last = last->last + kProducerIdBlockSize;
  }
  Write({{{ZkOp::Set(zk::kProducerIdBlock, zk::Encode(block), now.stat.version)}, ""}},
        [this, broker, block](ZkDone& done) {
          const ZkWriteResult& result = done.writes.front();
          if (result.error == ZkError::kOk) {
            Answer_(AllocateProducerIdsAnswer{ErrorCode::kNone, block.first, kProducerIdBlockSize});
          } else if (result.error == ZkError::kBadVersion) {
            AllocateBlock(broker, {result.found_error, result.found, result.found_stat});
          } else {
            Answer_(AllocateProducerIdsAnswer{ErrorCode::kUnknownServerError, 0, 0});
          }
        });
}

}  // namespace ottla::controller
