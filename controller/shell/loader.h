// Reads the whole cluster for a controller that has just been elected: notification queues emptied, then brokers,
// topics, partition states and pending admin work, with many reads under way at once.
#pragma once

#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "common/base/executor.h"
#include "common/base/unique_function.h"
#include "common/zk/zk_client.h"
#include "controller/core/events.h"

namespace ottla::controller {

// What a watch found changed; the runner decides what to read again.
struct Watches {
  std::function<void()> brokers;                  // children of /brokers/ids, or the data of one
  std::function<void()> topics;                   // children of /brokers/topics
  std::function<void(const std::string&)> topic;  // data of one topic
  std::function<void()> deletions;
  std::function<void()> isr_changes;
  std::function<void()> log_dir_events;
  std::function<void()> preferred_election;  // created
  std::function<void()> reassignment;        // created
};

// Reads that never give up: a lost connection is waited for. Owner: the control executor; after destruction nothing is
// answered.
class ZkReader {
 public:
  ZkReader(Executor& executor, ZkClient& zk, Watches watches);

  using BrokersDone = UniqueFunction<void(std::vector<BrokerNode>)>;
  using NamesDone = UniqueFunction<void(std::vector<std::string>)>;
  using TopicsDone = UniqueFunction<void(std::vector<TopicNode>)>;
  using StatesDone = UniqueFunction<void(std::map<TopicPartition, StateNode>)>;
  using NodeDone = UniqueFunction<void(ZkError, ZkData, const ZkStat&)>;

  // All with a watch set.
  void Brokers(BrokersDone done);
  void TopicNames(NamesDone done);
  void Topics(const std::vector<std::string>& names, TopicsDone done);  // those that exist
  void Deletions(NamesDone done);
  void IsrChanges(NamesDone done);
  void LogDirEvents(NamesDone done);
  void PreferredElection(NodeDone done);  // watches creation
  void Reassignment(NodeDone done);
  // Without.
  void States(const std::vector<TopicNode>& topics, StatesDone done);
  void Node(const std::string& path, NodeDone done);

  // Everything for a takeover. Deletes both notification queues through `remove` first (fenced).
  using Remove = std::function<void(std::vector<std::string> paths, Task done)>;
  void LoadAll(ControllerEpoch epoch, Remove remove, UniqueFunction<void(BecameController)> done);

 private:
  struct Load;
  void Get(const std::string& path, std::function<void()> changed, NodeDone done);
  void List(const std::string& path, std::function<void()> changed, NamesDone done);
  void WatchCreation(const std::string& path, const std::function<void()>& created, bool was_deleted);
  void Exists(const std::string& path, const std::function<void()>& created, NodeDone done);
  ZkClient::Watch WatchFor(const std::string& key, std::function<void()> changed);
  void LoadTree(const std::shared_ptr<Load>& load);
  void LoadAdmin(const std::shared_ptr<Load>& load);
  template <class F>
  auto Guard(F f);

  Executor& executor_;
  ZkClient& zk_;
  const Watches watches_;
  // Kind and path of watches that are set: reading again must not pile up more of them.
  std::set<std::string> armed_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace ottla::controller
