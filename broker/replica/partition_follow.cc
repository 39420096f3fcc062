// A replica that follows: what its leader sent, carried out on the log.
#include <algorithm>

#include "broker/replica/partition.h"
#include "common/base/check.h"

namespace ottla {
namespace {

// What the fetcher does after an append that failed.
FollowerStep::Kind AfterAppend(AppendError error) {
  switch (error) {
    case AppendError::kNone: return FollowerStep::Kind::kFetch;
    // Damaged on the way, perhaps: fetched again. A write that failed (a full disk) was cut back and may succeed later;
    // should its directory have failed, the partition goes with it.
    case AppendError::kCorrupt:
    case AppendError::kStorage: return FollowerStep::Kind::kBackoff;
    case AppendError::kClosed: return FollowerStep::Kind::kDropped;
    case AppendError::kTooLarge:
    case AppendError::kOutOfOrder:
    case AppendError::kUnexpectedOffset:
    case AppendError::kInvalidTxnState: return FollowerStep::Kind::kFailed;
  }
  LOG(FATAL) << "not an AppendError: " << static_cast<int>(error);
}

}  // namespace

FollowerLog Partition::LogView() const {
  return {log_->log_start(), log_->log_end(), core_.high_watermark(), &log_->epochs()};
}

FollowerStep Partition::StepNow(FollowerStep::Kind kind) const {
  FollowerStep step{.kind = kind, .fetch_offset = log_->log_end(), .log_start = log_->log_start()};
  if (shard_.env.options.truncate_on_fetch) step.last_fetched_epoch = log_->latest_epoch();
  return step;
}

void Partition::BeginFollowing(LeaderEpoch epoch) {
  auto start = [self = shared_from_this(), epoch] {
    if (!self->Follows(epoch)) return;
    const FollowerStep step = self->StepNow(FollowerStep::Kind::kFetch);
    self->shard_.StartFetching({self->tp_, self->log_->topic_id(), self->core_.leader(), epoch, step.fetch_offset,
                                step.log_start, step.last_fetched_epoch});
  };
  const FollowerDecision decision = FollowerCore::Start(LogView(), shard_.env.options.truncate_on_fetch);
  if (decision.act != FollowerDecision::Act::kTruncate) {
    start();
    return;
  }
  LOG(INFO) << tp_ << ": no epochs are known; truncating to the high watermark " << decision.offset;
  log_->TruncateTo(decision.offset, [self = shared_from_this(), start](const Status& status) {
    ShardState::Turn turn(self->shard_);
    self->OnLogMoved();
    if (status.ok()) {
      start();
    } else {
      LOG(ERROR) << self->tp_ << ": not followed: " << status;
    }
  });
}

void Partition::ApplySlice(FollowerSlice slice, StepDone done) {
  if (!Follows(slice.leader_epoch)) {
    done({.kind = FollowerStep::Kind::kDropped});
    return;
  }
  if (log_->busy()) {
    log_->WhenIdle([self = shared_from_this(), slice = std::move(slice), done = std::move(done)]() mutable {
      ShardState::Turn turn(self->shard_);
      self->ApplySlice(std::move(slice), std::move(done));
    });
    return;
  }
  FollowerDecision decision;
  switch (slice.kind) {
    case FollowerSlice::Kind::kFetched: decision = FollowerCore::OnAnswer(slice.answer, LogView()); break;
    case FollowerSlice::Kind::kLatest:
      decision = FollowerCore::OnLatest(slice.answer.error, slice.listed, LogView());
      break;
    case FollowerSlice::Kind::kEarliest:
      decision = FollowerCore::OnEarliest(slice.answer.error, slice.listed, LogView());
      break;
  }
  Carry(decision, std::move(slice), std::move(done));
}

void Partition::Carry(const FollowerDecision& decision, FollowerSlice slice, StepDone done) {
  switch (decision.act) {
    case FollowerDecision::Act::kNone: done(StepNow(decision.next)); return;
    case FollowerDecision::Act::kAppend: AppendFetched(std::move(slice), std::move(done)); return;
    case FollowerDecision::Act::kTruncate:
      LOG(INFO) << tp_ << ": truncating from " << log_->log_end() << " to " << decision.offset << " as leader "
                << core_.leader() << " says";
      LOG_IF(WARNING, decision.offset < core_.high_watermark())
          << tp_ << ": below the high watermark " << core_.high_watermark();
      log_->TruncateTo(decision.offset,
                       [self = shared_from_this(), next = decision.next, done = std::move(done)](
                           const Status& status) mutable { self->AfterTruncate(status, next, std::move(done)); });
      return;
    case FollowerDecision::Act::kRestartAt:
      LOG(WARNING) << tp_ << ": the leader begins at " << decision.offset << ", beyond our end " << log_->log_end()
                   << "; starting there";
      log_->TruncateFullyAndStartAt(
          decision.offset, std::nullopt,
          [self = shared_from_this(), next = decision.next, done = std::move(done)](const Status& status) mutable {
            self->AfterTruncate(status, next, std::move(done));
          });
      return;
  }
}

void Partition::AfterTruncate(const Status& status, FollowerStep::Kind next, StepDone done) {
  ShardState::Turn turn(shard_);
  LOG_IF(ERROR, !status.ok()) << tp_ << ": truncation failed: " << status;
  OnLogMoved();
  FireAllWatches();
  done(StepNow(status.ok() ? next : FollowerStep::Kind::kFailed));
}

void Partition::AppendFetched(FollowerSlice slice, StepDone done) {
  auto after = [self = shared_from_this(), mark = slice.high_watermark, start = slice.leader_log_start,
                done = std::move(done)](const AppendOutcome& outcome) mutable {
    ShardState::Turn turn(self->shard_);
    if (!outcome.ok()) {
      LOG(WARNING) << self->tp_ << ": what the leader sent was not appended: " << outcome.message;
      done(self->StepNow(AfterAppend(outcome.error)));
      return;
    }
    self->OnLogMoved();
    self->Feed(LeaderHighWatermark{mark});
    // Beyond our high watermark: the next fetch finds out that what we ask for is gone there.
    if (start > self->log_->log_start() && self->log_->AdvanceLogStart(start).ok()) self->OnLogMoved();
    done(self->StepNow(FollowerStep::Kind::kFetch));
  };
  if (slice.records.empty()) {
    after(AppendOutcome{});
    return;
  }
  AppendBytes bytes;
  bytes.parts.push_back(slice.records);
  bytes.owner = std::move(slice.owner);
  log_->AppendAsFollower(std::move(bytes), /*crc_checked=*/false, std::move(after));
}

}  // namespace ottla
