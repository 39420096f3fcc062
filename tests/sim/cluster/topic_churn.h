// Somebody who makes a topic, writes to it, lets it grow and deletes it, again and again under the same name: what a
// broker or a controller remembers of the last one must not touch the next. Owner: `loop`.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "tests/sim/cluster/topic_maker.h"
#include "tests/sim/kit/sim_producer.h"

namespace ottla::sim {

class TopicChurn {
 public:
  static constexpr char kTopic[] = "churn";
  struct Options {
    int partitions_max = 6;
    int replicas_max = 3;
    Millis use_max{8000};
  };
  // `stored`: whether the topic is in ZooKeeper.
  TopicChurn(Executor& loop, SimRpc& rpc, SimRpc& produce_rpc, ClusterView& view, Random random, History& history,
             std::function<bool()> stored, Options options);
  ~TopicChurn();
  TopicChurn(const TopicChurn&) = delete;
  TopicChurn& operator=(const TopicChurn&) = delete;

  void Start() { Create(); }
  // Deletes what there is and makes no more.
  void Finish() { finishing_ = true; }
  bool idle() const { return finishing_ && state_ == State::kIdle; }
  std::string Describe() const;
  std::uint64_t rounds() const { return rounds_; }

 private:
  enum class State { kIdle, kCreating, kUsing, kGrowing, kDeleting, kVanishing };
  void After(Millis most, Task task);
  void Create();
  void WatchCreation();
  void Use();
  void Grow(int tries_left);
  void Delete();
  void WatchDeletion();

  Executor& loop_;
  SimRpc& rpc_;
  SimRpc& produce_rpc_;
  ClusterView& view_;
  Random random_;
  History& history_;
  const std::function<bool()> stored_;
  const Options options_;
  State state_ = State::kIdle;
  bool finishing_ = false;
  int partitions_ = 0;
  std::uint64_t rounds_ = 0;
  std::string last_error_;
  std::unique_ptr<TopicMaker> maker_;
  std::vector<std::unique_ptr<TopicMaker>> makers_;      // of earlier rounds: answers may still come
  std::vector<std::unique_ptr<SimProducer>> producers_;  // the last one is in use
};

}  // namespace ottla::sim
