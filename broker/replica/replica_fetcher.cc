#include "broker/replica/replica_fetcher.h"

#include <unordered_map>
#include <utility>

#include "common/base/random.h"

namespace ottla {

struct ReplicaFetchers::Loop {
  std::size_t index = 0;
  LoopContext* context = nullptr;
  Random random{0};
  bool stopped = false;
  std::unordered_map<BrokerId, std::shared_ptr<LeaderFetcher>> by_leader;
  std::unordered_map<TopicPartition, BrokerId> leader_of;
};

ReplicaFetchers::ReplicaFetchers(PartitionShards& shards, std::vector<LoopContext*> contexts, Network& network,
                                 std::uint64_t seed, FetcherOptions options)
    : world_{.shards = shards, .network = network, .options = std::move(options)} {
  Random random(seed);
  for (std::size_t i = 0; i < contexts.size(); ++i) {
    auto loop = std::make_shared<Loop>();
    loop->index = i;
    loop->context = contexts[i];
    loop->random = random.Fork();
    loops_.push_back(std::move(loop));
  }
}

ReplicaFetchers::~ReplicaFetchers() {
  // Of a process that ends without Stop: a channel keeps its fetcher alive through the call in flight.
  for (const auto& loop : loops_) {
    for (const auto& [leader, fetcher] : loop->by_leader) fetcher->Halt();
  }
}

// Always posted: the caller may be in the middle of a turn that this fetcher's own answer began.
void ReplicaFetchers::StartFetching(std::vector<Start> partitions) {
  auto starts = std::make_shared<const std::vector<Start>>(std::move(partitions));
  for (const auto& loop : loops_) {
    loop->context->executor->Post([this, loop, starts] { Apply(*loop, *starts, {}); });
  }
}

void ReplicaFetchers::StopFetching(std::vector<TopicPartition> partitions) {
  auto stops = std::make_shared<const std::vector<TopicPartition>>(std::move(partitions));
  for (const auto& loop : loops_) {
    loop->context->executor->Post([this, loop, stops] { Apply(*loop, {}, *stops); });
  }
}

void ReplicaFetchers::Apply(Loop& loop, const std::vector<Start>& starts, const std::vector<TopicPartition>& stops) {
  if (loop.stopped) return;
  std::unordered_map<BrokerId, bool> touched;  // true: with something new
  const auto leave = [&](const TopicPartition& tp) {
    const auto at = loop.leader_of.find(tp);
    if (at == loop.leader_of.end()) return;
    loop.by_leader.at(at->second)->Stop(tp);
    touched.try_emplace(at->second, false);
    loop.leader_of.erase(at);
  };
  for (const TopicPartition& tp : stops) leave(tp);
  for (const Start& start : starts) {
    leave(start.tp);
    if (LoopOf(start.leader) != loop.index) continue;
    auto& fetcher = loop.by_leader[start.leader];
    if (fetcher == nullptr) {
      fetcher = std::make_shared<LeaderFetcher>(world_, *loop.context, loop.index, start.leader, loop.random.Next());
    }
    fetcher->Start(start);
    loop.leader_of[start.tp] = start.leader;
    touched[start.leader] = true;
  }
  for (const auto& [leader, started] : touched) loop.by_leader.at(leader)->Kick(started);
}

void ReplicaFetchers::Stop(Task done) {
  struct Join {
    std::atomic<std::size_t> missing;
    Task done;
  };
  auto join = std::make_shared<Join>();
  join->missing = loops_.size();
  join->done = std::move(done);
  for (const auto& loop : loops_) {
    loop->context->executor->Post([loop, join] {
      loop->stopped = true;
      for (const auto& [leader, fetcher] : loop->by_leader) fetcher->Halt();
      loop->by_leader.clear();
      loop->leader_of.clear();
      if (join->missing.fetch_sub(1) == 1) join->done();
    });
  }
}

}  // namespace ottla
