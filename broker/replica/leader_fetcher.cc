#include "broker/replica/leader_fetcher.h"

#include <algorithm>
#include <utility>

#include "broker/replica/metadata_cache.h"
#include "common/base/check.h"

namespace ottla {
namespace {

constexpr Micros kFirstReconnectPause{Millis(50)};
// A partition that is new to a fetcher waits for the request in flight at most this long, and does not drop the
// connection more often than this.
constexpr Micros kPatience{Millis(10)};
constexpr Micros kInterruptEvery{std::chrono::seconds(1)};

FetchPlan::Limits LimitsOf(const FetcherOptions& options) {
  return {.self = options.self,
          .version = options.fetch_version,
          .wait_max_ms = options.wait_max_ms,
          .min_bytes = options.min_bytes,
          .max_bytes = options.max_bytes,
          .partition_max_bytes = options.partition_max_bytes};
}

// The answer, or why there is none.
template <class Response>
Status Read(const Result<RpcReply>& reply, Response& response) {
  return reply.ok() ? reply->DecodeInto(&response) : reply.status();
}

}  // namespace

LeaderFetcher::LeaderFetcher(FetcherWorld& world, LoopContext& context, std::size_t loop, BrokerId leader,
                             std::uint64_t seed)
    : world_(world),
      context_(context),
      loop_(loop),
      leader_(leader),
      seed_(seed),
      plan_(LimitsOf(world.options)),
      interrupted_at_(-kInterruptEvery) {}

void LeaderFetcher::Kick(bool started) {
  const MonoTime now = context_.clock->Now();
  if (started && fetch_in_flight_ && now - sent_at_ > kPatience && now - interrupted_at_ > kInterruptEvery) {
    interrupted_at_ = now;
    interrupted_ = true;
    channel_->Disconnect();  // its answer, "lost", begins the next round
  }
  Next();
}

void LeaderFetcher::Halt() {
  halted_ = true;
  context_.executor->Cancel(std::exchange(timer_, 0));
  channel_.reset();
}

void LeaderFetcher::Next() {
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

bool LeaderFetcher::Connect() {
  const FetcherOptions& options = world_.options;
  const MetadataPtr& view = world_.shards.at(loop_).metadata();
  const MetadataBroker* broker = view->FindBroker(leader_);
  const MetadataEndpoint* endpoint = broker == nullptr ? nullptr : broker->EndpointOf(options.inter_broker_listener);
  if (endpoint == nullptr) return false;
  if (channel_ == nullptr) {
    RpcChannel::Options rpc{.client_id = "broker-" + std::to_string(options.self.value) + "-fetcher-0"};
    rpc.request_timeout = options.request_timeout;
    rpc.backoff_max = options.backoff;
    channel_ = std::make_unique<RpcChannel>(context_, world_.network, seed_, endpoint->address, rpc);
  } else {
    channel_->SetEndpoint(endpoint->address);
  }
  return true;
}

void LeaderFetcher::Fetch() {
  const FetchPlan::Question question = plan_.Ask(BrokerEpoch(world_.broker_epoch.load(std::memory_order_relaxed)));
  busy_ = true;
  fetch_in_flight_ = true;
  sent_at_ = context_.clock->Now();
  channel_->Call(question.request, question.version,
                 [self = shared_from_this()](Result<RpcReply> reply) { self->OnReply(std::move(reply)); });
}

void LeaderFetcher::OnReply(Result<RpcReply> reply) {
  if (halted_) return;
  fetch_in_flight_ = false;
  busy_ = false;
  FetchResponse response;
  if (const Status status = Read(reply, response); !status.ok()) {
    OnFetchLost(status);
    return;
  }
  interrupted_ = false;
  if (response.error_code != ErrorCode::kNone) {
    OnSessionRefused(response.error_code);
    return;
  }
  refused_ = 0;
  failures_ = 0;
  std::vector<FollowerSlice> slices = FetchedSlices(response, plan_, reply->frame.buffer);
  plan_.OnSession(ErrorCode::kNone, response.session_id);
  Apply(std::move(slices));
}

void LeaderFetcher::OnFetchLost(const Status& status) {
  plan_.OnLost();
  if (!std::exchange(interrupted_, false)) {
    LOG_FIRST_N(INFO, 100) << "fetching from broker " << leader_ << ": " << status;
    Pause();
  }
  Next();
}

void LeaderFetcher::OnSessionRefused(ErrorCode error) {
  LOG(INFO) << "fetching from broker " << leader_ << ": " << error;
  plan_.OnSession(error, 0);
  const bool begin_anew = error == ErrorCode::kFetchSessionIdNotFound || error == ErrorCode::kInvalidFetchSessionEpoch;
  if (!begin_anew || ++refused_ > 1) Pause();  // a leader that refuses even new sessions is not asked in a loop
  Next();
}

// --- Out of range: where does the leader's log end, where does it begin?

bool LeaderFetcher::AskOffsets(PulledPartition::State state) {
  const std::vector<PulledPartition*> asking = plan_.Asking(state);
  if (asking.empty()) return false;
  if (!Connect()) {
    Pause();
    return true;
  }
  auto question = std::make_shared<const OffsetsQuestion>(AskFor(asking, state == PulledPartition::State::kAskLatest));
  busy_ = true;
  channel_->Call(
      RequestOf(*question, world_.options.self), world_.options.list_offsets_version,
      [self = shared_from_this(), question](const Result<RpcReply>& reply) { self->OnOffsets(*question, reply); });
  return true;
}

void LeaderFetcher::OnOffsets(const OffsetsQuestion& question, const Result<RpcReply>& reply) {
  if (halted_) return;
  busy_ = false;
  ListOffsetsResponse response;
  if (!Read(reply, response).ok()) {
    plan_.OnLost();  // the session's connection has gone with it
    Pause();
    Next();
    return;
  }
  Apply(ListedSlices(response, question));
}

// --- The owners.

void LeaderFetcher::Apply(std::vector<FollowerSlice> slices) {
  if (slices.empty()) {
    Next();
    return;
  }
  busy_ = true;
  std::vector<std::vector<FollowerSlice>> by_shard(world_.shards.size());
  for (FollowerSlice& slice : slices) {
    by_shard[world_.shards.IndexOf(slice.tp->topic, slice.tp->partition)].push_back(std::move(slice));
  }
  missing_ = 1;
  for (std::size_t shard = 0; shard < by_shard.size(); ++shard) {
    if (by_shard[shard].empty()) continue;
    ++missing_;
    Hand(shard, std::move(by_shard[shard]));
  }
  Arrived();
}

void LeaderFetcher::Hand(std::size_t shard, std::vector<FollowerSlice> slices) {
  std::vector<AskedPartition> asked;
  asked.reserve(slices.size());
  for (const FollowerSlice& slice : slices) asked.push_back({slice.tp, slice.leader_epoch});
  world_.shards.RunOn(shard, [self = shared_from_this(), slices = std::move(slices),
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

void LeaderFetcher::OnSteps(const std::vector<AskedPartition>& asked, const std::vector<FollowerStep>& steps) {
  const MonoTime now = context_.clock->Now();
  for (std::size_t i = 0; i < asked.size(); ++i) {
    PulledPartition* partition = plan_.Find(asked[i].tp->topic, asked[i].tp->partition);
    // Started anew meanwhile: the step is about a leadership that has passed.
    if (partition == nullptr || partition->leader_epoch != asked[i].leader_epoch) continue;
    plan_.Step(*partition, steps[i], world_.options.backoff, now);
  }
  Arrived();
}

void LeaderFetcher::Arrived() {
  if (--missing_ > 0 || halted_) return;
  busy_ = false;
  Next();
}

// --- Pauses.

void LeaderFetcher::Pause() {
  const Micros pause = std::min(world_.options.backoff, kFirstReconnectPause * (1 << std::min(failures_, 10)));
  ++failures_;
  paused_until_ = context_.clock->Now() + pause;
  Arm(paused_until_);
}

void LeaderFetcher::Arm(MonoTime when) {
  if (timer_ != 0 && timer_at_ <= when) return;
  context_.executor->Cancel(timer_);
  timer_at_ = when;
  const Micros delay = std::max(when - context_.clock->Now(), Micros(0));
  timer_ = context_.executor->RunAfter(delay, [self = shared_from_this()] {
    self->timer_ = 0;
    self->Next();
  });
}

}  // namespace ottla
