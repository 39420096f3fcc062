// One Fetch over the partitions of a shard: bytes are handed out in the order asked, within the request's budget; a
// cold partition is warmed and asked again before the next one; too little found leaves a watch behind.
#include <algorithm>
#include <memory>
#include <utility>

#include "broker/replica/partition.h"
#include "broker/replica/partition_shard.h"
#include "broker/replica/shard_state.h"

namespace ottla {
namespace {

class FetchRun : public std::enable_shared_from_this<FetchRun> {
 public:
  FetchRun(std::shared_ptr<ShardState> state, FetchRequestSlice request, FetchCallback done)
      : state_(std::move(state)), request_(std::move(request)), done_(std::move(done)), left_(request_.max_bytes) {
    result_.partitions.resize(request_.partitions.size());
  }

  void Go() {
    {
      ShardState::Turn turn(*state_);
      while (next_ < request_.partitions.size()) {
        if (!One(request_.partitions[next_], result_.partitions[next_])) return;  // being warmed
        warmed_ = 0;
        ++next_;
      }
      if (!result_.answer_now && request_.watch_bytes > result_.bytes) LeaveWatch();
    }
    done_(std::move(result_));
  }

 private:
  // A disk that keeps evicting what was just read must not hold a fetch for ever.
  static constexpr int kMaxWarms = 4;

  bool One(const FetchPartition& ask, FetchPartitionResult& out) {
    ErrorCode error = ErrorCode::kNone;
    const std::shared_ptr<Partition> partition = state_->FindOr(ask.topic, ask.partition, &error);
    if (partition == nullptr || !partition->InMetadata()) {
      out.error = partition != nullptr ? ErrorCode::kUnknownTopicOrPartition : error;
      // What the cluster view does not know does not hurry the answer: other partitions may still get their bytes.
      if (out.error != ErrorCode::kUnknownTopicOrPartition) {
        result_.answer_now = true;
        Hint(ask, out);
      }
      return true;
    }
    const bool no_bytes = request_.no_bytes_yet && result_.bytes == 0;
    const Partition::FetchLimits limits{.max_bytes = left_,
                                        .min_one_message = no_bytes && !request_.params.hard_max_bytes,
                                        .record_progress = request_.record_progress && warmed_ == 0};
    const auto fetched = partition->Fetch(request_.params, ask, limits, out);
    if (fetched != Partition::FetchState::kDone) {
      if (++warmed_ <= kMaxWarms) {
        partition->WarmFor(request_.params, ask, limits, fetched,
                           [self = shared_from_this()] { self->state_->loop.Post([self] { self->Go(); }); });
        return false;
      }
      out.records = {};
      result_.answer_now = true;  // without bytes; the client comes again
    }
    result_.bytes += out.records.length;
    left_ -= std::min(left_, out.whole_bytes);
    if (out.error != ErrorCode::kNone || out.diverging.has_value() || out.preferred_read_replica != kNoBroker) {
      result_.answer_now = true;
    }
    valid_.emplace_back(next_, partition);
    return true;
  }

  void Hint(const FetchPartition& ask, FetchPartitionResult& out) const {
    const MetadataPartition* known = state_->metadata->FindPartition(ask.topic, ask.partition);
    if (known != nullptr) out.current_leader = {known->leader, known->leader_epoch};
  }

  void LeaveWatch() {
    if (valid_.empty()) {
      result_.answer_now = true;  // nothing here to wait for
      return;
    }
    FetchWatch watch{.needed = request_.watch_bytes, .params = request_.params};
    watch.params.client_rack = {};
    if (request_.params.from_follower() && request_.watch_bytes <= 1) {
      // A follower that waits has everything its partitions hold: any append to one of them is news. No registration
      // per partition: a session of a thousand partitions waits as cheaply as one of a single partition.
      watch.follower = request_.params.replica_id;
    } else {
      for (const auto& [index, partition] : valid_) {
        FetchPartition ask = request_.partitions[index];
        ask.topic = {};
        const auto available = partition->Available(request_.params, ask, request_.watch_bytes);
        if (!available.has_value()) {
          result_.answer_now = true;
          return;
        }
        watch.available += *available;
        watch.parts.push_back({partition, ask, *available});
      }
      if (watch.available >= watch.needed) {
        result_.answer_now = true;
        return;
      }
    }
    watch.on_ready = std::move(request_.on_ready);
    result_.watch = state_->AddWatch(std::move(watch));
  }

  const std::shared_ptr<ShardState> state_;
  FetchRequestSlice request_;
  FetchCallback done_;
  FetchResult result_;
  std::uint64_t left_;
  std::size_t next_ = 0;
  int warmed_ = 0;  // how often the partition at `next_` was cold
  std::vector<std::pair<std::size_t, std::shared_ptr<Partition>>> valid_;
};

}  // namespace

void PartitionShard::Fetch(FetchRequestSlice request, FetchCallback done) {
  loop_.CheckOnLoop();
  std::make_shared<FetchRun>(state_, std::move(request), std::move(done))->Go();
}

void PartitionShard::CancelWatch(std::uint64_t watch) {
  loop_.CheckOnLoop();
  if (watch != 0) state_->CancelWatch(watch);
}

}  // namespace ottla
