// What handlers may use. `ApiServices` is shared by all loops; `ApiLoop` belongs to one data loop. Both outlive every
// request.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <unordered_map>

#include "broker/api/fetch_session.h"
#include "broker/api/metadata_waiters.h"
#include "broker/api/topic_admin.h"
#include "broker/log/append_check.h"
#include "broker/replica/partition_shard.h"
#include "broker/replica/replica_manager.h"
#include "broker/txn/producer_ids.h"
#include "common/config/broker_config.h"
#include "controller/shell/handle.h"

namespace ottla {

struct ApiServices {
  std::shared_ptr<const BrokerConfig> config;
  BrokerId self;
  std::string cluster_id;  // set before the first request
  const Clock& clock;
  Executors& executors;
  PartitionShards& shards;
  ReplicaManager& replicas;  // on the control loop
  controller::ControllerHandle& controller;
  TopicAdmin& topics;
  ProducerIds& producer_ids;  // on the control loop
  TopicConfigSource topic_config;
  std::function<std::int64_t()> finalized_features_epoch;  // any thread; -1: /feature not read yet
};

class FetchOperation;

struct ApiLoop {
  ApiLoop(ApiServices& all, std::size_t loop_index, std::size_t session_slots, Random random)
      : services(all),
        index(loop_index),
        executor(all.executors.Data(loop_index)),
        shard(all.shards.at(loop_index)),
        sessions(session_slots, random),
        waiters(executor) {}

  const MetadataPtr& metadata() const { return shard.metadata(); }

  ApiServices& services;
  const std::size_t index;
  Executor& executor;
  PartitionShard& shard;
  FetchSessionCache sessions;
  AppendScratch scratch;  // what the codecs keep between batches
  MetadataWaiters waiters;
  // False in a new process until topics were seen or waited for: Metadata is held back for a moment, not answered with
  // an empty cluster.
  bool told_by_controller = false;
  // Fetches that wait for bytes, by connection (one each: Fetch is not pipelined), so that a connection that goes takes
  // its watches along.
  std::unordered_map<std::uint64_t, std::weak_ptr<FetchOperation>> waiting_fetches;
};

}  // namespace ottla
