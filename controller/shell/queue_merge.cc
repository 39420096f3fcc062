#include "controller/shell/queue_merge.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

namespace ottla::controller {
namespace {

// What comes later in the queue, by partition; filled from its end.
class Later {
 public:
  // Each returns whether the request still says something.
  bool Keep(LeaderAndIsrRequestPlan& plan) {
    std::vector<PartitionImage> kept;
    for (PartitionImage& image : plan.partitions) {
      const auto later = told_new_.find(image.partition);
      if (later == told_new_.end()) {
        kept.push_back(std::move(image));
      } else if (image.is_new) {
        later->second = true;
      }
    }
    plan.partitions = std::move(kept);
    for (const PartitionImage& image : plan.partitions) {
      told_new_.emplace(image.partition, false);
      next_stop_[image.partition] = std::nullopt;
    }
    // It may name a leader that only the list of brokers before it makes known.
    if (!plan.partitions.empty()) brokers_told_ = false;
    return !plan.partitions.empty();
  }

  bool Keep(UpdateMetadataRequestPlan& plan) {
    const bool newest = std::exchange(brokers_told_, true) == false;
    auto kept = std::make_shared<std::vector<PartitionImage>>();
    for (const PartitionImage& image : *plan.partitions) {
      if (described_.insert(image.partition).second) kept->push_back(image);
    }
    if (kept->size() < plan.partitions->size()) plan.partitions = std::move(kept);
    return newest || !plan.partitions->empty();
  }

  bool Keep(StopReplicaRequestPlan& plan) {
    std::erase_if(plan.items, [this](const StopReplicaRequestPlan::Item& item) {
      const auto next = next_stop_.find(item.partition);
      const bool covered = next != next_stop_.end() && next->second && (*next->second || !item.delete_partition);
      if (!covered) next_stop_[item.partition] = item.delete_partition;
      return covered;
    });
    return !plan.items.empty();
  }

  // isNew of those that were dropped.
  void Restore(LeaderAndIsrRequestPlan& plan) {
    for (PartitionImage& image : plan.partitions) image.is_new = image.is_new || told_new_.at(image.partition);
  }

 private:
  std::map<TopicPartition, bool> told_new_;  // in a later LeaderAndIsr; whether one that was dropped was new
  std::map<TopicPartition, std::optional<bool>> next_stop_;  // the next request is a stop that deletes (or not)
  std::set<TopicPartition> described_;
  bool brokers_told_ = false;
};

}  // namespace

void MergeWaiting(std::deque<ControlRequest>& queue, std::size_t under_way) {
  Later later;
  std::deque<ControlRequest> kept;
  while (queue.size() > under_way) {
    ControlRequest request = std::move(queue.back());
    queue.pop_back();
    if (std::visit([&later](auto& plan) { return later.Keep(plan); }, request.body)) {
      kept.push_front(std::move(request));
    }
  }
  for (ControlRequest& request : kept) {
    if (auto* plan = std::get_if<LeaderAndIsrRequestPlan>(&request.body)) later.Restore(*plan);
    queue.push_back(std::move(request));
  }
}

}  // namespace ottla::controller
