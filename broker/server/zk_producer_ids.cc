#include "broker/server/zk_producer_ids.h"

#include <limits>
#include <string>
#include <utility>

#include "common/zk/zk_codec.h"
#include "common/zk/zk_paths.h"

namespace ottla {
namespace {

constexpr std::int32_t kBlockSize = 1000;

Status Unavailable(ZkError error) {
  return {StatusCode::kUnavailable, std::string(zk::kProducerIdBlock) + ": " + std::string(ToString(error))};
}

}  // namespace

void ZkProducerIds::Allocate(UniqueFunction<void(Result<ProducerIdBlock>)> done) {
  zk_.Get(zk::kProducerIdBlock, nullptr,
          [this, done = std::move(done)](ZkError error, const ZkData& data, const ZkStat& stat) mutable {
            if (error == ZkError::kOk) {
              Take(data, stat, std::move(done));
            } else {
              done(Unavailable(error));
            }
          });
}

void ZkProducerIds::Take(const ZkData& data, const ZkStat& stat, UniqueFunction<void(Result<ProducerIdBlock>)> done) {
  zk::ProducerIdBlock block{self_, 0, kBlockSize - 1};
  if (data.has_value()) {  // null: nobody has taken any
    const Result<zk::ProducerIdBlock> last = zk::DecodeProducerIdBlock(data);
    if (!last.ok() || last->last >= std::numeric_limits<std::int64_t>::max() - kBlockSize) {
      done(Status(StatusCode::kCorrupt, std::string(zk::kProducerIdBlock) + " cannot be used: no producer ids"));
      return;
    }
    block.first = last->last + 1;
    block.last = last->last + kBlockSize;
  }
  zk_.Set(zk::kProducerIdBlock, zk::Encode(block), stat.version,
          [this, first = block.first, done = std::move(done)](ZkError error, const ZkStat&) mutable {
            if (error == ZkError::kOk) {
              done(ProducerIdBlock{first, kBlockSize});
            } else if (error == ZkError::kBadVersion) {  // another broker was quicker
              Allocate(std::move(done));
            } else {
              done(Unavailable(error));
            }
          });
}

}  // namespace ottla
