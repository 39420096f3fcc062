#include "controller/shell/broker_channels.h"

#include <glog/logging.h>

#include <set>
#include <utility>

namespace ottla::controller {

BrokerChannels::BrokerChannels(ControlLinkFactory factory, OnAnswer on_answer)
    : factory_(std::move(factory)), on_answer_(std::move(on_answer)) {}

void BrokerChannels::Open(const Broker& broker) {
  auto channel = std::make_shared<Channel>();
  channel->link = factory_(broker);
  if (channel->link == nullptr) {
    LOG(ERROR) << "controller: broker " << broker.id << " cannot be reached: it has no listener for us";
    channels_.erase(broker.id);
    return;
  }
  channels_[broker.id] = std::move(channel);
}

void BrokerChannels::Close(BrokerId broker) { channels_.erase(broker); }
void BrokerChannels::CloseAll() { channels_.clear(); }

void BrokerChannels::Send(ControlRequest request) {
  const BrokerId broker = request.broker;
  const auto it = channels_.find(broker);
  if (it == channels_.end()) return;
  it->second->queue.push_back(std::move(request));
  if (it->second->queue.size() > kMergeAbove) Merge(it->second->queue);
  Pump(broker);
}

std::size_t BrokerChannels::queued(BrokerId broker) const {
  const auto it = channels_.find(broker);
  return it == channels_.end() ? 0 : it->second->queue.size();
}

// Among the waiting UpdateMetadata only the newest word on each partition, and the newest list of brokers, matters.
void BrokerChannels::Merge(std::deque<ControlRequest>& queue) {
  std::set<TopicPartition> later;
  bool newest = true;
  std::deque<ControlRequest> kept;
  while (queue.size() > 1) {
    ControlRequest request = std::move(queue.back());
    queue.pop_back();
    auto* metadata = std::get_if<UpdateMetadataRequestPlan>(&request.body);
    bool keep = true;
    if (metadata != nullptr) {
      keep = std::exchange(newest, false);
      for (const PartitionImage& image : *metadata->partitions) keep = later.insert(image.partition).second || keep;
    }
    if (keep) kept.push_front(std::move(request));
  }
  for (ControlRequest& request : kept) queue.push_back(std::move(request));
}

void BrokerChannels::Pump(BrokerId broker) {
  const auto it = channels_.find(broker);
  if (it == channels_.end() || it->second->busy || it->second->queue.empty()) return;
  it->second->busy = true;
  it->second->link->Call(it->second->queue.front(),
                         [this, broker, channel = std::weak_ptr<Channel>(it->second)](Result<ControlAnswered> answer) {
                           // Of this incarnation still? A closed channel's link has dropped its calls.
                           if (!channel.expired()) Answered(broker, std::move(answer));
                         });
}

void BrokerChannels::Answered(BrokerId broker, Result<ControlAnswered> answer) {
  const auto it = channels_.find(broker);
  if (it == channels_.end()) return;
  it->second->busy = false;
  if (!answer.ok()) {
    LOG_EVERY_T(WARNING, 10) << "controller: broker " << broker << ": " << answer.status()
                             << "; the request is sent again";
    Pump(broker);
    return;
  }
  it->second->queue.pop_front();
  Pump(broker);
  on_answer_(std::move(*answer));
}

}  // namespace ottla::controller
