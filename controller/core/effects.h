// What the controller core asks for. The shell carries effects out in the order given and reports back with an event.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "common/base/ids.h"
#include "common/zk/zk_client.h"
#include "controller/core/cluster_state.h"
#include "controller/core/requests.h"

namespace ottla::controller {

using RequestId = std::uint64_t;  // the shell's name for a waiting caller

// One all-or-nothing piece of ZooKeeper work, fenced by the shell with the controller epoch's version. The shell may
// put several into one multi; if that fails it finds the culprit and carries the others out without it.
struct ZkWrite {
  std::vector<ZkOp> ops;
  std::string delete_tree;  // instead of `ops`: this path with all that is below it; absent is fine
};
struct ZkWriteResult {
  ZkError error = ZkError::kOk;
  std::size_t failed_op = 0;
  std::vector<ZkOpResult> results;  // when kOk
  // kBadVersion and kNodeExists: what the culprit's path holds now.
  ZkError found_error = ZkError::kNoNode;
  ZkData found;
  ZkStat found_stat;
};
struct ZkReadResult {
  ZkError error = ZkError::kOk;
  ZkData data;
  ZkStat stat;
};
// At most one is in flight: until its ZkDone the core is busy.
struct ZkRequest {
  std::vector<std::string> reads;
  std::vector<ZkWrite> writes;
};

// --- control requests, one broker each ---
struct PartitionImage {
  TopicPartition partition;
  Uuid topic_id;
  zk::PartitionStateData state;
  PartitionEpoch partition_epoch;
  zk::PartitionReplicas assignment;
  std::vector<BrokerId> offline;  // replicas; UpdateMetadata
  bool is_new = false;            // LeaderAndIsr
};
struct LiveLeader {
  BrokerId id;
  std::string host;
  std::int32_t port = 0;
};
struct LeaderAndIsrRequestPlan {
  std::vector<PartitionImage> partitions;  // sorted
  std::vector<LiveLeader> live_leaders;
};
// The same for every broker addressed.
struct UpdateMetadataRequestPlan {
  std::shared_ptr<const std::vector<PartitionImage>> partitions;
  std::shared_ptr<const std::vector<Broker>> live_brokers;
};
struct StopReplicaRequestPlan {
  struct Item {
    TopicPartition partition;
    LeaderEpoch leader_epoch;  // -2: the topic is being deleted; -1: unknown
    bool delete_partition = false;
  };
  std::vector<Item> items;  // sorted
};
struct ControlRequest {
  BrokerId broker;
  BrokerEpoch broker_epoch;
  ControllerEpoch controller_epoch;
  std::variant<LeaderAndIsrRequestPlan, UpdateMetadataRequestPlan, StopReplicaRequestPlan> body;
};

// To be queued for the broker, after everything queued before.
struct SendControl {
  ControlRequest request;
};
// A broker is there (or there anew: what is queued for its earlier incarnation is dropped).
struct OpenChannel {
  Broker broker;
};
struct CloseChannel {
  BrokerId broker;
};
struct Reply {
  RequestId to = 0;
  Answer answer;
};
// Something an operator should know; `counter` names a metric that grows by one.
struct Note {
  enum class Level { kInfo, kWarning, kError } level = Level::kInfo;
  std::string text;
  std::string counter;
};

using Effect = std::variant<ZkRequest, SendControl, OpenChannel, CloseChannel, Reply, Note>;
using Effects = std::vector<Effect>;

}  // namespace ottla::controller
