// One machine with one log, whose process is killed and whose power fails at any moment, and a model of what its disk
// may hold then. Appends, truncations, flushes, checkpoints and restarts in an order that the seed chooses.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "broker/log/log_manager.h"
#include "tests/sim/env/sim_world.h"

namespace ottla::sim {

struct LoggedBatch {
  std::int64_t base = 0;
  std::int64_t next = 0;
  std::string bytes;
};

// Every version a batch ever had at an offset, and which is the newest.
struct LogModel {
  std::vector<LoggedBatch> current;
  std::map<std::int64_t, std::set<std::string>> versions;
  std::int64_t durable_end = 0;    // below it the current batches were flushed
  std::int64_t start = 0;          // retention may have removed what is below
  std::int64_t highest_start = 0;  // ever; a log start is made durable now and then only
  std::int64_t empty_at = 0;       // end of a log without batches

  std::int64_t end() const { return current.empty() ? empty_at : current.back().next; }
  void Append(const LoggedBatch& batch) {
    versions[batch.base].insert(batch.bytes);
    current.push_back(batch);
  }
  void Truncate(std::int64_t to) {
    while (!current.empty() && current.back().next > to) current.pop_back();
    empty_at = to;
    durable_end = std::min(durable_end, end());
  }
};

class LogMachine {
 public:
  explicit LogMachine(std::uint64_t seed);
  ~LogMachine();

  void Boot();  // a failure of the test when the directory does not load
  // Compares what the machine has with what it may have, and goes on from there.
  void Check(bool power_lost);
  // Starts one operation; it may or may not be over when this returns.
  void Act();
  void Crash(bool power_lost);
  // From now until the next crash the disk fails now and then, or is full.
  void BeginToFail();
  bool Offline() const { return manager_->AllOffline(); }
  // Power may be lost right after it, or while it is under way.
  bool StopOrderly(bool power_lost);
  const std::string& story() const { return story_; }
  bool Roll(double chance) { return random_.Chance(chance); }
  std::uint64_t trace_hash() { return world_.scheduler().trace_hash(); }
  SimFiles& files() { return node_.files(); }

 private:
  void Control(const std::function<void()>& act) { node_.executors().control().Run(act); }
  void Data(const std::function<void()>& act) { static_cast<SimExecutor&>(node_.executors().Data(0)).Run(act); }
  LogManagerOptions Options();
  void Load();
  void OpenLog();
  void Drop();
  // Whether something failed, which only a failing disk may bring about.
  bool Failed(bool ok, const std::string& why);
  void Append();
  void Truncate();
  // Deletes records up to somewhere below the high watermark, and the segments that hold no others.
  void Retain();
  void Flush();
  std::vector<LoggedBatch> OnDisk();
  void CheckEpochs(const std::vector<LoggedBatch>& found);

  static constexpr char kDir[] = "/data/a";
  const TopicPartition tp_{"t", 0};
  SimWorld world_;
  Random random_;
  SimNode& node_;
  std::unique_ptr<LogManager> manager_;
  std::shared_ptr<PartitionLog> log_;
  LogModel model_;
  std::int64_t kept_end_ = 0;  // with power: nothing below may go
  std::int32_t epoch_ = 0;
  bool busy_ = false;
  bool failing_ = false;  // the disk
  std::string story_;     // since the last check
};

}  // namespace ottla::sim
