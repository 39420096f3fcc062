// What a disk may hold after a crash.
#include <gtest/gtest.h>

#include "common/record/record_batch.h"
#include "tests/sim/log/log_machine.h"

namespace ottla::sim {

void LogMachine::Check(bool power_lost) {
  const std::vector<LoggedBatch> found = OnDisk();
  const std::int64_t end = log_->log_end().value;
  if (!found.empty()) {
    ASSERT_EQ(found.back().next, end) << "log end and file differ";
    ASSERT_LE(found.front().base, model_.start) << "the log lost its beginning";
    ASSERT_GE(log_->log_start().value, found.front().base);
  }
  for (std::size_t i = 0; i < found.size(); ++i) {
    if (i > 0) {
      ASSERT_EQ(found[i].base, found[i - 1].next) << "a hole in the log";
    }
    ASSERT_TRUE(model_.versions[found[i].base].contains(found[i].bytes)) << "bytes nobody wrote at " << found[i].base;
  }
  // What was flushed, or (with power) all that was finished, is there as it was last written.
  const std::int64_t must = power_lost ? model_.durable_end : std::min(model_.end(), kept_end_);
  ASSERT_GE(end, must) << "lost below " << (power_lost ? "the flushed end" : "the log end");
  std::map<std::int64_t, const LoggedBatch*> by_base;
  for (const LoggedBatch& batch : found) by_base[batch.base] = &batch;
  for (const LoggedBatch& batch : model_.current) {
    if (batch.base < model_.start || batch.next > must) continue;
    ASSERT_TRUE(by_base.contains(batch.base)) << "lost at " << batch.base;
    ASSERT_EQ(by_base[batch.base]->bytes, batch.bytes) << "an older version at " << batch.base;
  }
  CheckEpochs(found);
  model_.current = found;
  model_.empty_at = end;
  model_.start = log_->log_start().value;
  model_.highest_start = std::max(model_.highest_start, model_.start);
  kept_end_ = end;
  model_.durable_end = std::min(model_.durable_end, end);
  story_.clear();
}

std::vector<LoggedBatch> LogMachine::OnDisk() {
  std::vector<LoggedBatch> found;
  const std::string dir = std::string(kDir) + "/" + tp_.ToString();
  for (const std::string& name : node_.files().PeekNames(dir)) {
    if (name.size() < 4 || name.substr(name.size() - 4) != ".log") continue;
    const std::string bytes = node_.files().Peek(dir + "/" + name).value();
    BatchScanner scanner(bytes);
    BatchFrame frame;
    while (scanner.Next(frame) == BatchScanner::Step::kBatch) {
      EXPECT_TRUE(CrcMatches(frame)) << name;
      found.push_back({frame.header.base_offset.value, frame.header.next_offset().value, std::string(frame.bytes)});
    }
    EXPECT_EQ(scanner.consumed(), bytes.size()) << name << " has bytes behind its last batch; the log has "
                                                << log_->segment_count() << " segments and ends at " << log_->log_end();
  }
  return found;
}

void LogMachine::CheckEpochs(const std::vector<LoggedBatch>& found) {
  std::map<std::int32_t, std::int64_t> starts;
  for (const LoggedBatch& batch : found) {
    // Epochs that ended below a log start are forgotten, even when a crash brings the records back.
    if (batch.next <= model_.highest_start) continue;
    starts.emplace(RecordBatchView(batch.bytes).leader_epoch().value, batch.base);
  }
  for (auto it = starts.begin(); it != starts.end(); ++it) {
    const auto next = std::next(it);
    const std::int64_t wanted = next == starts.end() ? log_->log_end().value : next->second;
    const EpochEnd end = log_->EndOffsetFor(LeaderEpoch(it->first));
    ASSERT_EQ(end.epoch.value, it->first) << "epoch lost";
    ASSERT_EQ(end.end.value, wanted) << "where epoch " << it->first << " ends";
  }
}

}  // namespace ottla::sim
