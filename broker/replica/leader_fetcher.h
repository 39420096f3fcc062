// The partitions that this broker pulls from one leader: one connection, one request in flight, one incremental
// session. What comes is handed to the shards that own the partitions; what they want next is put into the following
// request. Owner: data loop leader % loops. Nothing here survives a crash; LeaderAndIsr starts it again. Quicker than
// Kafka in two places: the pause after an error begins at 50 ms and grows to replica.fetch.backoff.ms, and a partition
// that is new to a fetcher does not wait until the request in flight has been answered (the connection is dropped
// instead).
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "broker/replica/fetch_answers.h"
#include "broker/replica/fetch_plan.h"
#include "broker/replica/partition_shard.h"
#include "common/base/executor.h"
#include "common/base/ids.h"
#include "common/net/loop_context.h"
#include "common/net/network.h"
#include "common/net/rpc_channel.h"

namespace ottla {

struct FetcherOptions {
  BrokerId self;
  std::string inter_broker_listener;
  std::int16_t fetch_version = 17;  // by inter.broker.protocol.version
  std::int16_t list_offsets_version = 9;
  std::int32_t wait_max_ms = 500;              // replica.fetch.wait.max.ms
  std::int32_t min_bytes = 1;                  // replica.fetch.min.bytes
  std::int32_t max_bytes = 10 << 20;           // replica.fetch.response.max.bytes
  std::int32_t partition_max_bytes = 1 << 20;  // replica.fetch.max.bytes
  Micros backoff{std::chrono::seconds(1)};     // replica.fetch.backoff.ms
  Micros request_timeout{std::chrono::seconds(30)};
};

// What the fetchers of a broker share.
struct FetcherWorld {
  PartitionShards& shards;
  Network& network;
  const FetcherOptions options;
  std::atomic<std::int64_t> broker_epoch{-1};  // any thread
};

class LeaderFetcher : public std::enable_shared_from_this<LeaderFetcher> {
 public:
  // `world` and `context` outlive this. `loop`: the index of the context's loop.
  LeaderFetcher(FetcherWorld& world, LoopContext& context, std::size_t loop, BrokerId leader, std::uint64_t seed);

  void Start(const FetchControl::Start& start) { plan_.Start(start); }
  void Stop(const TopicPartition& tp) { plan_.Stop(tp); }
  void Kick(bool started);  // after a round of Start and Stop
  void Halt();              // for good: drops the connection and the call in flight

 private:
  void Next();
  bool Connect();
  void Fetch();
  void OnReply(Result<RpcReply> reply);
  void OnFetchLost(const Status& status);
  void OnSessionRefused(ErrorCode error);
  bool AskOffsets(PulledPartition::State state);
  void OnOffsets(const OffsetsQuestion& question, const Result<RpcReply>& reply);

  // Hands each slice to the owner of its partition; goes on when all have answered.
  void Apply(std::vector<FollowerSlice> slices);
  void Hand(std::size_t shard, std::vector<FollowerSlice> slices);
  void OnSteps(const std::vector<AskedPartition>& asked, const std::vector<FollowerStep>& steps);
  void Arrived();

  void Pause();
  void Arm(MonoTime when);

  FetcherWorld& world_;
  LoopContext& context_;
  const std::size_t loop_;
  const BrokerId leader_;
  const std::uint64_t seed_;
  FetchPlan plan_;
  std::unique_ptr<RpcChannel> channel_;
  bool busy_ = false;             // a request is in flight, or owners are at work on its answer
  bool fetch_in_flight_ = false;  // a Fetch, which the leader may hold back for wait_max_ms
  bool interrupted_ = false;      // its connection was dropped on purpose
  bool halted_ = false;
  std::size_t missing_ = 0;  // owners that have not answered
  int failures_ = 0;         // in a row; the pause grows with it
  int refused_ = 0;          // sessions in a row
  MonoTime sent_at_{};
  MonoTime interrupted_at_;
  MonoTime paused_until_{};
  TimerId timer_ = 0;
  MonoTime timer_at_{};
};

}  // namespace ottla
