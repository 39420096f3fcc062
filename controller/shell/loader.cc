#include "controller/shell/loader.h"

#include <utility>

#include "common/zk/zk_codec.h"
#include "common/zk/zk_paths.h"

namespace ottla::controller {
namespace {

// The node may be there or not: nothing is concluded, least of all that no broker lives. ZooKeeper is asked again.
bool SaysNothing(ZkError error) { return error != ZkError::kOk && error != ZkError::kNoNode; }
// One node that we may not read holds up nobody else; a list that we may not read is no empty list.
bool WorthAskingAgain(ZkError error) { return SaysNothing(error) && error != ZkError::kAuthFailed; }

void NoteRetry(const std::string& path, ZkError error) {
  LOG_IF_EVERY_N(WARNING, error != ZkError::kConnectionLoss, 100)
      << "controller: reading " << path << ": " << ToString(error) << "; trying again";
}

// Counts answers that come in any order; `done` once all are there, also when there are none.
struct Countdown {
  std::size_t left;
  Task done;
  void One() {
    if (--left == 0) done();
  }
};

}  // namespace

template <class F>
auto ZkReader::Guard(F f) {
  return [alive = std::weak_ptr<bool>(alive_), f = std::move(f)](auto&&... args) mutable {
    if (!alive.expired()) f(std::forward<decltype(args)>(args)...);
  };
}

ZkReader::ZkReader(Executor& executor, ZkClient& zk, Watches watches)
    : executor_(executor), zk_(zk), watches_(std::move(watches)) {}

ZkClient::Watch ZkReader::WatchFor(const std::string& key, std::function<void()> changed) {
  if (!changed || !armed_.insert(key).second) return nullptr;
  return Guard([this, key, changed = std::move(changed)](const ZkWatchEvent&) {
    armed_.erase(key);
    changed();
  });
}

void ZkReader::Get(const std::string& path, std::function<void()> changed, NodeDone done) {
  zk_.Get(path, WatchFor("data " + path, changed),
          Guard([this, path, changed, done = std::move(done)](ZkError error, ZkData data, const ZkStat& stat) mutable {
            if (error == ZkError::kSessionExpired) return;  // the term ends with the session
            if (error != ZkError::kOk && changed) armed_.erase("data " + path);
            if (WorthAskingAgain(error)) {
              NoteRetry(path, error);
              executor_.RunAfter(kZkRetryAfter, Guard([this, path, changed, done = std::move(done)]() mutable {
                                   Get(path, std::move(changed), std::move(done));
                                 }));
              return;
            }
            done(error, std::move(data), stat);
          }));
}

void ZkReader::List(const std::string& path, std::function<void()> changed, NamesDone done) {
  zk_.Children(
      path, WatchFor("children " + path, changed),
      Guard([this, path, changed, done = std::move(done)](ZkError error, std::vector<std::string> names) mutable {
        if (error == ZkError::kSessionExpired) return;
        if (error != ZkError::kOk) armed_.erase("children " + path);
        if (SaysNothing(error)) {
          NoteRetry(path, error);
          executor_.RunAfter(kZkRetryAfter, Guard([this, path, changed, done = std::move(done)]() mutable {
                               List(path, std::move(changed), std::move(done));
                             }));
          return;
        }
        if (error != ZkError::kOk) LOG(WARNING) << "controller: listing " << path << ": " << ToString(error);
        done(std::move(names));
      }));
}

// Only creation counts: a change or the end of the node sets the watch again without a word.
void ZkReader::WatchCreation(const std::string& path, const std::function<void()>& created, bool was_deleted) {
  zk_.Exists(path, Guard([this, path, created](const ZkWatchEvent& event) {
               if (event.kind == ZkWatchEvent::Kind::kCreated) {
                 armed_.erase(path);
                 created();
               } else {
                 WatchCreation(path, created, event.kind == ZkWatchEvent::Kind::kDeleted);
               }
             }),
             Guard([this, path, created, was_deleted](ZkError error, const ZkStat&) {
               if (WorthAskingAgain(error) && error != ZkError::kSessionExpired) {
                 NoteRetry(path, error);
                 executor_.RunAfter(kZkRetryAfter, Guard([this, path, created, was_deleted] {
                                      WatchCreation(path, created, was_deleted);
                                    }));
               } else if (error == ZkError::kOk && was_deleted) {
                 created();  // anew, before the watch was set again
               }
             }));
}

void ZkReader::Exists(const std::string& path, const std::function<void()>& created, NodeDone done) {
  // One session's requests are answered in order: the read sees at least what the watch did.
  if (armed_.insert(path).second) WatchCreation(path, created, false);
  Get(path, nullptr, std::move(done));
}

void ZkReader::Node(const std::string& path, NodeDone done) { Get(path, nullptr, std::move(done)); }
void ZkReader::TopicNames(NamesDone done) { List(zk::kBrokerTopics, watches_.topics, std::move(done)); }
void ZkReader::Deletions(NamesDone done) { List(zk::kDeleteTopics, watches_.deletions, std::move(done)); }
void ZkReader::IsrChanges(NamesDone done) { List(zk::kIsrChanges, watches_.isr_changes, std::move(done)); }
void ZkReader::LogDirEvents(NamesDone done) { List(zk::kLogDirEvents, watches_.log_dir_events, std::move(done)); }
void ZkReader::PreferredElection(NodeDone done) {
  Exists(zk::kPreferredElection, watches_.preferred_election, std::move(done));
}
void ZkReader::Reassignment(NodeDone done) { Exists(zk::kReassignPartitions, watches_.reassignment, std::move(done)); }

void ZkReader::Brokers(BrokersDone done) {
  List(zk::kBrokerIds, watches_.brokers, [this, done = std::move(done)](const std::vector<std::string>& names) mutable {
    auto nodes = std::make_shared<std::vector<BrokerNode>>();
    auto all = std::make_shared<Countdown>();
    all->left = names.size() + 1;
    all->done = [nodes, done = std::move(done)]() mutable { done(std::move(*nodes)); };
    for (const std::string& name : names) {
      Get(zk::Child(zk::kBrokerIds, name), watches_.brokers,
          [nodes, all, name](ZkError error, ZkData data, const ZkStat& stat) {
            if (error == ZkError::kOk) nodes->push_back({name, std::move(data), stat});
            all->One();
          });
    }
    all->One();
  });
}

void ZkReader::Topics(const std::vector<std::string>& names, TopicsDone done) {
  auto nodes = std::make_shared<std::vector<TopicNode>>();
  auto all = std::make_shared<Countdown>();
  all->left = names.size() + 1;
  all->done = [nodes, done = std::move(done)]() mutable { done(std::move(*nodes)); };
  for (const std::string& name : names) {
    Get(
        zk::Topic(name), [this, name] { watches_.topic(name); },
        [nodes, all, name](ZkError error, ZkData data, const ZkStat& stat) {
          if (error == ZkError::kOk) nodes->push_back({name, std::move(data), stat});
          all->One();
        });
  }
  all->One();
}

void ZkReader::States(const std::vector<TopicNode>& topics, StatesDone done) {
  auto states = std::make_shared<std::map<TopicPartition, StateNode>>();
  auto all = std::make_shared<Countdown>();
  all->left = 1;
  all->done = [states, done = std::move(done)]() mutable { done(std::move(*states)); };
  for (const TopicNode& topic : topics) {
    const Result<zk::TopicAssignment> assignment = zk::DecodeTopic(topic.data);
    if (!assignment.ok()) continue;
    for (const auto& [number, replicas] : assignment->partitions) {
      ++all->left;
      Get(zk::State(topic.name, number), nullptr,
          [states, all, tp = TopicPartition{topic.name, number}](ZkError error, ZkData data, const ZkStat& stat) {
            if (error == ZkError::kOk) (*states)[tp] = {std::move(data), stat};
            all->One();
          });
    }
  }
  all->One();
}

struct ZkReader::Load {
  BecameController event;
  Remove remove;
  UniqueFunction<void(BecameController)> done;
};

void ZkReader::LoadAll(ControllerEpoch epoch, Remove remove, UniqueFunction<void(BecameController)> done) {
  auto load = std::make_shared<Load>();
  load->event.epoch = epoch;
  load->remove = std::move(remove);
  load->done = std::move(done);
  // Whatever they told of is read below.
  LogDirEvents([this, load](const std::vector<std::string>& events) {
    IsrChanges([this, load, events](const std::vector<std::string>& changes) {
      std::vector<std::string> paths;
      paths.reserve(events.size() + changes.size());
      for (const std::string& name : events) paths.push_back(zk::Child(zk::kLogDirEvents, name));
      for (const std::string& name : changes) paths.push_back(zk::Child(zk::kIsrChanges, name));
      load->remove(std::move(paths), [this, load] { LoadTree(load); });
    });
  });
}

void ZkReader::LoadTree(const std::shared_ptr<Load>& load) {
  Brokers([this, load](std::vector<BrokerNode> brokers) {
    load->event.brokers = std::move(brokers);
    TopicNames([this, load](const std::vector<std::string>& names) {
      Topics(names, [this, load](std::vector<TopicNode> topics) {
        load->event.topics = std::move(topics);
        States(load->event.topics, [this, load](std::map<TopicPartition, StateNode> states) {
          load->event.states = std::move(states);
          LoadAdmin(load);
        });
      });
    });
  });
}

void ZkReader::LoadAdmin(const std::shared_ptr<Load>& load) {
  Deletions([this, load](std::vector<std::string> names) {
    load->event.delete_topics = std::move(names);
    PreferredElection([this, load](ZkError error, ZkData data, const ZkStat&) {
      if (error == ZkError::kOk) load->event.preferred_election = std::move(data);
      Reassignment([load](ZkError e, ZkData d, const ZkStat&) {
        if (e == ZkError::kOk) load->event.reassignment = std::move(d);
        load->done(std::move(load->event));
      });
    });
  });
}

}  // namespace ottla::controller
