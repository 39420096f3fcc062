// Carries out what the controller core asks of ZooKeeper. Every write goes through a multi that first checks the
// version of /controller_epoch, so that a deposed controller can change nothing. Many small writes share a multi (up to
// 200 operations and 256 KiB); several are under way at once. If one fails, its culprit is read again and the others
// are sent on their own. A write whose answer was lost is sent again, and recognised when it had been done.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "common/base/executor.h"
#include "common/base/unique_function.h"
#include "common/zk/zk_client.h"
#include "controller/core/effects.h"
#include "controller/core/events.h"

namespace ottla::controller {

struct ZkBatchLimits {
  std::size_t ops = 200;  // without the fence
  std::size_t bytes = 256U << 10;
  // Of one write. ZooKeeper's servers drop the connection of whoever sends more than 1 MiB (jute.maxbuffer); such a
  // write, sent again and again, would end the controller: it fails with kOther instead.
  std::size_t write = 1'000'000;
};

// Owner: the control executor. Destroying it drops everything under way without an answer.
class ZkEffects {
 public:
  using Done = UniqueFunction<void(ZkDone)>;

  // `fenced_out`: the epoch has moved on; nothing more is answered after it. Called at most once.
  ZkEffects(Executor& executor, ZkClient& zk, std::int32_t epoch_zk_version, Task fenced_out,
            ZkBatchLimits limits = {});

  // Reads first, then trees to delete in order, then the other writes. At most one call at a time.
  void Carry(ZkRequest request, Done done);

 private:
  struct Job;
  struct Batch;
  void Pack(const std::shared_ptr<Job>& job);
  void SendBatch(const std::shared_ptr<Job>& job, std::vector<std::size_t> writes);
  void OnBatch(const std::shared_ptr<Job>& job, const std::vector<std::size_t>& writes, ZkError error,
               std::vector<ZkOpResult> results);
  void Settle(const std::shared_ptr<Job>& job, std::size_t write, ZkError error, std::size_t failed_op);
  void Recognise(const std::shared_ptr<Job>& job, std::size_t write);
  void DeleteTrees(const std::shared_ptr<Job>& job, std::size_t from);
  void DeleteTree(const std::string& path, UniqueFunction<void(ZkError)> done);
  using ListDone = UniqueFunction<void(ZkError, std::vector<std::string>)>;
  void ListTree(const std::string& path, ListDone done);
  void ListBelow(const std::string& path, std::vector<std::string> names, ListDone done);
  void DeletePaths(const std::string& root, const std::vector<std::string>& paths, UniqueFunction<void(ZkError)> done);
  void ReadAll(const std::shared_ptr<Job>& job);
  void Finish(const std::shared_ptr<Job>& job);
  void Get(const std::string& path, UniqueFunction<void(ZkReadResult)> done);
  void Later(Task task);
  void FencedOut();
  template <class F>
  auto Guard(F f);

  Executor& executor_;
  ZkClient& zk_;
  const std::int32_t epoch_zk_version_;
  Task fenced_out_;
  const ZkBatchLimits limits_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace ottla::controller
