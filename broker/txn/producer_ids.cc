#include "broker/txn/producer_ids.h"

#include <glog/logging.h>

#include <string>
#include <utility>

namespace ottla {
namespace {

// With less than this left the next block is asked for, so that producers seldom wait for the controller.
constexpr std::int32_t kLowMark = 100;

}  // namespace

void ProducerIds::Next(Done done) {
  control_.CheckOnLoop();
  if (current_.count == 0) std::swap(current_, next_);
  if (current_.count == 0) {
    if (waiting_.size() >= kMaxWaiting) {
      done(Status(StatusCode::kUnavailable, "too many producers wait for a producer id block"));
      return;
    }
    waiting_.push_back(std::move(done));
    Ask();
    return;
  }
  const std::int64_t id = current_.first++;
  --current_.count;
  if (current_.count < kLowMark && next_.count == 0) Ask();
  done(id);
}

void ProducerIds::Ask() {
  if (asking_) return;
  asking_ = true;
  allocate_([this](Result<ProducerIdBlock> block) { OnBlock(std::move(block)); });
}

void ProducerIds::OnBlock(Result<ProducerIdBlock> block) {
  control_.CheckOnLoop();
  asking_ = false;
  if (block.ok() && block->first < given_) {
    block = Status(StatusCode::kCorrupt, "a producer id block begins at " + std::to_string(block->first) +
                                             ", but ids below " + std::to_string(given_) + " have been given out");
    LOG(ERROR) << block.status();
  }
  if (block.ok()) {
    next_ = *block;
    given_ = block->first + block->count;
  }
  std::deque<Done> waiting = std::exchange(waiting_, {});
  for (Done& done : waiting) {
    if (block.ok()) {
      Next(std::move(done));  // parks again, and asks again, when the block was smaller than the queue
    } else {
      done(block.status());
    }
  }
}

}  // namespace ottla
