// What can happen to the controller. Times, ZooKeeper and brokers reach the core only as these.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "controller/core/effects.h"
#include "controller/core/requests.h"

namespace ottla::controller {

struct BrokerNode {
  std::string name;  // the child's name, perhaps no number
  ZkData data;
  ZkStat stat;  // czxid: broker epoch
};
struct TopicNode {
  std::string name;
  ZkData data;
  ZkStat stat;
};
struct StateNode {
  ZkData data;
  ZkStat stat;  // version: partition epoch; mzxid against the registrations' czxid
};

// /controller is ours. Everything read since then; both notification queues are emptied already.
struct BecameController {
  ControllerEpoch epoch;
  std::vector<BrokerNode> brokers;
  std::vector<TopicNode> topics;
  std::map<TopicPartition, StateNode> states;  // those that exist
  std::vector<std::string> delete_topics;
  std::optional<ZkData> preferred_election;  // the node's data, if it exists
  std::optional<ZkData> reassignment;
};
// /controller is lost, or fencing said so. Waiting callers are answered; everything is forgotten.
struct Resigned {};

struct BrokersChanged {
  std::vector<BrokerNode> brokers;  // all of them
};
struct TopicsChanged {
  std::vector<std::string> names;  // all of them
  std::vector<TopicNode> nodes;    // of those that were not read before
};
struct TopicChanged {
  TopicNode node;
};
struct DeletionsListed {
  std::vector<std::string> names;  // children of /admin/delete_topics
};
struct PreferredElectionAsked {
  ZkData data;
};
struct ReassignmentAsked {
  ZkData data;
};
struct IsrChangesNotified {
  std::vector<TopicPartition> partitions;  // written by old leaders on their own; to be read again
};
struct LogDirsFailed {
  std::vector<BrokerId> brokers;
};

// A control request was answered. Errors of partitions are keyed by name; those of unknown topic ids are left out.
struct ControlAnswered {
  enum class Kind { kLeaderAndIsr, kUpdateMetadata, kStopReplica } kind = Kind::kLeaderAndIsr;
  BrokerId broker;
  BrokerEpoch broker_epoch;
  ErrorCode error = ErrorCode::kNone;
  std::vector<std::pair<TopicPartition, ErrorCode>> partitions;
};

struct CommandReceived {
  RequestId id = 0;
  Command command;
};
struct TopicConfigChanged {
  std::string topic;
};
struct UncleanDefaultChanged {
  bool enabled = false;
};
struct RebalanceDue {};  // auto.leader.rebalance

struct ZkDone {
  std::vector<ZkReadResult> reads;    // as asked
  std::vector<ZkWriteResult> writes;  // as asked
};

using Event =
    std::variant<BecameController, Resigned, BrokersChanged, TopicsChanged, TopicChanged, DeletionsListed,
                 PreferredElectionAsked, ReassignmentAsked, IsrChangesNotified, LogDirsFailed, ControlAnswered,
                 CommandReceived, TopicConfigChanged, UncleanDefaultChanged, RebalanceDue, ZkDone>;

}  // namespace ottla::controller
