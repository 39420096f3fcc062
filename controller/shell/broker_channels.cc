#include "controller/shell/broker_channels.h"

#include <glog/logging.h>

#include <algorithm>
#include <utility>

#include "controller/shell/queue_merge.h"

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
  Channel& channel = *it->second;
  channel.queue.push_back(std::move(request));
  if (channel.queue.size() > channel.merge_at) {
    MergeWaiting(channel.queue, channel.busy ? 1 : 0);
    channel.merge_at = std::max(kMergeAbove, 2 * channel.queue.size());
  }
  Pump(broker);
}

std::size_t BrokerChannels::queued(BrokerId broker) const {
  const auto it = channels_.find(broker);
  return it == channels_.end() ? 0 : it->second->queue.size();
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
