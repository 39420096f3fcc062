#include "controller/shell/zk_effects.h"

#include <glog/logging.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "common/zk/zk_paths.h"

namespace ottla::controller {
namespace {

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

void ZkEffects::Later(Task task) { executor_.RunAfter(kZkRetryAfter, Guard(std::move(task))); }

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

// Children that appear while it goes are found by the next round.
void ZkEffects::DeleteTree(const std::string& path, UniqueFunction<void(ZkError)> done) {
  ListTree(path, [this, path, done = std::move(done)](ZkError error, const std::vector<std::string>& paths) mutable {
    if (error != ZkError::kOk || paths.empty()) {
      done(error);
    } else {
      DeletePaths(path, paths, std::move(done));
    }
  });
}

// All of a tree, children before parents: /brokers/topics/T/partitions/0/state, .../0, .../1/state, ... as Kafka
// deletes it. Absent: nothing.
void ZkEffects::ListTree(const std::string& path, ListDone done) {
  zk_.Children(path, nullptr,
               Guard([this, path, done = std::move(done)](ZkError error, std::vector<std::string> names) mutable {
                 if (error == ZkError::kSessionExpired) return;
                 if (error == ZkError::kConnectionLoss) {
                   Later([this, path, done = std::move(done)]() mutable { ListTree(path, std::move(done)); });
                 } else if (error != ZkError::kOk) {
                   done(error == ZkError::kNoNode ? ZkError::kOk : error, {});
                 } else {
                   ListBelow(path, std::move(names), std::move(done));
                 }
               }));
}

void ZkEffects::ListBelow(const std::string& path, std::vector<std::string> names, ListDone done) {
  if (names.empty()) {
    done(ZkError::kOk, {path});
    return;
  }
  struct Below {
    std::size_t waiting = 0;
    ZkError worst = ZkError::kOk;
    std::vector<std::vector<std::string>> paths;
    ListDone done;
  };
  std::ranges::sort(names);
  auto below = std::make_shared<Below>();
  below->waiting = names.size();
  below->paths.resize(names.size());
  below->done = std::move(done);
  for (std::size_t i = 0; i < names.size(); ++i) {
    ListTree(zk::Child(path, names[i]), [path, below, i](ZkError error, std::vector<std::string> paths) {
      if (error != ZkError::kOk) below->worst = error;
      below->paths[i] = std::move(paths);
      if (--below->waiting > 0) return;
      std::vector<std::string> all;
      for (std::vector<std::string>& some : below->paths) std::ranges::move(some, std::back_inserter(all));
      all.push_back(path);
      below->done(below->worst, std::move(all));
    });
  }
}

void ZkEffects::DeletePaths(const std::string& root, const std::vector<std::string>& paths,
                            UniqueFunction<void(ZkError)> done) {
  struct Round {
    std::size_t waiting = 0;
    ZkError worst = ZkError::kOk;
    bool again = false;
    UniqueFunction<void(ZkError)> done;
  };
  auto round = std::make_shared<Round>();
  round->waiting = (paths.size() + limits_.ops - 1) / limits_.ops;
  round->done = std::move(done);
  for (std::size_t from = 0; from < paths.size(); from += limits_.ops) {
    std::vector<ZkOp> ops{ZkOp::Check(zk::kControllerEpoch, epoch_zk_version_)};
    for (std::size_t i = from; i < std::min(paths.size(), from + limits_.ops); ++i) {
      ops.push_back(ZkOp::Delete(paths[i], -1));
    }
    zk_.Multi(std::move(ops), Guard([this, root, round](ZkError error, const std::vector<ZkOpResult>& results) {
                if (error == ZkError::kSessionExpired) return;
                if (error != ZkError::kOk && !results.empty() && results[0].error == error) {
                  FencedOut();
                  return;
                }
                // The tree has changed meanwhile, or what was done is not known: it is listed anew.
                const bool changed = error == ZkError::kNoNode || error == ZkError::kNotEmpty;
                if (changed || error == ZkError::kConnectionLoss) {
                  round->again = true;
                } else if (error != ZkError::kOk) {
                  round->worst = error;
                }
                if (--round->waiting > 0) return;
                if (round->worst != ZkError::kOk || !round->again) {
                  round->done(round->worst);
                } else {
                  Later([this, root, round] { DeleteTree(root, std::move(round->done)); });
                }
              }));
  }
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
  Get(last.path, [this, job, write, last](const ZkReadResult& now) {
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
