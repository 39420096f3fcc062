#include "common/env/zk_multi.h"

#include <utility>

#include "common/env/zk_library.h"

namespace ottla {
namespace {

constexpr std::size_t kPathRoom = 1024;  // for the path of a sequential create; longer topic names do not exist

}  // namespace

ZkMulti::ZkMulti(std::vector<ZkOp> ops)
    : sources_(std::move(ops)),
      ops_(sources_.size()),
      results_(sources_.size()),
      stats_(sources_.size()),
      paths_(sources_.size()) {
  for (std::size_t i = 0; i < sources_.size(); ++i) Init(i);
}

void ZkMulti::Init(std::size_t i) {
  const ZkOp& op = sources_[i];
  const char* path = op.path.c_str();
  switch (op.kind) {
    case ZkOp::Kind::kCreate:
      paths_[i].resize(op.path.size() + kPathRoom);
      zoo_create_op_init(&ops_[i], path, BytesOf(op.data), LengthOf(op.data), &ZOO_OPEN_ACL_UNSAFE,
                         ToCreateFlags(op.mode), paths_[i].data(), static_cast<int>(paths_[i].size()));
      break;
    case ZkOp::Kind::kSet:
      zoo_set_op_init(&ops_[i], path, BytesOf(op.data), LengthOf(op.data), op.version, &stats_[i]);
      break;
    case ZkOp::Kind::kDelete: zoo_delete_op_init(&ops_[i], path, op.version); break;
    case ZkOp::Kind::kCheck: zoo_check_op_init(&ops_[i], path, op.version); break;
  }
}

std::vector<ZkOpResult> ZkMulti::Take(int rc) const {
  const bool without_results = rc == ZCONNECTIONLOSS || rc == ZSESSIONEXPIRED || rc == ZCLOSING;
  std::vector<ZkOpResult> taken;
  for (std::size_t i = 0; i < results_.size(); ++i) {
    ZkOpResult result;
    result.error = ToZkError(without_results ? rc : results_[i].err);
    if (rc == ZOK && sources_[i].kind == ZkOp::Kind::kCreate) result.path = paths_[i].data();
    if (rc == ZOK && sources_[i].kind == ZkOp::Kind::kSet) result.stat = ToZkStat(&stats_[i]);
    taken.push_back(std::move(result));
  }
  return taken;
}

}  // namespace ottla
