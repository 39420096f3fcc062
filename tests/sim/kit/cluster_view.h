// Where a client believes the leaders are. Refreshed from any broker; stale in between, as in every real client.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "common/base/random.h"
#include "tests/sim/kit/sim_rpc.h"

namespace ottla::sim {

class ClusterView {
 public:
  ClusterView(Executor& loop, SimRpc& rpc, Random random, std::vector<Endpoint> bootstrap)
      : loop_(loop), rpc_(rpc), random_(random), bootstrap_(std::move(bootstrap)) {}

  std::optional<Endpoint> LeaderOf(const TopicPartition& tp) const;
  std::optional<Endpoint> Controller() const;
  Endpoint Any() { return bootstrap_[random_.Below(bootstrap_.size())]; }
  // Asks one broker; `done` in any case. At most one request at a time: calls in between share its outcome.
  void Refresh(Task done);
  std::int32_t EpochOf(const TopicPartition& tp) const;  // -1: unknown

 private:
  struct Leader {
    std::int32_t broker = -1;
    std::int32_t epoch = -1;
  };
  Executor& loop_;
  SimRpc& rpc_;
  Random random_;
  const std::vector<Endpoint> bootstrap_;
  std::map<std::int32_t, Endpoint> brokers_;
  std::map<TopicPartition, Leader> leaders_;
  std::int32_t controller_ = -1;
  bool asking_ = false;
  std::vector<Task> waiting_;
};

}  // namespace ottla::sim
