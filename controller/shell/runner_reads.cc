// Controller: what is read from ZooKeeper, at takeover and when a watch fires. Each is a job of its own, so that the
// core never sees an older picture after a newer one.
#include <utility>

#include "common/zk/zk_codec.h"
#include "common/zk/zk_paths.h"
#include "controller/shell/runner.h"

namespace ottla::controller {

Watches Controller::MakeWatches() {
  Watches watches;
  watches.brokers = [this] { EnqueueOnce("brokers", [this] { ReadBrokers(); }); };
  watches.topics = [this] { EnqueueOnce("topics", [this] { ReadTopics(); }); };
  watches.topic = [this](const std::string& name) { EnqueueOnce("topic " + name, [this, name] { ReadTopic(name); }); };
  watches.deletions = [this] { EnqueueOnce("deletions", [this] { ReadDeletions(); }); };
  watches.isr_changes = [this] { EnqueueOnce("isr changes", [this] { ReadIsrChanges(); }); };
  watches.log_dir_events = [this] { EnqueueOnce("log dir events", [this] { ReadLogDirEvents(); }); };
  watches.preferred_election = [this] { EnqueueOnce("preferred", [this] { ReadPreferredElection(); }); };
  watches.reassignment = [this] { EnqueueOnce("reassignment", [this] { ReadReassignment(); }); };
  return watches;
}

void Controller::LoadAndTakeOver(ControllerEpoch epoch) {
  EnsureFeature([this, epoch] {
    reader_->LoadAll(
        epoch, [this](std::vector<std::string> paths, Task done) { RemoveNodes(std::move(paths), std::move(done)); },
        [this](BecameController event) {
          LOG(INFO) << "controller: taking over " << event.brokers.size() << " brokers, " << event.topics.size()
                    << " topics, " << event.states.size() << " partitions";
          for (const TopicNode& topic : event.topics) watched_topics_.insert(topic.name);
          Tell(std::move(event));
          ArmRebalance(options_.rebalance_first);
        });
  });
}

// Kafka's brokers wait for /feature at start. Enabled and without features: any entry would end each of them.
void Controller::EnsureFeature(Task done) {
  reader_->Node(zk::kFeature, [this, done = std::move(done)](ZkError error, const ZkData& data, const ZkStat&) mutable {
    const Result<zk::FeatureData> feature = zk::DecodeFeature(data);
    if (error == ZkError::kOk && feature.ok() && feature->enabled) {
      if (!feature->features.empty()) LOG(ERROR) << "controller: /feature names features that no broker here supports";
      done();
      return;
    }
    WriteFeature(error == ZkError::kOk, std::move(done));
  });
}

void Controller::WriteFeature(bool exists, Task done) {
  zk::FeatureData feature;
  feature.version = options_.feature_version;
  const std::string data = zk::Encode(feature);
  ZkWrite write{{exists ? ZkOp::Set(zk::kFeature, data, -1) : ZkOp::Create(zk::kFeature, data)}, ""};
  zk_effects_->Carry({{}, {std::move(write)}}, Guard([done = std::move(done)](const ZkDone& result) mutable {
                       const ZkError error = result.writes.front().error;
                       if (error != ZkError::kOk && error != ZkError::kNodeExists) {
                         LOG(WARNING) << "controller: writing /feature: " << ToString(error);
                       }
                       done();
                     }));
}

void Controller::RemoveNodes(std::vector<std::string> paths, Task done) {
  ZkRequest request;
  for (std::string& path : paths) request.writes.push_back({{ZkOp::Delete(std::move(path), -1)}, ""});
  zk_effects_->Carry(std::move(request), Guard([done = std::move(done)](const ZkDone&) mutable { done(); }));
}

void Controller::ReadBrokers() {
  reader_->Brokers([this](std::vector<BrokerNode> brokers) { Tell(BrokersChanged{std::move(brokers)}); });
}

void Controller::ReadTopics() {
  reader_->TopicNames([this](std::vector<std::string> names) {
    const std::set<std::string> present(names.begin(), names.end());
    std::erase_if(watched_topics_, [&](const std::string& name) { return !present.contains(name); });
    std::vector<std::string> fresh;
    for (const std::string& name : names) {
      // A topic that was made anew while its deletion came to its end has been in the list all the time.
      const bool unheard = watched_topics_.insert(name).second || !core_.state().topics.contains(name);
      if (unheard) fresh.push_back(name);
    }
    reader_->Topics(fresh, [this, names = std::move(names)](std::vector<TopicNode> nodes) mutable {
      Tell(TopicsChanged{std::move(names), std::move(nodes)});
    });
  });
}

void Controller::ReadTopic(const std::string& name) {
  reader_->Topics({name}, [this](std::vector<TopicNode> nodes) {
    if (nodes.empty()) {
      JobDone();  // gone; the list of topics tells
    } else {
      Tell(TopicChanged{std::move(nodes.front())});
    }
  });
}

void Controller::ReadDeletions() {
  reader_->Deletions([this](std::vector<std::string> names) { Tell(DeletionsListed{std::move(names)}); });
}

// Notifications are removed after what they tell of has been taken in; one that comes meanwhile fires the watch again.
void Controller::ReadNotifications(const char* parent, const std::vector<std::string>& names,
                                   UniqueFunction<void(std::vector<ZkData>)> done) {
  auto found = std::make_shared<std::vector<ZkData>>();
  auto left = std::make_shared<std::size_t>(names.size());
  if (names.empty()) {
    JobDone();
    return;
  }
  std::vector<std::string> paths;
  paths.reserve(names.size());
  for (const std::string& name : names) paths.push_back(zk::Child(parent, name));
  auto finish = std::make_shared<UniqueFunction<void(std::vector<ZkData>)>>(std::move(done));
  for (const std::string& path : paths) {
    reader_->Node(path, [this, found, left, paths, finish](ZkError error, ZkData data, const ZkStat&) {
      if (error == ZkError::kOk) found->push_back(std::move(data));
      if (--*left > 0) return;
      RemoveNodes(paths, [found, finish] { (*finish)(std::move(*found)); });
    });
  }
}

void Controller::ReadIsrChanges() {
  reader_->IsrChanges([this](const std::vector<std::string>& names) {
    ReadNotifications(zk::kIsrChanges, names, [this](const std::vector<ZkData>& nodes) {
      IsrChangesNotified event;
      for (const ZkData& data : nodes) {
        const auto set = zk::DecodePartitionSet(data);
        if (set.ok()) event.partitions.insert(event.partitions.end(), set->begin(), set->end());
      }
      Tell(std::move(event));
    });
  });
}

void Controller::ReadLogDirEvents() {
  reader_->LogDirEvents([this](const std::vector<std::string>& names) {
    ReadNotifications(zk::kLogDirEvents, names, [this](const std::vector<ZkData>& nodes) {
      std::set<BrokerId> brokers;
      for (const ZkData& data : nodes) {
        const auto broker = zk::DecodeLogDirEvent(data);
        if (broker.ok()) brokers.insert(*broker);
      }
      Tell(LogDirsFailed{{brokers.begin(), brokers.end()}});
    });
  });
}

void Controller::ReadPreferredElection() {
  reader_->PreferredElection([this](ZkError error, ZkData data, const ZkStat&) {
    if (error == ZkError::kOk) {
      Tell(PreferredElectionAsked{std::move(data)});
    } else {
      JobDone();
    }
  });
}

void Controller::ReadReassignment() {
  reader_->Reassignment([this](ZkError error, ZkData data, const ZkStat&) {
    if (error == ZkError::kOk) {
      Tell(ReassignmentAsked{std::move(data)});
    } else {
      JobDone();
    }
  });
}

}  // namespace ottla::controller
