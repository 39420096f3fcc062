#include "controller/shell/zk_effects.h"

#include <glog/logging.h>

#include <utility>

#include "common/zk/zk_paths.h"

namespace ottla::controller {
namespace {

constexpr Micros kRetryAfter = Millis(100);

std::size_t SizeOf(const ZkWrite& write) {
  std::size_t size = 0;
  for (const ZkOp& op : write.ops) size += op.path.size() + (op.data ? op.data->size() : 0) + 64;
  return size;
}

}  // namespace

struct ZkEffects::Job {
  ZkRequest request;
  ZkDone result;
  Done done;
  std::vector<bool> sent_before;  // by write: an earlier sending's answer was lost
  std::size_t waiting = 0;        // reads or writes not settled yet
};

// Callbacks that outlive this object do nothing.
template <class F>
auto ZkEffects::Guard(F f) {
  return [alive = std::weak_ptr<bool>(alive_), f = std::move(f)](auto&&... args) mutable {
    if (!alive.expired()) f(std::forward<decltype(args)>(args)...);
  };
}

ZkEffects::ZkEffects(Executor& executor, ZkClient& zk, std::int32_t epoch_zk_version, Task fenced_out,
                     ZkBatchLimits limits)
    : executor_(executor),
      zk_(zk),
      epoch_zk_version_(epoch_zk_version),
      fenced_out_(std::move(fenced_out)),
      limits_(limits) {}

void ZkEffects::Carry(ZkRequest request, Done done) {
  auto job = std::make_shared<Job>();
  job->request = std::move(request);
  job->done = std::move(done);
  job->result.reads.resize(job->request.reads.size());
  job->result.writes.resize(job->request.writes.size());
  job->sent_before.resize(job->request.writes.size());
  ReadAll(job);
}

void ZkEffects::Later(Task task) { executor_.RunAfter(kRetryAfter, Guard(std::move(task))); }

void ZkEffects::FencedOut() {
  alive_.reset();  // nothing that is under way is heard any more
  if (fenced_out_) executor_.Post(std::exchange(fenced_out_, nullptr));
}

void ZkEffects::Get(const std::string& path, UniqueFunction<void(ZkReadResult)> done) {
  zk_.Get(path, nullptr,
          Guard([this, path, done = std::move(done)](ZkError error, ZkData data, const ZkStat& stat) mutable {
            if (error == ZkError::kSessionExpired) return;  // the term ends with the session
            if (error == ZkError::kConnectionLoss) {
              Later([this, path, done = std::move(done)]() mutable { Get(path, std::move(done)); });
            } else {
              done({error, std::move(data), stat});
            }
          }));
}

void ZkEffects::ReadAll(const std::shared_ptr<Job>& job) {
  job->waiting = job->request.reads.size();
  if (job->waiting == 0) {
    DeleteTrees(job, 0);
    return;
  }
  for (std::size_t i = 0; i < job->request.reads.size(); ++i) {
    Get(job->request.reads[i], [this, job, i](ZkReadResult result) {
      job->result.reads[i] = std::move(result);
      if (--job->waiting == 0) DeleteTrees(job, 0);
    });
  }
}

void ZkEffects::DeleteTrees(const std::shared_ptr<Job>& job, std::size_t from) {
  while (from < job->request.writes.size() && job->request.writes[from].delete_tree.empty()) ++from;
  if (from == job->request.writes.size()) {
    Pack(job);
    return;
  }
  DeleteTree(job->request.writes[from].delete_tree, [this, job, from](ZkError error) {
    job->result.writes[from].error = error;
    DeleteTrees(job, from + 1);
  });
}

// Depth first; children that appear meanwhile are found by the next round.
void ZkEffects::DeleteTree(const std::string& path, UniqueFunction<void(ZkError)> done) {
  zk_.Children(path, nullptr,
               Guard([this, path, done = std::move(done)](ZkError error, std::vector<std::string> names) mutable {
                 if (error == ZkError::kSessionExpired) return;
                 if (error == ZkError::kConnectionLoss) {
                   Later([this, path, done = std::move(done)]() mutable { DeleteTree(path, std::move(done)); });
                   return;
                 }
                 if (error != ZkError::kOk) {
                   done(error == ZkError::kNoNode ? ZkError::kOk : error);
                   return;
                 }
                 if (names.empty()) {
                   FencedDelete(path, [this, path, done = std::move(done)](ZkError deleted) mutable {
                     if (deleted == ZkError::kNotEmpty) {
                       DeleteTree(path, std::move(done));
                     } else {
                       done(deleted);
                     }
                   });
                   return;
                 }
                 struct Below {
                   std::size_t waiting = 0;
                   ZkError worst = ZkError::kOk;
                   UniqueFunction<void(ZkError)> done;
                 };
                 auto below = std::make_shared<Below>();
                 below->waiting = names.size();
                 below->done = std::move(done);
                 for (const std::string& name : names) {
                   DeleteTree(zk::Child(path, name), [this, path, below](ZkError deleted) {
                     if (deleted != ZkError::kOk) below->worst = deleted;
                     if (--below->waiting > 0) return;
                     if (below->worst == ZkError::kOk) {
                       DeleteTree(path, std::move(below->done));
                     } else {
                       below->done(below->worst);
                     }
                   });
                 }
               }));
}

void ZkEffects::FencedDelete(const std::string& path, UniqueFunction<void(ZkError)> done) {
  zk_.Multi({ZkOp::Check(zk::kControllerEpoch, epoch_zk_version_), ZkOp::Delete(path, -1)},
            Guard([this, path, done = std::move(done)](ZkError error, const std::vector<ZkOpResult>& results) mutable {
              if (error == ZkError::kSessionExpired) return;
              if (error == ZkError::kConnectionLoss) {
                Later([this, path, done = std::move(done)]() mutable { FencedDelete(path, std::move(done)); });
              } else if (error != ZkError::kOk && !results.empty() && results[0].error == error) {
                FencedOut();
              } else {
                done(error == ZkError::kNoNode ? ZkError::kOk : error);
              }
            }));
}

void ZkEffects::Pack(const std::shared_ptr<Job>& job) {
  std::vector<std::vector<std::size_t>> batches;
  std::size_t ops = 0;
  std::size_t bytes = 0;
  for (std::size_t i = 0; i < job->request.writes.size(); ++i) {
    const ZkWrite& write = job->request.writes[i];
    if (!write.delete_tree.empty()) continue;
    ++job->waiting;
    const std::size_t size = SizeOf(write);
    if (size > limits_.write) {
      LOG(ERROR) << "controller: a write of " << size << " bytes to " << write.ops.front().path
                 << " is too large for ZooKeeper";
      job->result.writes[i].error = ZkError::kOther;
      --job->waiting;
      continue;
    }
    if (batches.empty() || ops + write.ops.size() > limits_.ops || bytes + size > limits_.bytes) {
      batches.emplace_back();
      ops = bytes = 0;
    }
    batches.back().push_back(i);
    ops += write.ops.size();
    bytes += size;
  }
  if (batches.empty()) {
    Finish(job);
    return;
  }
  for (std::vector<std::size_t>& batch : batches) SendBatch(job, std::move(batch));
}

void ZkEffects::SendBatch(const std::shared_ptr<Job>& job, std::vector<std::size_t> writes) {
  std::vector<ZkOp> ops{ZkOp::Check(zk::kControllerEpoch, epoch_zk_version_)};
  for (const std::size_t i : writes) {
    const ZkWrite& write = job->request.writes[i];
    ops.insert(ops.end(), write.ops.begin(), write.ops.end());
  }
  zk_.Multi(std::move(ops),
            Guard([this, job, writes = std::move(writes)](ZkError error, std::vector<ZkOpResult> results) mutable {
              if (error == ZkError::kSessionExpired) return;
              if (error == ZkError::kConnectionLoss) {
                for (const std::size_t i : writes) job->sent_before[i] = true;
                Later([this, job, writes = std::move(writes)]() mutable { SendBatch(job, std::move(writes)); });
              } else {
                OnBatch(job, writes, error, std::move(results));
              }
            }));
}

void ZkEffects::OnBatch(const std::shared_ptr<Job>& job, const std::vector<std::size_t>& writes, ZkError error,
                        std::vector<ZkOpResult> results) {
  if (error == ZkError::kOk) {
    std::size_t at = 1;  // behind the fence
    for (const std::size_t i : writes) {
      ZkWriteResult& result = job->result.writes[i];
      for (std::size_t k = 0; k < job->request.writes[i].ops.size(); ++k) {
        result.results.push_back(std::move(results[at++]));
      }
      Settle(job, i, ZkError::kOk, 0);
    }
    return;
  }
  std::size_t culprit = 0;
  while (culprit < results.size() && results[culprit].error != error) ++culprit;
  if (results.empty() || culprit == results.size()) {  // the whole call was refused, no operation was looked at
    for (const std::size_t i : writes) Settle(job, i, error, 0);
    return;
  }
  if (culprit == 0) {
    FencedOut();
    return;
  }
  std::size_t first = 1;
  for (const std::size_t i : writes) {
    const std::size_t count = job->request.writes[i].ops.size();
    if (culprit >= first && culprit < first + count) {
      Settle(job, i, error, culprit - first);
    } else {
      SendBatch(job, {i});
    }
    first += count;
  }
}

void ZkEffects::Settle(const std::shared_ptr<Job>& job, std::size_t write, ZkError error, std::size_t failed_op) {
  ZkWriteResult& result = job->result.writes[write];
  result.error = error;
  result.failed_op = failed_op;
  const bool conflict = error == ZkError::kBadVersion || error == ZkError::kNodeExists;
  if (conflict || (error == ZkError::kNoNode && job->sent_before[write])) {
    const std::string& path = job->request.writes[write].ops[failed_op].path;
    Get(path, [this, job, write](ZkReadResult now) {
      ZkWriteResult& found = job->result.writes[write];
      found.found_error = now.error;
      found.found = std::move(now.data);
      found.found_stat = now.stat;
      if (job->sent_before[write]) {
        Recognise(job, write);
      } else if (--job->waiting == 0) {
        Finish(job);
      }
    });
    return;
  }
  if (--job->waiting == 0) Finish(job);
}

// Was it done by the sending whose answer was lost? A write is all or nothing, so its last operation tells.
void ZkEffects::Recognise(const std::shared_ptr<Job>& job, std::size_t write) {
  const ZkOp& last = job->request.writes[write].ops.back();
  Get(last.path, [this, job, write, last](ZkReadResult now) {
    ZkWriteResult& result = job->result.writes[write];
    bool done = false;
    switch (last.kind) {
      case ZkOp::Kind::kCreate: done = now.error == ZkError::kOk && now.data == last.data; break;
      case ZkOp::Kind::kSet:
        done = now.error == ZkError::kOk && now.data == last.data &&
               (last.version < 0 || now.stat.version == last.version + 1);
        break;
      case ZkOp::Kind::kDelete: done = now.error == ZkError::kNoNode; break;
      case ZkOp::Kind::kCheck: break;
    }
    // A node made without data (a directory) tells nothing.
    if (done && (last.kind == ZkOp::Kind::kDelete || last.data)) {
      result = {};
      result.results.resize(job->request.writes[write].ops.size());
      result.results.back().stat = now.stat;
    }
    if (--job->waiting == 0) Finish(job);
  });
}

void ZkEffects::Finish(const std::shared_ptr<Job>& job) {
  // Never from inside Carry: the core is not called while it is still being answered.
  executor_.Post(Guard([job] { job->done(std::move(job->result)); }));
}

}  // namespace ottla::controller
