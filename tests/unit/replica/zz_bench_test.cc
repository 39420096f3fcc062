#include <gtest/gtest.h>
#include <chrono>
#include "replica_harness.h"
namespace ottla {
TEST(Bench, Fetch1000) {
  ReplicaHarness broker(1);
  std::vector<ReplicaHarness::Part> parts;
  for (int i = 0; i < 1'000; ++i) parts.push_back({.partition = i});
  broker.Metadata({1, 2, 3}, parts);
  broker.LeaderAndIsr(parts);
  broker.On([&](PartitionShard& shard) {
    const auto begin = std::chrono::steady_clock::now();
    for (int round = 0; round < 100; ++round) {
      FetchRequestSlice request;
      request.params = {.replica_id = BrokerId(2)};
      for (int i = 0; i < 1000; ++i) request.partitions.push_back({.topic = "t", .partition = i, .topic_id = TopicId(1), .fetch_offset = Offset(0), .log_start_offset = Offset(0), .max_bytes = 1 << 20, .current_leader_epoch = LeaderEpoch(0), .last_fetched_epoch = LeaderEpoch(0)});
      request.max_bytes = 1 << 20;
      request.watch_bytes = 1;
      request.on_ready = [] {};
      shard.Fetch(std::move(request), [&](FetchResult result) { shard.CancelWatch(result.watch); });
    }
    const auto us = std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now() - begin).count();
    std::cerr << "us per fetch of 1000 partitions: " << us / 100 << "\n";
  });
}
}
