#include "broker/api/fetch_operation.h"

#include <algorithm>
#include <utility>

#include "broker/api/home.h"

namespace ottla {

FetchOperation::FetchOperation(ApiLoop& loop, RequestContext context, const FetchRequest& request, Responder responder)
    : loop_(loop),
      context_(std::move(context)),
      responder_(std::move(responder)),
      version_(context_.header.api_version),
      rack_(request.rack_id),
      max_wait_(std::max(request.max_wait_ms, 0)) {
  const bool in_state = version_ >= 15;
  params_.replica_id = BrokerId(in_state ? request.replica_state.replica_id : request.replica_id);
  params_.replica_epoch = BrokerEpoch(in_state ? request.replica_state.replica_epoch : -1);
  params_.version = version_;
  params_.read_committed = request.isolation_level == 1;
  params_.hard_max_bytes = version_ < 3;
  params_.client_rack = rack_;
  params_.client_listener = context_.connection->listener;
  const std::int32_t asked = version_ < 3 ? std::numeric_limits<std::int32_t>::max() : request.max_bytes;
  max_bytes_ = static_cast<std::uint64_t>(std::max(0, std::min(asked, loop_.services.config->fetch_max_bytes)));
  min_bytes_ = std::min<std::uint64_t>(static_cast<std::uint64_t>(std::max(0, request.min_bytes)), max_bytes_);
}

void FetchOperation::Start(FetchContext session, std::vector<FetchSessionPartition> sessionless) {
  session_ = std::move(session);
  own_ = std::move(sessionless);
  view_ = loop_.metadata();
  deadline_ = loop_.services.clock.Now() + max_wait_;
  Collect();
  if (slices_.empty()) {
    Answer();
    return;
  }
  Read(max_wait_ > Millis(0) ? Round::kFirst : Round::kLast);
}

void FetchOperation::Collect() {
  const auto add = [this](FetchSessionPartition& entry) { Resolve(items_.emplace_back(Item{.entry = &entry})); };
  if (session_.session != nullptr) {
    items_.reserve(session_.session->size());
    for (FetchSessionPartition& entry : session_.session->partitions()) add(entry);
  } else {
    items_.reserve(own_.size());
    for (FetchSessionPartition& entry : own_) add(entry);
  }
  for (std::size_t i = 0; i < items_.size(); ++i) {
    if (!items_[i].asked) continue;
    const std::size_t shard = loop_.services.shards.IndexOf(items_[i].ask.topic, items_[i].ask.partition);
    auto slice = std::ranges::find(slices_, shard, &Slice::shard);
    if (slice == slices_.end()) slice = slices_.insert(slices_.end(), Slice{.shard = shard});
    slice->items.push_back(i);
  }
}

void FetchOperation::Resolve(Item& item) const {
  const FetchWish& wish = item.entry->wish;
  const bool by_id = version_ >= 13;
  const MetadataTopic* topic = by_id ? view_->FindTopic(wish.topic_id) : view_->FindTopic(wish.tp.topic);
  if (topic == nullptr) {
    item.result.error = by_id ? ErrorCode::kUnknownTopicId : ErrorCode::kUnknownTopicOrPartition;
    return;
  }
  item.asked = true;
  item.ask.topic = topic->name;
  item.ask.partition = wish.tp.partition;
  item.ask.topic_id = by_id ? wish.topic_id : Uuid{};
  item.ask.fetch_offset = Offset(wish.fetch_offset);
  item.ask.log_start_offset = Offset(wish.log_start_offset);
  item.ask.max_bytes = wish.max_bytes;
  item.ask.current_leader_epoch = LeaderEpoch(wish.current_leader_epoch);
  item.ask.last_fetched_epoch = LeaderEpoch(wish.last_fetched_epoch);
}

void FetchOperation::Read(Round round) {
  answer_now_ = false;
  ready_again_ = false;
  open_ = slices_.size();
  std::uint64_t found = 0;
  for (const Slice& slice : slices_) found += slice.bytes;
  // When all slices together reach min_bytes, at least one of n has gained an n-th of what was missing: no wake-up is
  // lost, and one that came early only reads again.
  const std::uint64_t missing = min_bytes_ > found ? min_bytes_ - found : 1;
  const std::uint64_t share = (missing + slices_.size() - 1) / slices_.size();
  for (std::size_t i = 0; i < slices_.size(); ++i) {
    const std::uint64_t watch = round == Round::kLast ? 0 : slices_[i].bytes + share;
    ReadSlice(i, round, watch);
  }
}

void FetchOperation::ReadSlice(std::size_t index, Round round, std::uint64_t watch_bytes) {
  FetchRequestSlice request;
  request.params = params_;
  request.partitions.reserve(slices_[index].items.size());
  for (const std::size_t item : slices_[index].items) request.partitions.push_back(items_[item].ask);
  request.max_bytes = max_bytes_;
  request.record_progress = round == Round::kFirst || (round == Round::kLast && max_wait_ <= Millis(0));
  request.watch_bytes = watch_bytes;
  auto self = shared_from_this();
  Executor& home = loop_.executor;
  if (watch_bytes > 0) {
    request.on_ready = [self, &home] { RunHome(home, [self] { self->OnReady(); }); };
  }
  loop_.services.shards.RunOn(
      slices_[index].shard, [self, &home, index, round, request = std::move(request)](PartitionShard& shard) mutable {
        shard.Fetch(std::move(request), [self, &home, index, round](FetchResult result) mutable {
          RunHome(home, [self, index, round, result = std::move(result)]() mutable {
            self->OnSliceRead(index, round, std::move(result));
          });
        });
      });
}

void FetchOperation::OnSliceRead(std::size_t index, Round round, FetchResult result) {
  Slice& slice = slices_[index];
  slice.watch = result.watch;
  slice.bytes = result.bytes;
  answer_now_ |= result.answer_now;
  for (std::size_t i = 0; i < slice.items.size() && i < result.partitions.size(); ++i) {
    items_[slice.items[i]].result = std::move(result.partitions[i]);
  }
  if (--open_ == 0) OnRoundRead(round);
}

void FetchOperation::OnRoundRead(Round round) {
  if (done_) {
    CancelWatches();
    return;
  }
  std::uint64_t found = 0;
  for (const Slice& slice : slices_) found += slice.bytes;
  if (round == Round::kLast || answer_now_ || found >= min_bytes_) {
    CancelWatches();
    Answer();
    return;
  }
  const MonoTime now = loop_.services.clock.Now();
  if (now >= deadline_) {
    CancelWatches();
    Read(Round::kLast);
    return;
  }
  // A shard that found more than its share leaves no watch behind: what it gets from now on would wake nobody.
  const bool unwatched = std::ranges::any_of(slices_, [](const Slice& slice) { return slice.watch == 0; });
  if (ready_again_ || unwatched) {
    CancelWatches();
    Read(Round::kAgain);
    return;
  }
  if (responder_.connection_closed()) {  // before it was listed among those that wait
    Abandon();
    return;
  }
  if (timer_ == 0) {
    loop_.waiting_fetches[context_.connection->id] = weak_from_this();
    timer_ = loop_.executor.RunAfter(deadline_ - now, [self = shared_from_this()] {
      self->timer_ = 0;
      if (self->done_ || self->open_ > 0) return;  // an open round sees by itself that the deadline has passed
      self->CancelWatches();
      self->Read(Round::kLast);
    });
  }
}

void FetchOperation::OnReady() {
  if (done_) return;
  if (open_ > 0) {
    ready_again_ = true;
    return;
  }
  CancelWatches();
  Read(Round::kAgain);
}

void FetchOperation::CancelWatches() {
  for (Slice& slice : slices_) {
    if (slice.watch == 0) continue;
    loop_.services.shards.RunOn(slice.shard,
                                [watch = slice.watch](PartitionShard& shard) { shard.CancelWatch(watch); });
    slice.watch = 0;
  }
}

void FetchOperation::Abandon() {
  if (done_) return;
  done_ = true;
  loop_.executor.Cancel(timer_);
  timer_ = 0;
  if (open_ == 0) CancelWatches();
  responder_.CloseConnection();  // has gone; this only uses the responder up
}

// Shards were asked at the same time, each with the whole budget: what is too much is cut here, in the request's order.
// A batch may be cut in the middle, which readers expect at the end of a partition's records, but not the first one:
// consumers take an answer without a whole batch for a broken broker.
void FetchOperation::TrimToBudget() {
  // What was found counted for min_bytes; half a batch need not be sent for that.
  for (Item& item : items_) item.result.records.length = std::min(item.result.records.length, item.result.whole_bytes);
  if (slices_.size() < 2) return;  // one shard has kept the budget itself
  std::uint64_t used = 0;
  for (Item& item : items_) {
    std::uint64_t& length = item.result.records.length;
    const std::uint64_t left = max_bytes_ > used ? max_bytes_ - used : 0;
    if (used > 0 && length > left) {
      length = left < item.result.first_batch_bytes && !params_.hard_max_bytes ? 0 : left;
    }
    used += length;
  }
}

}  // namespace ottla
