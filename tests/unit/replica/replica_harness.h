// The replicas of one broker on simulated loops and disk, with the controller and the other brokers played by the test.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "../log/log_harness.h"
#include "broker/replica/follower_core.h"
#include "broker/replica/partition_shard.h"
#include "broker/replica/replica_manager.h"
#include "common/record/batch_builder.h"
#include "common/record/record_batch.h"
#include "tests/sim/env/sim_files.h"
#include "topic_ids.h"

namespace ottla {

class RecordingIsrSender final : public IsrSender {
 public:
  struct Entry {
    IsrProposal proposal;
    UniqueFunction<void(IsrAnswer)> done;
  };
  void Propose(IsrProposal proposal, UniqueFunction<void(IsrAnswer)> done) override {
    entries.push_back({std::move(proposal), std::move(done)});
  }
  std::vector<Entry> entries;
};

class RecordingFetchers final : public FetchControl {
 public:
  void StartFetching(std::vector<Start> partitions) override {
    for (Start& start : partitions) started.push_back(std::move(start));
  }
  void StopFetching(std::vector<TopicPartition> partitions) override {
    for (TopicPartition& tp : partitions) stopped.push_back(std::move(tp));
  }
  std::vector<Start> started;
  std::vector<TopicPartition> stopped;
};

class RecordingListener final : public LeadershipListener {
 public:
  void OnElected(const TopicPartition& tp, LeaderEpoch epoch) override { Add("elected", tp, epoch); }
  void OnResigned(const TopicPartition& tp, LeaderEpoch epoch) override { Add("resigned", tp, epoch); }
  void OnDeleted(const std::vector<TopicPartition>& partitions) override {
    for (const auto& tp : partitions) events.push_back("deleted " + tp.ToString());
  }
  void OnMetadata(const MetadataPtr& view) override { brokers = view->brokers().size(); }
  std::vector<std::string> events;
  std::size_t brokers = 0;

 private:
  void Add(const std::string& what, const TopicPartition& tp, LeaderEpoch epoch) {
    events.push_back(what + " " + tp.ToString() + " " + std::to_string(epoch.value));
  }
};

class ReplicaHarness {
 public:
  static constexpr int kSelf = 1;

  explicit ReplicaHarness(std::size_t data_loops = 1, std::vector<std::string> dirs = {"/d0"}, std::uint64_t seed = 1)
      : files(seed), log(files, std::move(dirs), seed, data_loops) {
    log.options.loop_of = [data_loops](const TopicPartition& tp) {
      return ShardIndex(tp.topic, tp.partition, data_loops);
    };
    topic_config.min_insync_replicas = 1;
    Boot();
  }
  ~ReplicaHarness() { log.loops.Close(); }

  void Boot() {
    OTTLA_CHECK(log.Start().ok());
    env = std::make_unique<ReplicaEnv>(ReplicaEnv{
        .clock = log.clock,
        .logs = *log.manager,
        .topic_config = [this](std::string_view) { return std::make_shared<const TopicConfig>(topic_config); },
        .log_config = [this](const std::string&) { return log.config; },
        .isr_sender = &isr,
        .fetchers = &fetchers,
        .options = {.self = BrokerId(kSelf)}});
    shards = std::make_unique<PartitionShards>(log.loops, *env);
    manager = std::make_unique<ReplicaManager>(log.loops.Control(), *shards, *log.manager, ReplicaManager::Options{});
    manager->AddListener(&listener);
    Register(0);
  }
  void Register(std::int64_t epoch) {
    log.Await<bool>(log.loops.Control(), [&](auto done) {
      manager->SetBrokerEpoch(BrokerEpoch(epoch));
      done(true);
    });
  }

  // --- The controller.
  struct Part {
    std::string topic = "t";
    int partition = 0;
    int leader = kSelf;
    int epoch = 0;
    int partition_epoch = 0;
    std::vector<std::int32_t> replicas = {1, 2, 3};
    std::vector<std::int32_t> isr = {1, 2, 3};
    Uuid id = TopicId(1);
    bool is_new = true;
  };

  ControlOutcome Metadata(const std::vector<int>& brokers, const std::vector<Part>& parts, int controller_epoch = 1) {
    UpdateMetadataRequest request;
    request.controller_id = 1;
    request.controller_epoch = controller_epoch;
    for (const int id : brokers) {
      UpdateMetadataRequest::UpdateMetadataBroker broker;
      broker.id = id;
      broker.rack = rack_of.contains(id) ? std::string_view(rack_of[id]) : std::string_view();
      broker.endpoints.push_back({.port = 9000 + id, .host = "h", .listener = "PLAINTEXT"});
      request.live_brokers.push_back(broker);
    }
    for (const Part& part : parts) {
      UpdateMetadataRequest::UpdateMetadataPartitionState state;
      state.partition_index = part.partition;
      state.leader = part.leader;
      state.leader_epoch = part.epoch;
      state.replicas = part.replicas;
      state.isr = part.isr;
      request.topic_states.push_back({.topic_name = part.topic, .topic_id = part.id, .partition_states = {state}});
    }
    return log.Await<ControlOutcome>(log.loops.Control(), [&](auto done) {
      manager->UpdateMetadata(request, 8,
                              [done = std::move(done)](ControlOutcome out) mutable { done(std::move(out)); });
    });
  }

  ControlOutcome LeaderAndIsr(const std::vector<Part>& parts, int controller_epoch = 1,
                              std::int64_t broker_epoch = -1) {
    LeaderAndIsrRequest request;
    request.controller_epoch = controller_epoch;
    request.broker_epoch = broker_epoch;
    for (const Part& part : parts) {
      LeaderAndIsrRequest::LeaderAndIsrPartitionState state;
      state.partition_index = part.partition;
      state.leader = part.leader;
      state.leader_epoch = part.epoch;
      state.partition_epoch = part.partition_epoch;
      state.replicas = part.replicas;
      state.isr = part.isr;
      state.is_new = part.is_new;
      request.topic_states.push_back({.topic_name = part.topic, .topic_id = part.id, .partition_states = {state}});
    }
    return log.Await<ControlOutcome>(log.loops.Control(), [&](auto done) {
      manager->LeaderAndIsr(request, 7, [done = std::move(done)](ControlOutcome out) mutable { done(std::move(out)); });
    });
  }
  ErrorCode Lead(const Part& part) {
    Metadata({1, 2, 3}, {part});
    const ControlOutcome outcome = LeaderAndIsr({part});
    return outcome.error != ErrorCode::kNone ? outcome.error : outcome.partitions.at(0).error;
  }

  ControlOutcome Stop(const Part& part, bool remove, int epoch) {
    return log.Await<ControlOutcome>(log.loops.Control(),
                                     [&](auto done) { SendStop(part, remove, epoch, std::move(done)); });
  }
  // Does not wait for the end of it.
  void BeginStop(const Part& part, bool remove, int epoch, std::function<void(const ControlOutcome&)> done) {
    log.Await<bool>(log.loops.Control(), [&](auto begun) {
      SendStop(part, remove, epoch, done);
      begun(true);
    });
  }
  template <class Done>
  void SendStop(const Part& part, bool remove, int epoch, Done done) {
    StopReplicaRequest request;
    request.controller_epoch = 1;
    StopReplicaRequest::StopReplicaPartitionState state;
    state.partition_index = part.partition;
    state.leader_epoch = epoch;
    state.delete_partition = remove;
    request.topic_states.push_back({.topic_name = part.topic, .partition_states = {state}});
    manager->StopReplica(request, 4, [done = std::move(done)](ControlOutcome out) mutable { done(std::move(out)); });
  }

  // --- Clients and followers. Outcomes land in shared slots, so that a test sees what has been answered by now.
  PartitionShard& Shard(const std::string& topic = "t", int partition = 0) { return shards->Of(topic, partition); }

  // Runs `work(shard)` on the shard's loop, at once.
  template <class F>
  void On(F&& work, const std::string& topic = "t", int partition = 0) {
    PartitionShard& shard = Shard(topic, partition);
    log.Await<bool>(shard.loop(), [&](auto done) {
      work(shard);
      done(true);
    });
  }

  static std::string Batch(int records = 1, std::int64_t producer = -1, std::int16_t epoch = -1,
                           std::int32_t sequence = -1, std::size_t value_bytes = 10) {
    BatchBuilder builder({.producer_id = producer, .producer_epoch = epoch, .base_sequence = sequence});
    const std::string value(value_bytes, 'v');
    for (int i = 0; i < records; ++i) builder.Append(1'731'000'000'000, std::nullopt, value);
    std::string out;
    builder.Build(nullptr, out);
    return out;
  }

  using ProduceSlot = std::shared_ptr<std::optional<ProduceResult>>;
  ProduceSlot Produce(std::string bytes, std::int16_t acks = -1, Millis timeout = Millis(30'000), int partition = 0) {
    auto slot = std::make_shared<std::optional<ProduceResult>>();
    On(
        [&](PartitionShard& shard) {
          auto owner = std::make_shared<std::string>(std::move(bytes));
          AppendScratch scratch;
          AppendRequest request;
          request.topic = "t";
          request.partition = partition;
          request.batch = CheckAppend(*owner, {}, {.now_ms = log.clock.WallMillis()}, scratch);
          request.keep_alive = owner;
          request.acks = acks;
          request.timeout = timeout;
          shard.Append(std::move(request), [slot](ProduceResult result) { *slot = std::move(result); });
        },
        "t", partition);
    log.Settle(Millis(1));  // the first append of a log creates its files on the disk thread
    return slot;
  }

  struct FetchSlot {
    std::optional<FetchResult> result;
    int fired = 0;
    std::string bytes() const { return LogHarness::Bytes(result->partitions.at(0).records); }
  };
  std::shared_ptr<FetchSlot> Fetch(FetchParams params, FetchPartition ask, std::uint64_t watch_bytes = 0,
                                   std::uint64_t max_bytes = 1 << 20, bool record_progress = true) {
    auto slot = std::make_shared<FetchSlot>();
    if (ask.topic.empty()) ask.topic = "t";
    if (ask.max_bytes == 0) ask.max_bytes = 1 << 20;
    On([&](PartitionShard& shard) {
      FetchRequestSlice request;
      request.params = params;
      request.partitions = {ask};
      request.max_bytes = max_bytes;
      request.record_progress = record_progress;
      request.watch_bytes = watch_bytes;
      request.on_ready = [slot] { ++slot->fired; };
      shard.Fetch(std::move(request), [slot](FetchResult result) { slot->result = std::move(result); });
    });
    log.scheduler.RunUntil([&] { return slot->result.has_value(); }, Millis(5'000));
    log.Settle(Millis(1));
    return slot;
  }
  std::shared_ptr<FetchSlot> FollowerFetch(int broker, std::int64_t offset, std::uint64_t watch_bytes = 0,
                                           int last_epoch = -1) {
    return Fetch(
        {.replica_id = BrokerId(broker)},
        {.fetch_offset = Offset(offset), .log_start_offset = Offset(0), .last_fetched_epoch = LeaderEpoch(last_epoch)},
        watch_bytes);
  }

  PartitionInfo Info(int partition = 0) {
    std::optional<PartitionInfo> info;
    On([&](PartitionShard& shard) { info = shard.Info("t", partition); }, "t", partition);
    return info.value();
  }

  // What a leader sent for t-0: the bytes of its log from the asked offset on.
  FollowerStep Sent(FollowerSlice slice) {
    if (slice.tp == nullptr) slice.tp = std::make_shared<const TopicPartition>(TopicPartition{"t", 0});
    return log.Await<FollowerStep>(Shard().loop(), [&](auto done) {
      std::vector<FollowerSlice> slices;
      slices.push_back(std::move(slice));
      Shard().ApplyFetched(std::move(slices), [done = std::move(done)](const std::vector<FollowerStep>& steps) mutable {
        done(steps.at(0));
      });
    });
  }
  FollowerStep SentBatch(std::string bytes, std::int64_t offset, int leader_epoch, std::int64_t high_watermark,
                         int batch_epoch = -1) {
    SetBaseOffset(bytes.data(), Offset(offset));
    SetLeaderEpoch(bytes.data(), LeaderEpoch(batch_epoch < 0 ? leader_epoch : batch_epoch));
    auto owner = std::make_shared<std::string>(std::move(bytes));
    FollowerSlice slice;
    slice.leader_epoch = LeaderEpoch(leader_epoch);
    slice.answer.asked_offset = Offset(offset);
    slice.records = *owner;
    slice.owner = owner;
    slice.high_watermark = Offset(high_watermark);
    slice.leader_log_start = Offset(0);
    return Sent(std::move(slice));
  }

  sim::SimFiles files;
  LogHarness log;
  TopicConfig topic_config;
  std::map<int, std::string> rack_of;
  RecordingIsrSender isr;
  RecordingFetchers fetchers;
  RecordingListener listener;
  std::unique_ptr<ReplicaEnv> env;
  std::unique_ptr<PartitionShards> shards;
  std::unique_ptr<ReplicaManager> manager;
};

}  // namespace ottla
