// ControllerCore: brokers that come, go, come back, change, leave in order, or lose a log dir.
#include <algorithm>
#include <utility>

#include "common/zk/zk_paths.h"
#include "controller/core/controller_core.h"

namespace ottla::controller {

std::vector<BrokerId> ControllerCore::BrokerDelta::came() const {
  std::vector<BrokerId> all = fresh;
  all.insert(all.end(), bounced.begin(), bounced.end());
  return all;
}

bool ControllerCore::BrokerDelta::Has(BrokerId id) const {
  return Contains(fresh, id) || Contains(bounced, id) || Contains(dead, id);
}

// A registration that does not parse counts as none: that broker is not told anything, the others are.
std::map<BrokerId, Broker> ControllerCore::ParseBrokers(const std::vector<BrokerNode>& nodes) {
  std::map<BrokerId, Broker> brokers;
  for (const BrokerNode& node : nodes) {
    const std::optional<std::int32_t> id = zk::ParseId(node.name);
    Result<zk::BrokerRegistration> registration = zk::DecodeBroker(node.data);
    if (!id || !registration.ok()) {
      Say(Note::Level::kError,
          "the registration of broker " + node.name +
              " is set aside: " + (id ? registration.status().ToString() : "not a broker id"),
          "brokers_set_aside");
      continue;
    }
    brokers[BrokerId(*id)] = {BrokerId(*id), BrokerEpoch(node.stat.czxid), std::move(*registration)};
  }
  return brokers;
}

ControllerCore::BrokerDelta ControllerCore::ApplyBrokers(std::map<BrokerId, Broker> now) {
  BrokerDelta delta;
  for (const auto& [id, broker] : now) {
    const auto known = state_.brokers.find(id);
    if (known == state_.brokers.end()) {
      delta.fresh.push_back(id);
    } else if (known->second.epoch < broker.epoch) {
      delta.bounced.push_back(id);
    } else if (known->second.registration.endpoints != broker.registration.endpoints ||
               known->second.registration.features != broker.registration.features) {
      delta.modified.push_back(id);
    }
  }
  for (const auto& [id, broker] : state_.brokers) {
    if (!now.contains(id)) delta.dead.push_back(id);
  }
  for (const BrokerId id : delta.dead) effects_.emplace_back(CloseChannel{id});
  for (const BrokerId id : delta.came()) effects_.emplace_back(OpenChannel{now.at(id)});
  state_.brokers = std::move(now);
  std::erase_if(state_.shutting_down, [&](BrokerId id) { return delta.Has(id); });
  for (auto& [name, topic] : state_.topics) {
    for (auto& [number, partition] : topic.partitions) {
      std::erase_if(partition.failed_dirs, [&](BrokerId id) { return delta.Has(id); });
      UpdateStatus(partition);
    }
  }
  return delta;
}

void ControllerCore::Handle(BrokersChanged& event) {
  const BrokerDelta delta = ApplyBrokers(ParseBrokers(event.brokers));
  const std::vector<BrokerId> came = delta.came();
  if (came.empty() && delta.dead.empty() && delta.modified.empty()) return;
  const auto list = [](const char* what, const std::vector<BrokerId>& ids) {
    return ids.empty() ? std::string() : std::string(" ") + what + " " + ToText(ids);
  };
  Say(Note::Level::kInfo, "brokers:" + list("came", delta.fresh) + list("came back", delta.bounced) +
                              list("gone", delta.dead) + list("changed", delta.modified));
  if (!came.empty()) {
    std::vector<BrokerId> others;
    for (const auto& [id, broker] : state_.brokers) {
      if (!Contains(came, id)) others.push_back(id);
    }
    Emit(MetadataTo(state_, epoch_, others, {}));
    Emit(MetadataTo(state_, epoch_, came, AllPartitions()));
  }
  DeletionsAfter(delta);
  std::vector<BrokerId> concerned = delta.dead;
  concerned.insert(concerned.end(), delta.bounced.begin(), delta.bounced.end());
  Partitions partitions = PartitionsOn(concerned);
  for (TopicPartition& tp : Leaderless()) partitions.push_back(std::move(tp));
  std::ranges::sort(partitions);
  partitions.erase(std::unique(partitions.begin(), partitions.end()), partitions.end());
  const Reborn reborn = [bounced = delta.bounced](const TopicPartition&, BrokerId id) { return Contains(bounced, id); };
  ReconsiderAll(std::move(partitions), reborn, [this, delta, came] {
    for (const TopicPartition& tp : PartitionsOn(came)) {
      const Partition* partition = state_.Find(tp);
      std::vector<BrokerId> there;
      std::ranges::copy_if(came, std::back_inserter(there),
                           [&](BrokerId id) { return Contains(partition->assignment.replicas, id); });
      plan_.AddLeaderAndIsr(there, tp, false);
    }
    for (const TopicPartition& tp : PartitionsOn(delta.dead)) plan_.AddMetadata(tp);  // replicas that are offline now
    if (came.empty()) plan_.RefreshBrokers();  // else everybody has the new list already
    Finish();
  });
}

// Every replica of the broker is told its state again; the answers say which log dirs have failed.
void ControllerCore::Handle(LogDirsFailed& event) {
  for (const BrokerId id : event.brokers) {
    if (!state_.Registered(id)) continue;
    for (const TopicPartition& tp : PartitionsOn({id})) plan_.AddLeaderAndIsr({id}, tp, false);
  }
  Finish();
}

void ControllerCore::Handle(ControlAnswered& event) {
  const auto broker = state_.brokers.find(event.broker);
  if (broker == state_.brokers.end() || broker->second.epoch != event.broker_epoch)
    return;  // of an earlier incarnation
  if (event.error != ErrorCode::kNone) {
    Say(Note::Level::kWarning,
        "broker " + std::to_string(event.broker.value) + " refused a control request: error " +
            std::to_string(static_cast<int>(event.error)),
        "control_request_refusals");
    return;
  }
  if (event.kind == ControlAnswered::Kind::kStopReplica) {
    DeletionAnswered(event);
    Finish();
    return;
  }
  Partitions failed;
  for (const auto& [tp, error] : event.partitions) {
    Partition* partition = state_.Find(tp);
    if (partition == nullptr) continue;
    if (error == ErrorCode::kKafkaStorageError) {
      if (partition->failed_dirs.insert(event.broker).second) failed.push_back(tp);
    } else if (error == ErrorCode::kNone) {
      partition->failed_dirs.erase(event.broker);
    }
  }
  if (!failed.empty()) ReplicasFailed(event.broker, failed);
}

// The replicas are offline: their partitions are led and kept in sync by others, where there are others.
void ControllerCore::ReplicasFailed(BrokerId broker, const Partitions& partitions) {
  Say(Note::Level::kWarning, "broker " + std::to_string(broker.value) + " lost " + std::to_string(partitions.size()) +
                                 " replicas with a log dir");
  for (const TopicPartition& tp : partitions) {
    Topic* topic = state_.FindTopic(tp.topic);
    UpdateStatus(*state_.Find(tp));
    if (topic->deletion) topic->deletion->ineligible = true;
  }
  ReconsiderAll(partitions, nullptr, [this, partitions] {
    for (const TopicPartition& tp : partitions) plan_.AddMetadata(tp);
    Finish();
  });
}

void ControllerCore::Handle(ControlledShutdownCommand& command) {
  const auto broker = state_.brokers.find(command.broker);
  const bool with_epoch = command.broker_epoch.value >= 0;
  if (broker == state_.brokers.end()) {
    Answer_(ControlledShutdownAnswer{with_epoch ? ErrorCode::kUnknownServerError : ErrorCode::kBrokerNotAvailable, {}});
    return;
  }
  if (with_epoch && command.broker_epoch < broker->second.epoch) {
    Answer_(ControlledShutdownAnswer{ErrorCode::kStaleBrokerEpoch, {}});
    return;
  }
  state_.shutting_down.insert(command.broker);
  Partitions moving;
  for (const TopicPartition& tp : PartitionsOn({command.broker})) {
    const Partition* partition = state_.Find(tp);
    const bool movable = partition->usable() && partition->state && partition->assignment.replicas.size() > 1;
    if (movable && !state_.Deleting(tp.topic)) moving.push_back(tp);
  }
  const BrokerId leaving = command.broker;
  Store(
      moving,
      [this, leaving](const TopicPartition& tp) -> std::optional<Change> {
        const Partition* partition = state_.Find(tp);
        if (partition == nullptr || !partition->usable() || !partition->state) return std::nullopt;
        const zk::PartitionStateData& now = partition->state->data;
        if (now.leader == leaving) {
          const auto elected = ElectAfterShutdown(partition->assignment.replicas, now.isr, leaving,
                                                  [&](BrokerId id) { return state_.ReplicaOnline(*partition, id); });
          return elected ? std::optional(ChangeTo(*partition, *elected)) : std::nullopt;
        }
        // It stops following before it would hear of the next leader epoch.
        plan_.AddStopReplica(leaving, tp, now.leader_epoch, false);
        if (!Contains(now.isr, leaving) || now.isr.size() == 1) return std::nullopt;
        Change change = ChangeTo(*partition, {now.leader, Without(now.isr, leaving), false});
        change.tell = Without(change.tell, leaving);
        return change;
      },
      [this, leaving, moving] { LeadersMoved(leaving, moving); });
}

// What could not be moved is answered.
void ControllerCore::LeadersMoved(BrokerId broker, const Partitions& partitions) {
  ControlledShutdownAnswer answer;
  for (const TopicPartition& tp : partitions) {
    const Partition* partition = state_.Find(tp);
    if (partition == nullptr || !partition->state) continue;
    if (partition->state->data.leader == broker) {
      answer.remaining.push_back(tp);
    } else {
      plan_.AddMetadata(tp);
    }
  }
  Answer_(std::move(answer));
  Finish();
}

}  // namespace ottla::controller
