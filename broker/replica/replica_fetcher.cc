#include "broker/replica/replica_fetcher.h"

#include <algorithm>
#include <map>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "broker/replica/fetch_plan.h"
#include "common/base/check.h"
#include "common/net/rpc_channel.h"
#include "common/protocol/messages/01_fetch.h"
#include "common/protocol/messages/02_list_offsets.h"

namespace ottla {
namespace {

constexpr Micros kFirstPause{Millis(50)};
// A partition that is new to a fetcher waits for the request in flight at most this long, and does not drop the
// connection more often than this.
constexpr Micros kPatience{Millis(10)};
constexpr Micros kInterruptEvery{std::chrono::seconds(1)};

struct Asked {
  std::shared_ptr<const TopicPartition> tp;
  LeaderEpoch leader_epoch;
};

}  // namespace

// The partitions of one leader. Owner: its data loop.
class ReplicaFetcher : public std::enable_shared_from_this<ReplicaFetcher> {
 public:
  ReplicaFetcher(ReplicaFetchers& all, LoopContext& context, std::size_t loop, BrokerId leader, std::uint64_t seed)
      : all_(all),
        context_(context),
        loop_(loop),
        leader_(leader),
        seed_(seed),
        plan_({.self = all.options_.self,
               .version = all.options_.fetch_version,
               .wait_max_ms = all.options_.wait_max_ms,
               .min_bytes = all.options_.min_bytes,
               .max_bytes = all.options_.max_bytes,
               .partition_max_bytes = all.options_.partition_max_bytes}) {}

  void Start(const FetchControl::Start& start) { plan_.Start(start); }
  void Stop(const TopicPartition& tp) { plan_.Stop(tp); }

  // After a round of Start and Stop.
  void Kick(bool started) {
    const MonoTime now = context_.clock->Now();
    if (started && fetch_in_flight_ && now - sent_at_ > kPatience && now - interrupted_at_ > kInterruptEvery) {
      interrupted_at_ = now;
      interrupted_ = true;
      channel_->Disconnect();  // its answer, "lost", begins the next round
    }
    Next();
  }

  void Halt() {
    halted_ = true;
    context_.executor->Cancel(std::exchange(timer_, 0));
    channel_.reset();
  }

 private:
  void Next() {
    if (halted_ || busy_) return;
    const MonoTime now = context_.clock->Now();
    const auto wake = plan_.Wake(now);
    if (now < paused_until_) {
      Arm(paused_until_);
      return;
    }
    if (wake.has_value()) Arm(*wake);
    if (AskOffsets(PulledPartition::State::kAskLatest) || AskOffsets(PulledPartition::State::kAskEarliest)) return;
    if (!plan_.Wanted()) return;
    if (!Connect()) {
      Pause();
      return;
    }
    Fetch();
  }

  bool Connect() {
    const MetadataPtr& view = all_.shards_.at(loop_).metadata();
    const MetadataBroker* broker = view->FindBroker(leader_);
    const MetadataEndpoint* endpoint =
        broker == nullptr ? nullptr : broker->EndpointOf(all_.options_.inter_broker_listener);
    if (endpoint == nullptr) return false;
    if (channel_ == nullptr) {
      RpcChannel::Options options{.client_id = "broker-" + std::to_string(all_.options_.self.value) + "-fetcher-0"};
      options.request_timeout = all_.options_.request_timeout;
      options.backoff_max = all_.options_.backoff;
      channel_ = std::make_unique<RpcChannel>(context_, all_.network_, seed_, endpoint->address, options);
    } else {
      channel_->SetEndpoint(endpoint->address);
    }
    return true;
  }

  void Fetch() {
    const FetchPlan::Question question = plan_.Ask(BrokerEpoch(all_.broker_epoch_.load(std::memory_order_relaxed)));
    busy_ = true;
    fetch_in_flight_ = true;
    sent_at_ = context_.clock->Now();
    channel_->Call(question.request, question.version,
                   [self = shared_from_this()](Result<RpcReply> reply) { self->OnReply(std::move(reply)); });
  }

  void OnReply(Result<RpcReply> reply) {
    if (halted_) return;
    fetch_in_flight_ = false;
    busy_ = false;
    FetchResponse response;
    Status status = reply.status();
    if (reply.ok()) status = reply->DecodeInto(&response);
    if (!status.ok()) {
      plan_.OnLost();
      if (!std::exchange(interrupted_, false)) {
        LOG_FIRST_N(INFO, 100) << "fetching from broker " << leader_ << ": " << status;
        Pause();
      }
      Next();
      return;
    }
    interrupted_ = false;
    if (response.error_code != ErrorCode::kNone) {
      LOG(INFO) << "fetching from broker " << leader_ << ": " << response.error_code;
      plan_.OnSession(response.error_code, 0);
      const bool begin_anew = response.error_code == ErrorCode::kFetchSessionIdNotFound ||
                              response.error_code == ErrorCode::kInvalidFetchSessionEpoch;
      if (!begin_anew || ++refused_ > 1) Pause();  // a leader that refuses even new sessions is not asked in a loop
      Next();
      return;
    }
    refused_ = 0;
    failures_ = 0;
    std::vector<FollowerSlice> slices = Slices(response, *reply);
    plan_.OnSession(ErrorCode::kNone, response.session_id);
    Apply(std::move(slices));
  }

  std::vector<FollowerSlice> Slices(const FetchResponse& response, const RpcReply& reply) {
    std::vector<FollowerSlice> out;
    for (const auto& topic : response.responses) {
      for (const auto& data : topic.partitions) {
        PulledPartition* partition = topic.topic.empty() ? plan_.Find(topic.topic_id, data.partition_index)
                                                         : plan_.Find(topic.topic, data.partition_index);
        // Answers to what was asked under another leadership, or is not asked any more, are dropped.
        if (partition == nullptr || !partition->in_session || partition->state != PulledPartition::State::kReady ||
            partition->told_leader_epoch != partition->leader_epoch) {
          continue;
        }
        FollowerSlice slice;
        slice.tp = partition->tp;
        slice.leader_epoch = partition->leader_epoch;
        slice.answer.error = data.error_code;
        slice.answer.asked_offset = partition->told_offset;
        if (data.diverging_epoch.end_offset >= 0 || data.diverging_epoch.epoch >= 0) {
          slice.answer.diverging =
              EpochEnd{LeaderEpoch(data.diverging_epoch.epoch), Offset(data.diverging_epoch.end_offset)};
        }
        if (data.records.bytes.has_value()) slice.records = *data.records.bytes;
        slice.answer.has_records = !slice.records.empty();
        slice.owner = reply.frame.buffer;
        slice.high_watermark = Offset(data.high_watermark);
        slice.leader_log_start = Offset(data.log_start_offset);
        out.push_back(std::move(slice));
      }
    }
    return out;
  }

  // Hands each slice to the owner of its partition; goes on when all have answered.
  void Apply(std::vector<FollowerSlice> slices) {
    if (slices.empty()) {
      Next();
      return;
    }
    busy_ = true;
    std::vector<std::vector<FollowerSlice>> by_shard(all_.shards_.size());
    for (FollowerSlice& slice : slices) {
      by_shard[all_.shards_.IndexOf(slice.tp->topic, slice.tp->partition)].push_back(std::move(slice));
    }
    missing_ = 1;
    for (std::size_t shard = 0; shard < by_shard.size(); ++shard) {
      if (by_shard[shard].empty()) continue;
      ++missing_;
      Hand(shard, std::move(by_shard[shard]));
    }
    Arrived();
  }

  void Hand(std::size_t shard, std::vector<FollowerSlice> slices) {
    std::vector<Asked> asked;
    asked.reserve(slices.size());
    for (const FollowerSlice& slice : slices) asked.push_back({slice.tp, slice.leader_epoch});
    all_.shards_.RunOn(shard, [self = shared_from_this(), slices = std::move(slices),
                               asked = std::move(asked)](PartitionShard& owner) mutable {
      owner.ApplyFetched(std::move(slices), [self, asked = std::move(asked)](std::vector<FollowerStep> steps) mutable {
        if (self->context_.executor->OnThread()) {
          self->OnSteps(asked, steps);
        } else {
          Executor& loop = *self->context_.executor;
          loop.Post([self = std::move(self), asked = std::move(asked), steps = std::move(steps)] {
            self->OnSteps(asked, steps);
          });
        }
      });
    });
  }

  void OnSteps(const std::vector<Asked>& asked, const std::vector<FollowerStep>& steps) {
    const MonoTime now = context_.clock->Now();
    for (std::size_t i = 0; i < asked.size(); ++i) {
      PulledPartition* partition = plan_.Find(asked[i].tp->topic, asked[i].tp->partition);
      // Started anew meanwhile: the step is about a leadership that has passed.
      if (partition == nullptr || partition->leader_epoch != asked[i].leader_epoch) continue;
      plan_.Step(*partition, steps[i], all_.options_.backoff, now);
    }
    Arrived();
  }

  void Arrived() {
    if (--missing_ > 0 || halted_) return;
    busy_ = false;
    Next();
  }

  // --- Out of range: where does the leader's log end, where does it begin?
  bool AskOffsets(PulledPartition::State state) {
    const std::vector<PulledPartition*> asking = plan_.Asking(state);
    if (asking.empty()) return false;
    if (!Connect()) {
      Pause();
      return true;
    }
    const bool latest = state == PulledPartition::State::kAskLatest;
    ListOffsetsRequest request;
    request.replica_id = all_.options_.self.value;
    auto asked = std::make_shared<std::vector<Asked>>();
    std::map<std::string_view, std::size_t> topics;  // where each stands in the request
    for (const PulledPartition* partition : asking) {
      ListOffsetsRequest::ListOffsetsPartition one;
      one.partition_index = partition->tp->partition;
      one.current_leader_epoch = partition->leader_epoch.value;
      one.timestamp = latest ? -1 : -2;
      const auto [at, fresh] = topics.try_emplace(partition->tp->topic, request.topics.size());
      if (fresh) request.topics.push_back({.name = partition->tp->topic, .partitions = {}});
      request.topics[at->second].partitions.push_back(one);
      asked->push_back({partition->tp, partition->leader_epoch});
    }
    busy_ = true;
    channel_->Call(request, all_.options_.list_offsets_version,
                   [self = shared_from_this(), asked, latest](Result<RpcReply> reply) {
                     self->OnOffsets(*asked, latest, std::move(reply));
                   });
    return true;
  }

  void OnOffsets(const std::vector<Asked>& asked, bool latest, Result<RpcReply> reply) {
    if (halted_) return;
    busy_ = false;
    ListOffsetsResponse response;
    Status status = reply.status();
    if (reply.ok()) status = reply->DecodeInto(&response);
    if (!status.ok()) {
      plan_.OnLost();  // the session's connection has gone with it
      Pause();
      Next();
      return;
    }
    std::vector<FollowerSlice> slices;
    for (const Asked& one : asked) {
      FollowerSlice slice;
      slice.kind = latest ? FollowerSlice::Kind::kLatest : FollowerSlice::Kind::kEarliest;
      slice.tp = one.tp;
      slice.leader_epoch = one.leader_epoch;
      slice.answer.error = ErrorCode::kUnknownServerError;  // not mentioned
      for (const auto& topic : response.topics) {
        if (topic.name != one.tp->topic) continue;
        for (const auto& partition : topic.partitions) {
          if (partition.partition_index != one.tp->partition) continue;
          slice.answer.error = partition.error_code;
          slice.listed = Offset(partition.offset);
        }
      }
      slices.push_back(std::move(slice));
    }
    Apply(std::move(slices));
  }

  // --- Pauses.
  void Pause() {
    const Micros pause = std::min(all_.options_.backoff, kFirstPause * (1 << std::min(failures_, 10)));
    ++failures_;
    paused_until_ = context_.clock->Now() + pause;
    Arm(paused_until_);
  }

  void Arm(MonoTime when) {
    if (timer_ != 0 && timer_at_ <= when) return;
    context_.executor->Cancel(timer_);
    timer_at_ = when;
    const Micros delay = std::max(when - context_.clock->Now(), Micros(0));
    timer_ = context_.executor->RunAfter(delay, [self = shared_from_this()] {
      self->timer_ = 0;
      self->Next();
    });
  }

  ReplicaFetchers& all_;
  LoopContext& context_;
  const std::size_t loop_;
  const BrokerId leader_;
  const std::uint64_t seed_;
  FetchPlan plan_;
  std::unique_ptr<RpcChannel> channel_;
  bool busy_ = false;             // a request is in flight, or owners are at work on its answer
  bool fetch_in_flight_ = false;  // a Fetch, which the leader may hold back for wait_max_ms
  bool interrupted_ = false;
  bool halted_ = false;
  std::size_t missing_ = 0;  // owners that have not answered
  int failures_ = 0;
  int refused_ = 0;
  MonoTime sent_at_{};
  MonoTime interrupted_at_{-kInterruptEvery};
  MonoTime paused_until_{};
  TimerId timer_ = 0;
  MonoTime timer_at_{};
};

struct ReplicaFetchers::Loop {
  std::size_t index = 0;
  LoopContext* context = nullptr;
  Random random{0};
  bool stopped = false;
  std::unordered_map<BrokerId, std::shared_ptr<ReplicaFetcher>> by_leader;
  std::unordered_map<TopicPartition, BrokerId> leader_of;
};

ReplicaFetchers::ReplicaFetchers(PartitionShards& shards, std::vector<LoopContext*> contexts, Network& network,
                                 std::uint64_t seed, FetcherOptions options)
    : shards_(shards), network_(network), options_(std::move(options)) {
  Random random(seed);
  for (std::size_t i = 0; i < contexts.size(); ++i) {
    auto loop = std::make_shared<Loop>();
    loop->index = i;
    loop->context = contexts[i];
    loop->random = random.Fork();
    loops_.push_back(std::move(loop));
  }
}

ReplicaFetchers::~ReplicaFetchers() {
  // Of a process that ends without Stop: a channel keeps its fetcher alive through the call in flight.
  for (const auto& loop : loops_) {
    for (const auto& [leader, fetcher] : loop->by_leader) fetcher->Halt();
  }
}

// Always posted: the caller may be in the middle of a turn that this fetcher's own answer began.
void ReplicaFetchers::StartFetching(std::vector<Start> partitions) {
  auto starts = std::make_shared<const std::vector<Start>>(std::move(partitions));
  for (const auto& loop : loops_) {
    loop->context->executor->Post([this, loop, starts] { Apply(*loop, *starts, {}); });
  }
}

void ReplicaFetchers::StopFetching(std::vector<TopicPartition> partitions) {
  auto stops = std::make_shared<const std::vector<TopicPartition>>(std::move(partitions));
  for (const auto& loop : loops_) {
    loop->context->executor->Post([this, loop, stops] { Apply(*loop, {}, *stops); });
  }
}

void ReplicaFetchers::Apply(Loop& loop, const std::vector<Start>& starts, const std::vector<TopicPartition>& stops) {
  if (loop.stopped) return;
  std::unordered_map<BrokerId, bool> touched;  // true: with something new
  const auto leave = [&](const TopicPartition& tp) {
    const auto at = loop.leader_of.find(tp);
    if (at == loop.leader_of.end()) return;
    loop.by_leader.at(at->second)->Stop(tp);
    touched.try_emplace(at->second, false);
    loop.leader_of.erase(at);
  };
  for (const TopicPartition& tp : stops) leave(tp);
  for (const Start& start : starts) {
    leave(start.tp);
    if (LoopOf(start.leader) != loop.index) continue;
    auto& fetcher = loop.by_leader[start.leader];
    if (fetcher == nullptr) {
      fetcher = std::make_shared<ReplicaFetcher>(*this, *loop.context, loop.index, start.leader, loop.random.Next());
    }
    fetcher->Start(start);
    loop.leader_of[start.tp] = start.leader;
    touched[start.leader] = true;
  }
  for (const auto& [leader, started] : touched) loop.by_leader.at(leader)->Kick(started);
}

void ReplicaFetchers::Stop(Task done) {
  struct Join {
    std::atomic<std::size_t> missing;
    Task done;
  };
  auto join = std::make_shared<Join>();
  join->missing = loops_.size();
  join->done = std::move(done);
  for (const auto& loop : loops_) {
    loop->context->executor->Post([loop, join] {
      loop->stopped = true;
      for (const auto& [leader, fetcher] : loop->by_leader) fetcher->Halt();
      loop->by_leader.clear();
      loop->leader_of.clear();
      if (join->missing.fetch_sub(1) == 1) join->done();
    });
  }
}

}  // namespace ottla
