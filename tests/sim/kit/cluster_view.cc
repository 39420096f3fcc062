#include "tests/sim/kit/cluster_view.h"

#include <utility>

#include "common/protocol/messages/03_metadata.h"

namespace ottla::sim {

namespace {
constexpr std::int16_t kMetadataVersion = 9;
constexpr Millis kMetadataTimeout{5000};
}  // namespace

std::optional<Endpoint> ClusterView::LeaderOf(const TopicPartition& tp) const {
  const auto leader = leaders_.find(tp);
  if (leader == leaders_.end()) return std::nullopt;
  const auto broker = brokers_.find(leader->second.broker);
  return broker == brokers_.end() ? std::nullopt : std::optional(broker->second);
}

std::int32_t ClusterView::EpochOf(const TopicPartition& tp) const {
  const auto leader = leaders_.find(tp);
  return leader == leaders_.end() ? -1 : leader->second.epoch;
}

std::optional<Endpoint> ClusterView::Controller() const {
  const auto broker = brokers_.find(controller_);
  return broker == brokers_.end() ? std::nullopt : std::optional(broker->second);
}

void ClusterView::Refresh(Task done) {
  waiting_.push_back(std::move(done));
  if (asking_) return;
  asking_ = true;
  MetadataRequest request;
  request.topics = std::nullopt;  // all
  request.allow_auto_topic_creation = false;
  rpc_.Call<MetadataResponse>(
      Any(), request, kMetadataVersion, kMetadataTimeout,
      [this](const Status& status, const MetadataResponse* response) {
        asking_ = false;
        if (status.ok()) {
          for (const auto& broker : response->brokers) {
            brokers_[broker.node_id] = {std::string(broker.host), static_cast<std::uint16_t>(broker.port)};
          }
          controller_ = response->controller_id;
          for (const auto& topic : response->topics) {
            for (const auto& partition : topic.partitions) {
              Leader& known = leaders_[{std::string(topic.name.value_or("")), partition.partition_index}];
              if (partition.leader_epoch < known.epoch) continue;  // an older broker's view
              known = {partition.leader_id, partition.leader_epoch};
            }
          }
        }
        for (Task& task : std::exchange(waiting_, {})) loop_.Post(std::move(task));
      });
}

}  // namespace ottla::sim
