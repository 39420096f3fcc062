// Reads partitions from their start, again and again, and writes down what it saw. Owner: `loop`.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <vector>

#include "common/base/random.h"
#include "tests/sim/kit/cluster_view.h"
#include "tests/sim/kit/history.h"
#include "tests/sim/kit/sim_rpc.h"

namespace ottla::sim {

class SimConsumer {
 public:
  struct Options {
    std::vector<TopicPartition> partitions;
    double restart = 0.002;  // chance per fetch to begin again at offset 0
    bool once = false;       // stop at the end of the log
    Millis pause_max{60};    // between two fetches of one partition
    // Without, as clients before KIP-320: a replica that was left behind may take its offset for one that does not
    // exist, so only one that stays so is wrong.
    bool epochs = true;
  };
  SimConsumer(Executor& loop, SimRpc& rpc, ClusterView& view, Random random, History& history, Options options);
  ~SimConsumer();
  SimConsumer(const SimConsumer&) = delete;
  SimConsumer& operator=(const SimConsumer&) = delete;

  void Start();
  void Stop() { stopped_ = true; }
  bool done() const;  // with `once`: every partition was read to its end
  const std::map<Offset, RecordId>& read(const TopicPartition& tp) const;
  std::string Describe() const;

 private:
  struct Slot {
    TopicPartition tp;
    Offset next{0};
    bool done = false;
    int out_of_range = 0;  // in a row
    std::string last_error;
    std::map<Offset, RecordId> read;
  };
  void Fetch(Slot& slot);
  void Take(Slot& slot, std::string_view records, History::Era era);
  void OutOfRange(Slot& slot);
  void Pause(Slot& slot, Millis most, bool refresh);

  Executor& loop_;
  SimRpc& rpc_;
  ClusterView& view_;
  Random random_;
  History& history_;
  const Options options_;
  std::vector<std::unique_ptr<Slot>> slots_;
  bool stopped_ = false;
};

}  // namespace ottla::sim
