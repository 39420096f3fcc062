// One ordered queue of control requests per broker: one request is under way, and the same one is sent again until it
// is answered or the broker is gone. What is queued for a dead incarnation is dropped; its successor starts empty.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>

#include "common/base/unique_function.h"
#include "controller/shell/control_link.h"

namespace ottla::controller {

// Owner: the control executor. The queue of a broker that is registered but does not answer is bounded by what the
// cluster holds: past `kMergeAbove` requests, and again whenever their number has doubled, whatever a later one in the
// queue says anew is dropped (queue_merge.h).
class BrokerChannels {
 public:
  using OnAnswer = UniqueFunction<void(ControlAnswered)>;
  static constexpr std::size_t kMergeAbove = 100;

  BrokerChannels(ControlLinkFactory factory, OnAnswer on_answer);

  void Open(const Broker& broker);
  void Close(BrokerId broker);
  void CloseAll();
  void Send(ControlRequest request);
  std::size_t queued(BrokerId broker) const;

 private:
  struct Channel {
    std::unique_ptr<ControlLink> link;
    std::deque<ControlRequest> queue;  // the first is under way
    bool busy = false;
    std::size_t merge_at = kMergeAbove;
  };
  void Pump(BrokerId broker);
  void Answered(BrokerId broker, Result<ControlAnswered> answer);

  ControlLinkFactory factory_;
  OnAnswer on_answer_;
  std::map<BrokerId, std::shared_ptr<Channel>> channels_;
};

}  // namespace ottla::controller
