// Makes one topic through CreateTopics, patiently. Owner: `loop`.
#pragma once

#include <memory>
#include <string>

#include "tests/sim/kit/cluster_view.h"
#include "tests/sim/kit/history.h"
#include "tests/sim/kit/sim_rpc.h"

namespace ottla::sim {

class TopicMaker {
 public:
  struct Options {
    std::string topic;
    int partitions = 1;
    int replicas = 1;
  };
  TopicMaker(Executor& loop, SimRpc& rpc, ClusterView& view, History& history, Options options)
      : loop_(loop), rpc_(rpc), view_(view), history_(history), options_(std::move(options)) {}
  void Start() { Ask(); }
  void Stop() { *alive_ = false; }  // before the end, from the loop
  bool done() const { return done_; }
  const std::string& Describe() const { return last_error_; }

 private:
  void Ask();
  void Again(const std::string& why);

  Executor& loop_;
  SimRpc& rpc_;
  ClusterView& view_;
  History& history_;
  const Options options_;
  const std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
  bool done_ = false;
  std::string last_error_ = "not asked";
};

}  // namespace ottla::sim
