#include "broker/replica/shard_state.h"

#include <algorithm>

#include "broker/replica/partition.h"

namespace ottla {

std::shared_ptr<Partition> ShardState::Find(std::string_view topic, std::int32_t partition) const {
  const auto at = partitions.find(PartitionKey{topic, partition});
  return at == partitions.end() ? nullptr : at->second;
}

std::shared_ptr<Partition> ShardState::FindOr(std::string_view topic, std::int32_t partition, ErrorCode* error) const {
  if (auto found = Find(topic, partition); found != nullptr) return found;
  if (!offline.empty() && offline.contains(TopicPartition{std::string(topic), partition})) {
    *error = ErrorCode::kKafkaStorageError;
  } else {
    *error = metadata->FindPartition(topic, partition) != nullptr ? ErrorCode::kNotLeaderOrFollower
                                                                  : ErrorCode::kUnknownTopicOrPartition;
  }
  return nullptr;
}

void ShardState::EndTurn() {
  if (draining_) return;  // called from an answer below; the loop goes on
  draining_ = true;
  while (!answers_.empty() || !tasks_.empty() || !starts_.empty() || !stops_.empty()) {
    // Stops first: a partition that changed its leader in this turn is in both.
    if (!stops_.empty()) env.fetchers->StopFetching(std::exchange(stops_, {}));
    if (!starts_.empty()) env.fetchers->StartFetching(std::exchange(starts_, {}));
    for (PendingAnswer& one : std::exchange(answers_, {})) one.done(std::move(one.result));
    for (Task& task : std::exchange(tasks_, {})) task();
  }
  draining_ = false;
}

void ShardState::NoteDeadline(MonoTime deadline) {
  if (deadline_timer_ != 0 && deadline_at_ <= deadline) return;
  loop.Cancel(deadline_timer_);
  deadline_at_ = deadline;
  const Micros delay = std::max(deadline - Now(), Micros(0));
  deadline_timer_ = loop.RunAfter(delay, [weak = weak_from_this()] {
    if (const auto self = weak.lock(); self != nullptr) self->OnDeadline();
  });
}

void ShardState::OnDeadline() {
  Turn turn(*this);
  deadline_timer_ = 0;
  const MonoTime now = Now();
  std::optional<MonoTime> next;
  // At most once per distinct deadline, and only while something waits: a scan is cheap next to a timer per request.
  for (const auto& [tp, partition] : partitions) {
    auto due = partition->NextDeadline();
    if (!due.has_value()) continue;
    if (*due <= now) {
      partition->ExpireWaiters(now);
      due = partition->NextDeadline();
    }
    if (due.has_value() && (!next.has_value() || *due < *next)) next = due;
  }
  if (next.has_value()) NoteDeadline(*next);
}

std::uint64_t ShardState::AddWatch(FetchWatch watch) {
  const std::uint64_t id = next_watch_++;
  if (watch.follower != kNoBroker) follower_watches_[watch.follower].push_back(id);
  for (std::size_t i = 0; i < watch.parts.size(); ++i) {
    if (const auto partition = watch.parts[i].partition.lock(); partition != nullptr) partition->AddWatch(id, i);
  }
  watches_.emplace(id, std::move(watch));
  return id;
}

FetchWatch* ShardState::FindWatch(std::uint64_t id) {
  const auto at = watches_.find(id);
  return at == watches_.end() ? nullptr : &at->second;
}

void ShardState::CancelWatch(std::uint64_t id) {
  const auto at = watches_.find(id);
  if (at == watches_.end()) return;
  for (const FetchWatch::Part& part : at->second.parts) {
    if (const auto partition = part.partition.lock(); partition != nullptr) partition->RemoveWatch(id);
  }
  if (at->second.follower != kNoBroker) {
    const auto list = follower_watches_.find(at->second.follower);
    std::erase(list->second, id);
    if (list->second.empty()) follower_watches_.erase(list);
  }
  watches_.erase(at);
}

void ShardState::FireWatch(std::uint64_t id) {
  FetchWatch* watch = FindWatch(id);
  if (watch == nullptr) return;
  Defer(std::move(watch->on_ready));
  CancelWatch(id);
}

void ShardState::FireFollower(BrokerId follower) {
  const auto at = follower_watches_.find(follower);
  if (at == follower_watches_.end()) return;
  const std::vector<std::uint64_t> ids = at->second;
  for (const std::uint64_t id : ids) FireWatch(id);
}

}  // namespace ottla
