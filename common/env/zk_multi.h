// The memory of one multi: the library reads the operations and writes paths, stats and codes until it has answered.
// Filled on the owner; after the call has been given to the library only its completion thread looks in.
#pragma once

#include <zookeeper/zookeeper.h>

#include <vector>

#include "common/zk/zk_client.h"

namespace ottla {

class ZkMulti {
 public:
  // The paths of `ops` are absolute. Points into itself: stays where it is.
  explicit ZkMulti(std::vector<ZkOp> ops);
  ZkMulti(const ZkMulti&) = delete;
  ZkMulti& operator=(const ZkMulti&) = delete;

  int count() const { return static_cast<int>(ops_.size()); }
  const zoo_op_t* ops() const { return ops_.data(); }
  zoo_op_result_t* results() { return results_.data(); }

  // One result for each operation. `rc`: the code of the call; its operations share it when the connection went.
  std::vector<ZkOpResult> Take(int rc) const;

 private:
  void Init(std::size_t i);

  std::vector<ZkOp> sources_;
  std::vector<zoo_op_t> ops_;
  std::vector<zoo_op_result_t> results_;
  std::vector<struct Stat> stats_;        // of sets
  std::vector<std::vector<char>> paths_;  // of creates
};

}  // namespace ottla
