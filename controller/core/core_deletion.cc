// ControllerCore: deleting topics. Metadata goes first, then the leaders, then every replica, and when all are gone the
// znodes. A topic waits as long as a broker with one of its replicas is away.
#include <algorithm>
#include <utility>

#include "common/zk/zk_paths.h"
#include "controller/core/controller_core.h"

namespace ottla::controller {
namespace {

constexpr LeaderEpoch kEpochDuringDelete{-2};

}  // namespace

void ControllerCore::Handle(DeletionsListed& event) {
  std::vector<ZkWrite> stale;
  for (const std::string& name : event.names) {
    if (options_.delete_topics && state_.topics.contains(name)) {
      QueueDeletion(name, false);
    } else {
      stale.push_back({{ZkOp::Delete(zk::DeleteTopic(name), -1)}, ""});
    }
  }
  Write(std::move(stale), [this](ZkDone&) { Finish(); });
}

// Found at takeover with a replica offline it waits as a whole: what was already deleted is not known.
void ControllerCore::QueueDeletion(const std::string& name, bool at_takeover) {
  Topic* topic = state_.FindTopic(name);
  if (topic == nullptr || topic->deletion || !options_.delete_topics) return;
  Say(Note::Level::kInfo, "deleting topic " + name);
  Deletion& deletion = topic->deletion.emplace();
  deleting_.insert(name);
  for (const auto& [number, partition] : topic->partitions) {
    moving_.erase({name, number});  // wherever its replicas were going: all of them are deleted
    zk_moves_dropped_ |= zk_moves_.erase({name, number}) > 0;
    for (const BrokerId id : partition.assignment.replicas) {
      deletion.replicas[{number, id}] = ReplicaDeletion::kWaiting;
      if (at_takeover && !(state_.Registered(id) && !partition.failed_dirs.contains(id))) deletion.ineligible = true;
    }
  }
}

// Metadata goes first. Then nobody leads the partitions, also for those who only see the states: a topic that waits for
// a broker may stay so for long, and a controller that takes over would tell its replicas the states it finds.
void ControllerCore::ResumeDeletions(Then then) {
  Partitions announced = AnnounceDeletions();
  if (!announced.empty()) Emit(plan_.Take(state_, epoch_, options_.listener));
  Store(
      std::move(announced), [this](const TopicPartition& tp) { return WithoutLeader(tp); },
      [this, then = std::move(then)]() mutable {
        std::vector<std::string> finished;
        for (const std::string& name : deleting_) {
          Topic& topic = state_.topics.at(name);
          AdvanceDeletion(name, topic);
          const bool gone = std::ranges::all_of(topic.deletion->replicas,
                                                [](const auto& r) { return r.second == ReplicaDeletion::kDone; });
          if (gone && !topic.deletion->ineligible && !topic.deletion->finishing) finished.push_back(name);
        }
        if (finished.empty()) {
          then();
        } else {
          FinishDeletions(std::move(finished), std::move(then));
        }
      });
}

// Partitions of topics whose deletion begins now.
ControllerCore::Partitions ControllerCore::AnnounceDeletions() {
  Partitions announced;
  for (const std::string& name : deleting_) {
    Topic& topic = state_.topics.at(name);
    if (topic.deletion->ineligible || topic.deletion->announced) continue;
    topic.deletion->announced = true;
    for (const auto& [number, partition] : topic.partitions) {
      plan_.AddMetadata({name, number});
      announced.push_back({name, number});
    }
  }
  return announced;
}

// The replicas that are there leave the ISR one after the other in Kafka, which ends here: the last one stays.
std::optional<ControllerCore::Change> ControllerCore::WithoutLeader(const TopicPartition& tp) const {
  const Partition* partition = state_.Find(tp);
  if (partition == nullptr || !partition->usable() || !partition->state) return std::nullopt;
  const zk::PartitionStateData& now = partition->state->data;
  std::vector<BrokerId> isr;
  std::ranges::copy_if(now.isr, std::back_inserter(isr),
                       [&](BrokerId id) { return !state_.Registered(id) || partition->failed_dirs.contains(id); });
  if (isr.empty()) isr.push_back(*std::ranges::max_element(now.isr));
  if (now.leader == kNoBroker && isr == now.isr) return std::nullopt;
  Change change = ChangeTo(*partition, {kNoBroker, isr, false});
  change.tell.clear();
  return change;
}

void ControllerCore::AdvanceDeletion(const std::string& name, Topic& topic) {
  Deletion& deletion = *topic.deletion;
  if (deletion.ineligible) return;
  const bool waits =
      std::ranges::any_of(deletion.replicas, [](const auto& r) { return r.second == ReplicaDeletion::kStarted; });
  if (waits) return;
  for (auto& [key, status] : deletion.replicas) {
    if (status != ReplicaDeletion::kWaiting) continue;
    const auto [number, broker] = key;
    const Partition& partition = topic.partitions.at(number);
    if (state_.Registered(broker) && !partition.failed_dirs.contains(broker)) {
      plan_.AddStopReplica(broker, {name, number}, kEpochDuringDelete, true);
      deletion.MoveTo(number, broker, ReplicaDeletion::kStarted);
    } else {
      deletion.MoveTo(number, broker, ReplicaDeletion::kIneligible);
      deletion.ineligible = true;
    }
  }
}

void ControllerCore::DeletionAnswered(const ControlAnswered& event) {
  for (const auto& [tp, error] : event.partitions) {
    Topic* topic = state_.FindTopic(tp.topic);
    if (topic == nullptr || !topic->deletion) continue;
    const auto replica = topic->deletion->replicas.find({tp.partition, event.broker});
    if (replica == topic->deletion->replicas.end() || replica->second != ReplicaDeletion::kStarted) continue;
    if (error == ErrorCode::kNone) {
      topic->deletion->MoveTo(tp.partition, event.broker, ReplicaDeletion::kDone);
    } else {
      topic->deletion->MoveTo(tp.partition, event.broker, ReplicaDeletion::kIneligible);
      topic->deletion->ineligible = true;
    }
  }
}

// What was asked of a broker that went is asked again when it is back.
void ControllerCore::DeletionsAfter(const BrokerDelta& delta) {
  const std::vector<BrokerId> came = delta.came();
  for (const std::string& name : deleting_) {
    Deletion& deletion = *state_.topics.at(name).deletion;
    for (auto& [key, status] : deletion.replicas) {
      const auto [number, broker] = key;
      const bool interrupted = Contains(delta.dead, broker) || Contains(delta.bounced, broker);
      if (interrupted && status == ReplicaDeletion::kStarted) {
        deletion.MoveTo(number, broker, ReplicaDeletion::kIneligible);
        deletion.ineligible = true;
      }
    }
    const bool returned =
        std::ranges::any_of(deletion.replicas, [&](const auto& r) { return Contains(came, r.first.second); });
    if (!returned) continue;
    deletion.ineligible = false;
    for (auto& [key, status] : deletion.replicas) {
      if (status == ReplicaDeletion::kIneligible) deletion.MoveTo(key.first, key.second, ReplicaDeletion::kWaiting);
    }
  }
}

void ControllerCore::FinishDeletions(std::vector<std::string> topics, Then then) {
  std::vector<ZkWrite> writes;
  for (const std::string& name : topics) {
    state_.topics.at(name).deletion->finishing = true;
    writes.push_back({{}, zk::Topic(name)});
    writes.push_back({{}, zk::TopicConfig(name)});
    writes.push_back({{ZkOp::Delete(zk::DeleteTopic(name), -1)}, ""});
  }
  // The queue's node goes last: while it is there the next controller finishes what this one does not.
  Write(std::move(writes), [this, topics = std::move(topics), then = std::move(then)](ZkDone& done) mutable {
    for (std::size_t i = 0; i < topics.size(); ++i) {
      bool failed = false;
      for (std::size_t k = 0; k < 3; ++k) {
        const ZkError error = done.writes[i * 3 + k].error;
        failed = failed || (error != ZkError::kOk && error != ZkError::kNoNode);
      }
      if (failed) {
        Say(Note::Level::kError, "the znodes of deleted topic " + topics[i] + " could not be removed",
            "topic_delete_failures");
        state_.topics.at(topics[i]).deletion->finishing = false;
        state_.topics.at(topics[i]).deletion->ineligible = true;
      } else {
        Say(Note::Level::kInfo, "deleted topic " + topics[i]);
        ForgetTopic(topics[i]);
      }
    }
    then();
  });
}

}  // namespace ottla::controller
