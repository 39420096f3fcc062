// What the controller's core takes for its events in a large cluster: partitions and brokers as given, ZooKeeper
// answers at once. usage: bench_controller [partitions [brokers [topics]]]
#include <chrono>
#include <cstdlib>
#include <iostream>
#include <string>

#include "common/zk/zk_paths.h"
#include "controller/core/controller_core.h"

namespace ottla::controller {
namespace {

class Bench {
 public:
  Bench(int partitions, int brokers, int topics)
      : partitions_(partitions), brokers_(brokers), topics_(topics), core_(CoreOptions{.self = BrokerId(0)}) {}

  void Run() {
    BecameController takeover;
    takeover.epoch = ControllerEpoch(1);
    takeover.brokers = Registered(brokers_);
    FillTopics(takeover);
    Time("takeover", [&] { On(std::move(takeover)); });
    Time("a broker dies", [&] { On(BrokersChanged{Registered(brokers_ - 1)}); });
    Time("it comes back", [&] { On(BrokersChanged{Registered(brokers_)}); });
    constexpr int kRounds = 1'000;
    Time(
        "an ISR change", [&] { ForRounds(kRounds, [this](int i) { ProposeIsr(i); }); }, kRounds);
    Time(
        "a new topic", [&] { ForRounds(kRounds, [this](int i) { Create("new" + std::to_string(i)); }); }, kRounds);
    Time("balance looked at", [&] { On(RebalanceDue{}); });
    std::cout << "requests " << sent_ << " with " << images_ << " partition entries, writes " << writes_ << "\n";
  }

 private:
  template <class F>
  static void ForRounds(int rounds, F work) {
    for (int i = 0; i < rounds; ++i) work(i);
  }

  template <class F>
  void Time(const char* what, F work, int rounds = 1) {
    const auto start = std::chrono::steady_clock::now();
    work();
    const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - start;
    std::cout << what << ": " << took.count() / rounds << " ms\n";
  }

  std::vector<BrokerNode> Registered(int count) const {
    std::vector<BrokerNode> nodes;
    for (int id = 0; id < count; ++id) {
      zk::BrokerRegistration registration;
      registration.endpoints = {{"PLAINTEXT", "PLAINTEXT", "host" + std::to_string(id), 9092}};
      nodes.push_back({std::to_string(id), zk::Encode(registration), {}});
      nodes.back().stat.czxid = id + 1;
    }
    return nodes;
  }

  std::vector<BrokerId> Replicas(int number) const {
    std::vector<BrokerId> ids;
    for (int i = 0; i < std::min(3, brokers_); ++i) ids.emplace_back((number + i) % brokers_);
    return ids;
  }

  void FillTopics(BecameController& event) const {
    for (int t = 0; t < topics_; ++t) {
      const std::string name = "topic" + std::to_string(t);
      zk::TopicAssignment assignment;
      assignment.id = Uuid::FromRandom(static_cast<std::uint64_t>(t) + 1, 7);
      for (int p = 0; p < partitions_ / topics_; ++p) {
        assignment.partitions[p].replicas = Replicas(t + p);
        const auto replicas = Replicas(t + p);
        StateNode node;
        node.data =
            zk::Encode(zk::PartitionStateData{replicas.front(), LeaderEpoch(1), replicas, ControllerEpoch(0), false});
        node.stat.mzxid = 1'000'000;
        event.states[{name, p}] = std::move(node);
      }
      event.topics.push_back({name, zk::Encode(assignment), {}});
    }
  }

  void ProposeIsr(int i) {
    const std::string name = "topic" + std::to_string(i % topics_);
    const Partition& partition = *core_.state().Find({name, 0});
    const LeaderAndIsr& state = *partition.state;
    std::vector<BrokerId> isr = state.data.isr;
    if (isr.size() > 1) isr.pop_back();
    IsrProposal proposal{name, {}, 0, state.data.leader_epoch, state.partition_epoch, isr, false};
    const BrokerEpoch epoch = core_.state().brokers.at(state.data.leader).epoch;
    On(CommandReceived{1, AlterPartitionCommand{state.data.leader, epoch, 1, {proposal}}});
  }

  void Create(const std::string& name) {
    CreatableTopic topic;
    topic.name = name;
    topic.partitions = 3;
    topic.replication_factor = static_cast<std::int16_t>(std::min(3, brokers_));
    On(CommandReceived{1, CreateTopicsCommand{{topic}, false}});
  }

  void On(Event event) {
    Effects effects = core_.On(std::move(event));
    for (;;) {
      std::optional<ZkRequest> request;
      for (Effect& effect : effects) {
        if (auto* ask = std::get_if<ZkRequest>(&effect)) request = std::move(*ask);
        if (const auto* send = std::get_if<SendControl>(&effect)) Count(*send);
      }
      if (!request) return;
      ZkDone done;
      done.reads.resize(request->reads.size());
      for (const ZkWrite& write : request->writes) {
        ZkWriteResult result;
        result.results.resize(std::max<std::size_t>(1, write.ops.size()));
        if (!write.ops.empty()) result.results.back().stat.version = write.ops.back().version + 1;
        done.writes.push_back(std::move(result));
      }
      writes_ += done.writes.size();
      effects = core_.On(std::move(done));
    }
  }

  void Count(const SendControl& send) {
    ++sent_;
    if (const auto* lai = std::get_if<LeaderAndIsrRequestPlan>(&send.request.body)) images_ += lai->partitions.size();
  }

  const int partitions_;
  const int brokers_;
  const int topics_;
  ControllerCore core_;
  std::size_t sent_ = 0;
  std::size_t images_ = 0;
  std::size_t writes_ = 0;
};

}  // namespace
}  // namespace ottla::controller

int main(int argc, char** argv) {
  const auto number = [&](int at, int other) { return argc > at ? std::atoi(argv[at]) : other; };
  const int partitions = number(1, 100'000);
  ottla::controller::Bench(partitions, number(2, 10), number(3, 1'000)).Run();
}
