#include "broker/replica/fetch_plan.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "common/base/check.h"

namespace ottla {
namespace {

constexpr std::int16_t kFirstFetchWithIds = 13;
constexpr std::int16_t kLastWithNames = 12;
constexpr std::int16_t kFirstWithReplicaState = 15;
constexpr Micros kFirstPause{Millis(50)};

// Finds or adds the topic of a partition in one request.
template <class Topic>
class TopicIndex {
 public:
  TopicIndex(std::vector<Topic>& topics, bool by_id) : topics_(topics), by_id_(by_id) {}
  Topic& Of(const TopicPartition& tp, const Uuid& id) {
    const auto [at, fresh] = places_.try_emplace({id, tp.topic}, topics_.size());
    if (fresh) {
      topics_.emplace_back();
      topics_.back().topic_id = by_id_ ? id : Uuid{};
      if (!by_id_) topics_.back().topic = tp.topic;
    }
    return topics_[at->second];
  }

 private:
  std::vector<Topic>& topics_;
  const bool by_id_;
  std::map<std::pair<Uuid, std::string_view>, std::size_t> places_;
};

}  // namespace

PulledPartition* FetchPlan::Find(std::string_view topic, std::int32_t partition) {
  const auto at = partitions_.find(PartitionKey{topic, partition});
  return at == partitions_.end() ? nullptr : &at->second;
}

PulledPartition* FetchPlan::Find(const Uuid& topic_id, std::int32_t partition) {
  const auto at = topics_.find(topic_id);
  return at == topics_.end() ? nullptr : Find(at->second.name, partition);
}

void FetchPlan::Start(const FetchControl::Start& start) {
  Stop(start.tp);
  PulledPartition& partition = partitions_[start.tp];
  partition.tp = std::make_shared<const TopicPartition>(start.tp);
  partition.topic_id = start.topic_id;
  partition.leader_epoch = start.leader_epoch;
  partition.fetch_offset = start.fetch_offset;
  partition.log_start = start.log_start;
  partition.last_fetched_epoch = start.last_fetched_epoch;
  if (start.topic_id.IsZero()) {
    ++without_id_;
  } else {
    NamedTopic& topic = topics_[start.topic_id];
    topic.name = start.tp.topic;
    ++topic.partitions;
  }
  List(partition);
}

void FetchPlan::Stop(const TopicPartition& tp) {
  const auto at = partitions_.find(tp);
  if (at == partitions_.end()) return;
  LeaveSession(at->second);
  const Uuid id = at->second.topic_id;
  if (id.IsZero()) {
    --without_id_;
  } else if (const auto topic = topics_.find(id); --topic->second.partitions == 0) {
    topics_.erase(topic);
  }
  partitions_.erase(at);
}

void FetchPlan::LeaveSession(PulledPartition& partition) {
  if (!partition.in_session) return;
  partition.in_session = false;
  --session_partitions_;
  withdrawn_.push_back({partition.topic_id, partition.tp});
}

void FetchPlan::List(PulledPartition& partition) {
  if (partition.listed) return;
  partition.listed = true;
  changed_.push_back(partition.tp);
}

void FetchPlan::Step(PulledPartition& partition, const FollowerStep& step, Micros pause_max, MonoTime now) {
  if (step.kind == FollowerStep::Kind::kDropped || step.kind == FollowerStep::Kind::kFailed) {
    LOG_IF(WARNING, step.kind == FollowerStep::Kind::kFailed)
        << *partition.tp << ": not fetched any more until the controller speaks of it again";
    Stop(TopicPartition(*partition.tp));
    return;
  }
  partition.fetch_offset = step.fetch_offset;
  partition.log_start = step.log_start;
  partition.last_fetched_epoch = step.last_fetched_epoch;
  switch (step.kind) {
    case FollowerStep::Kind::kFetch:
      partition.state = PulledPartition::State::kReady;
      partition.failures = 0;
      break;
    case FollowerStep::Kind::kBackoff: {
      partition.state = PulledPartition::State::kDelayed;
      const Micros pause = std::min(pause_max, kFirstPause * (1 << std::min(partition.failures, 10)));
      ++partition.failures;
      delayed_.emplace(now + pause, partition.tp);
      break;
    }
    case FollowerStep::Kind::kAskLatest: partition.state = PulledPartition::State::kAskLatest; break;
    case FollowerStep::Kind::kAskEarliest: partition.state = PulledPartition::State::kAskEarliest; break;
    case FollowerStep::Kind::kFailed:
    case FollowerStep::Kind::kDropped: break;  // above
  }
  if (partition.state != PulledPartition::State::kReady) {
    LeaveSession(partition);
  } else if (MustTell(partition)) {
    List(partition);
  }
}

std::optional<MonoTime> FetchPlan::Wake(MonoTime now) {
  while (!delayed_.empty() && delayed_.begin()->first <= now) {
    PulledPartition* partition = Find(delayed_.begin()->second->topic, delayed_.begin()->second->partition);
    delayed_.erase(delayed_.begin());
    if (partition == nullptr || partition->state != PulledPartition::State::kDelayed) continue;
    partition->state = PulledPartition::State::kReady;
    List(*partition);
  }
  return delayed_.empty() ? std::nullopt : std::optional(delayed_.begin()->first);
}

std::vector<PulledPartition*> FetchPlan::Asking(PulledPartition::State state) {
  std::vector<PulledPartition*> out;
  for (auto& [tp, partition] : partitions_) {
    if (partition.state == state) out.push_back(&partition);
  }
  return out;
}

bool FetchPlan::MustTell(const PulledPartition& partition) const {
  return !partition.in_session || partition.told_offset != partition.fetch_offset ||
         partition.told_log_start != partition.log_start || partition.told_last_epoch != partition.last_fetched_epoch ||
         partition.told_leader_epoch != partition.leader_epoch;
}

FetchPlan::Question FetchPlan::Ask(BrokerEpoch broker_epoch) {
  const bool by_id = limits_.version >= kFirstFetchWithIds && without_id_ == 0;
  if (by_id != session_by_id_) {
    session_by_id_ = by_id;
    BeginSession();
  }
  Question out{.version = by_id ? limits_.version : std::min(limits_.version, kLastWithNames)};
  FetchRequest& request = out.request;
  if (out.version >= kFirstWithReplicaState) {
    request.replica_state = {.replica_id = limits_.self.value, .replica_epoch = broker_epoch.value};
  } else {
    request.replica_id = limits_.self.value;
  }
  request.max_wait_ms = limits_.wait_max_ms;
  request.min_bytes = limits_.min_bytes;
  request.max_bytes = limits_.max_bytes;
  request.session_id = session_id_;
  request.session_epoch = session_epoch_;
  speaking_of_.clear();
  TellChanged(request);
  TellWithdrawn(request);
  return out;
}

void FetchPlan::TellChanged(FetchRequest& request) {
  TopicIndex topics(request.topics, session_by_id_);
  for (Name& name : std::exchange(changed_, {})) {
    PulledPartition* partition = Find(name->topic, name->partition);
    if (partition == nullptr || partition->tp != name) continue;  // stopped, or started anew under another name object
    partition->listed = false;
    if (partition->state != PulledPartition::State::kReady || !MustTell(*partition)) continue;
    topics.Of(*name, partition->topic_id).partitions.push_back(Tell(*partition));
    speaking_of_.push_back(std::move(name));
  }
}

FetchRequest::FetchPartition FetchPlan::Tell(PulledPartition& partition) {
  if (!partition.in_session) ++session_partitions_;
  partition.in_session = true;
  partition.told_offset = partition.fetch_offset;
  partition.told_log_start = partition.log_start;
  partition.told_last_epoch = partition.last_fetched_epoch;
  partition.told_leader_epoch = partition.leader_epoch;
  FetchRequest::FetchPartition ask;
  ask.partition = partition.tp->partition;
  ask.current_leader_epoch = partition.leader_epoch.value;
  ask.fetch_offset = partition.fetch_offset.value;
  ask.last_fetched_epoch = partition.last_fetched_epoch.value;
  ask.log_start_offset = partition.log_start.value;
  ask.partition_max_bytes = limits_.partition_max_bytes;
  return ask;
}

void FetchPlan::TellWithdrawn(FetchRequest& request) {
  TopicIndex forgotten(request.forgotten_topics_data, session_by_id_);
  for (Withdrawn& one : std::exchange(withdrawn_, {})) {
    const PulledPartition* again = Find(one.tp->topic, one.tp->partition);
    // Withdrawals are applied after additions: what has come back under the same name must not be withdrawn.
    const bool back = again != nullptr && again->in_session && (!session_by_id_ || again->topic_id == one.topic_id);
    if (session_epoch_ == 0 || back) continue;
    forgotten.Of(*one.tp, one.topic_id).partitions.push_back(one.tp->partition);
    speaking_of_.push_back(std::move(one.tp));
  }
}

void FetchPlan::BeginSession() {
  session_epoch_ = 0;
  session_partitions_ = 0;
  withdrawn_.clear();
  for (auto& [tp, partition] : partitions_) {
    partition.in_session = false;
    if (partition.state == PulledPartition::State::kReady) List(partition);
  }
}

void FetchPlan::OnSession(ErrorCode error, std::int32_t session_id) {
  if (error != ErrorCode::kNone) {
    session_id_ = 0;
    BeginSession();
    return;
  }
  if (session_id == 0) {  // the leader keeps none: the next request is full again
    session_id_ = 0;
    BeginSession();
    return;
  }
  session_id_ = session_id;
  session_epoch_ = session_epoch_ == std::numeric_limits<std::int32_t>::max() ? 1 : session_epoch_ + 1;
}

void FetchPlan::OnLost() { BeginSession(); }

}  // namespace ottla
