// An idempotent producer with acks=all that never gives up: what it was told is written down in a History. Owner:
// `loop`.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "common/base/random.h"
#include "tests/sim/kit/cluster_view.h"
#include "tests/sim/kit/history.h"
#include "tests/sim/kit/sim_rpc.h"

namespace ottla::sim {

class SimProducer {
 public:
  struct Options {
    int id = 0;
    std::vector<TopicPartition> partitions;
    Millis pause_max{400};         // between batches of one partition
    Millis request_timeout{6000};  // of the broker; the client waits twice as long
    int records_max = 4;
    // Whether the broker is not the leader (any more), whatever it takes itself for. Unset: every broker is.
    std::function<bool(const TopicPartition& tp, const Endpoint& broker)> deposed;
  };
  SimProducer(Executor& loop, SimRpc& rpc, ClusterView& view, Random random, History& history, Options options);
  ~SimProducer();
  SimProducer(const SimProducer&) = delete;
  SimProducer& operator=(const SimProducer&) = delete;

  void Start();
  // Begins no further batch; idle() when the last one was answered.
  void Drain() { draining_ = true; }
  // Forgets what is under way and sends nothing more; its partitions may be gone.
  void Abandon() { draining_ = abandoned_ = true; }
  bool idle() const;
  std::string Describe() const;  // what it still waits for
  std::uint64_t retries() const { return retries_; }

 private:
  struct Slot {
    TopicPartition tp;
    std::int32_t sequence = 0;  // of the next new batch
    std::vector<RecordId> batch;
    std::string bytes;  // of `batch`; empty: none under way
    std::string last_error;
    int tries = 0;
    // Of its own once the leader, with a log that may lack acknowledged records, knows nothing of the sequence.
    std::int64_t producer_id = -1;
    std::int16_t producer_epoch = -1;
  };
  void AskProducerId();
  void NextBatch(Slot& slot);
  void Build(Slot& slot);
  void BeginAnew(Slot& slot);
  void Send(Slot& slot);
  void Answered(Slot& slot, const Endpoint& from, ErrorCode error, Offset base, History::Era era);
  void Retry(Slot& slot, const std::string& why, bool refresh);
  void After(Millis pause_max, Task task);

  Executor& loop_;
  SimRpc& rpc_;
  ClusterView& view_;
  Random random_;
  History& history_;
  const Options options_;
  std::int64_t producer_id_ = -1;
  std::int16_t producer_epoch_ = -1;
  std::int64_t next_index_ = 0;
  std::vector<std::unique_ptr<Slot>> slots_;
  bool draining_ = false;
  bool abandoned_ = false;
  std::uint64_t retries_ = 0;
};

}  // namespace ottla::sim
