#include "broker/api/fetch_session.h"

#include <algorithm>
#include <limits>
#include <tuple>

namespace ottla {
namespace {

constexpr std::int32_t kInitialEpoch = 0;
constexpr std::int32_t kFinalEpoch = -1;

std::int32_t NextEpoch(std::int32_t epoch) { return epoch == std::numeric_limits<std::int32_t>::max() ? 1 : epoch + 1; }

FetchContext Refuse(ErrorCode error) {
  FetchContext context;
  context.kind = FetchContext::Kind::kError;
  context.error = error;
  return context;
}

}  // namespace

FetchSession::Key FetchSession::KeyOf(const Uuid& topic_id, std::string_view topic, std::int32_t partition) const {
  if (uses_topic_ids_) return {topic_id, {"", partition}};
  return {{}, {std::string(topic), partition}};
}

void FetchSession::Update(const FetchWish& wish) {
  const Key key = KeyOf(wish.topic_id, wish.tp.topic, wish.tp.partition);
  if (const auto found = index_.find(key); found != index_.end()) {
    found->second->wish = wish;
    return;
  }
  index_.emplace(key, order_.insert(order_.end(), FetchSessionPartition{wish}));
}

void FetchSession::Forget(const Uuid& topic_id, std::string_view topic, std::int32_t partition) {
  const auto found = index_.find(KeyOf(topic_id, topic, partition));
  if (found == index_.end()) return;
  order_.erase(found->second);
  index_.erase(found);
}

void FetchSession::MoveToEnd(FetchSessionPartition* partition) {
  const FetchWish& wish = partition->wish;
  const auto found = index_.find(KeyOf(wish.topic_id, wish.tp.topic, wish.tp.partition));
  if (found != index_.end()) order_.splice(order_.end(), order_, found->second);
}

FetchContext FetchSessionCache::Begin(const Request& request, MonoTime now) {
  if (request.session_epoch == kInitialEpoch || request.session_epoch == kFinalEpoch) {
    if (request.session_id != 0) sessions_.erase(request.session_id);
    if (request.session_epoch == kFinalEpoch) return {};
    return BeginFull(request, now);
  }
  return BeginIncremental(request, now);
}

FetchContext FetchSessionCache::BeginFull(const Request& request, MonoTime now) {
  FetchContext context;
  if (!MakeRoom(request, now)) return context;
  auto session = std::make_shared<FetchSession>(NewId(), request.uses_topic_ids, request.follower, now);
  for (const FetchWish& wish : request.wishes) session->Update(wish);
  sessions_.emplace(session->id(), session);
  context.kind = FetchContext::Kind::kFull;
  context.epoch = session->epoch();
  context.session_id = session->id();
  context.session = std::move(session);
  return context;
}

FetchContext FetchSessionCache::BeginIncremental(const Request& request, MonoTime now) {
  const auto found = sessions_.find(request.session_id);
  if (found == sessions_.end()) return Refuse(ErrorCode::kFetchSessionIdNotFound);
  FetchSession& session = *found->second;
  if (session.epoch_ != request.session_epoch) return Refuse(ErrorCode::kInvalidFetchSessionEpoch);
  if (session.uses_topic_ids_ != request.uses_topic_ids) return Refuse(ErrorCode::kFetchSessionTopicIdError);
  for (const FetchWish& wish : request.wishes) session.Update(wish);
  for (const FetchWish& gone : request.forgotten) session.Forget(gone.topic_id, gone.tp.topic, gone.tp.partition);
  FetchContext context;
  // An earlier request that still waits knows by the epoch that its partitions may be gone.
  session.epoch_ = NextEpoch(session.epoch_);
  if (session.size() == 0) {  // nothing left to watch: the session ends
    sessions_.erase(found);
    return context;
  }
  session.last_used_ = now;
  context.kind = FetchContext::Kind::kIncremental;
  context.session = found->second;
  context.epoch = session.epoch_;
  context.session_id = session.id();
  return context;
}

bool FetchSessionCache::MakeRoom(const Request& request, MonoTime now) {
  if (sessions_.size() < slots_) return true;
  const FetchSession* victim = nullptr;
  for (const auto& [id, candidate] : sessions_) {
    if (MayGo(request, *candidate, now) && (victim == nullptr || GoesBefore(*candidate, *victim, now))) {
      victim = candidate.get();
    }
  }
  if (victim == nullptr) return false;
  sessions_.erase(victim->id());
  return true;
}

bool FetchSessionCache::MayGo(const Request& request, const FetchSession& candidate, MonoTime now) const {
  const bool weaker = request.follower && !candidate.privileged_;
  const bool smaller = candidate.privileged_ == request.follower && candidate.size() < request.wishes.size() &&
                       now - candidate.created_ > eviction_;
  return Unused(candidate, now) || weaker || smaller;
}

// The longest unused one first; among those in use consumers before followers, then the smallest.
bool FetchSessionCache::GoesBefore(const FetchSession& one, const FetchSession& other, MonoTime now) const {
  if (Unused(one, now) || Unused(other, now)) return one.last_used_ < other.last_used_;
  return std::tuple(one.privileged_, one.size(), one.id()) < std::tuple(other.privileged_, other.size(), other.id());
}

std::int32_t FetchSessionCache::NewId() {
  for (;;) {
    const auto id = static_cast<std::int32_t>(random_.Next() & 0x7FFFFFFF);
    if (id != 0 && !sessions_.contains(id)) return id;
  }
}

bool MustMention(FetchSessionPartition& partition, std::int64_t high_watermark, std::int64_t log_start,
                 bool has_records, bool has_error, bool diverging) {
  bool mention = has_records || diverging;
  if (partition.told_high_watermark != high_watermark) {
    partition.told_high_watermark = high_watermark;
    mention = true;
  }
  if (partition.told_log_start != log_start) {
    partition.told_log_start = log_start;
    mention = true;
  }
  if (has_error) {
    partition.told_high_watermark = -1;  // so that recovery is told, whatever the numbers are then
    mention = true;
  }
  return mention;
}

}  // namespace ottla
