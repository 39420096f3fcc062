#include "broker/replica/follower_core.h"

#include <algorithm>

namespace ottla {
namespace {

using Act = FollowerDecision::Act;
using Next = FollowerStep::Kind;

// An error of ListOffsets or Fetch that has no path of its own.
FollowerDecision AfterError(ErrorCode error) {
  // The epoch in the request is this replica's own (answers to older ones are dropped before): the leader knows a newer
  // one, and only a LeaderAndIsr can tell it to us.
  if (error == ErrorCode::kFencedLeaderEpoch) return {.next = Next::kFailed};
  return {.next = Next::kBackoff};
}

}  // namespace

LeaderEpoch FollowerLog::latest_epoch() const {
  const auto latest = epochs == nullptr ? std::nullopt : epochs->latest();
  return latest.has_value() ? latest->epoch : kNoLeaderEpoch;
}

bool FollowerLog::EpochStartsAtOrAfter(Offset offset) const {
  const auto latest = epochs == nullptr ? std::nullopt : epochs->latest();
  return latest.has_value() && latest->start >= offset;
}

FollowerDecision FollowerCore::Start(const FollowerLog& log, bool truncate_on_fetch) {
  const bool has_epochs = log.latest_epoch() != kNoLeaderEpoch;
  if (truncate_on_fetch && has_epochs) return {};
  if (log.high_watermark >= log.log_end) return {};
  return {.act = Act::kTruncate, .offset = log.high_watermark};
}

FollowerCore::Cut FollowerCore::CutFor(EpochEnd leader, Offset asked, const FollowerLog& log) {
  const Offset end = log.log_end;
  if (leader.end < Offset(0)) return {std::min(asked, end), true};
  if (leader.epoch < LeaderEpoch(0)) return {std::min(leader.end, end), true};
  const EpochEnd local = log.epochs == nullptr ? EpochEnd{} : log.epochs->EndOffsetFor(leader.epoch, end);
  if (local.end < Offset(0)) return {std::min(leader.end, end), true};
  if (local.epoch != leader.epoch) return {std::min(local.end, end), false};
  return {std::min({local.end, leader.end, end}), true};
}

FollowerDecision FollowerCore::OnAnswer(const FetchAnswer& answer, const FollowerLog& log) {
  if (answer.asked_offset != log.log_end) return {};  // stale: the log was cut or grew since; ask again from its end
  switch (answer.error) {
    case ErrorCode::kNone: break;
    case ErrorCode::kOffsetOutOfRange: return {.next = Next::kAskLatest};
    default: return AfterError(answer.error);
  }
  if (answer.diverging.has_value()) {
    const Cut cut = CutFor(*answer.diverging, answer.asked_offset, log);
    // Cutting at the log end may still drop an epoch that was opened there without a record. An answer that cuts
    // nothing at all would be asked and given again for ever, as fast as the network goes.
    if (cut.at >= log.log_end && !log.EpochStartsAtOrAfter(cut.at)) return {.next = Next::kBackoff};
    return {.act = Act::kTruncate, .offset = cut.at};
  }
  return {.act = Act::kAppend};
}

FollowerDecision FollowerCore::OnLatest(ErrorCode error, Offset leader_end, const FollowerLog& log) {
  if (error != ErrorCode::kNone) return AfterError(error);
  // An unclean election: the leader's log is shorter. What lies below may differ too; the next fetch compares epochs.
  if (leader_end < log.log_end) return {.act = Act::kTruncate, .offset = std::max(leader_end, Offset(0))};
  return {.next = Next::kAskEarliest};
}

FollowerDecision FollowerCore::OnEarliest(ErrorCode error, Offset leader_start, const FollowerLog& log) {
  if (error != ErrorCode::kNone) return AfterError(error);
  if (leader_start > log.log_end) return {.act = Act::kRestartAt, .offset = leader_start};
  // The leader was asked for something it has: its log moved between the questions. Without a pause this could spin.
  return {.next = Next::kBackoff};
}

}  // namespace ottla
