// The clients of a simulated cluster: made, set to work, and brought to their end.
#include <algorithm>
#include <utility>

#include "common/zk/zk_paths.h"
#include "tests/sim/cluster/sim_cluster.h"
#include "tests/sim/cluster/topic_maker.h"

namespace ottla::sim {

namespace {

constexpr Micros kHangAfter{15'000'000};
constexpr Micros kFinishWithin{120'000'000};

}  // namespace

// Each client has connections of its own: a request waits behind the ones before it on the same connection.
SimRpc& SimCluster::NewRpc() {
  const std::string name = "sim-client-" + std::to_string(rpcs_.size());
  rpcs_.push_back(std::make_unique<SimRpc>(client_loop(), world_.node(options_.brokers).network(), name));
  SimRpc& rpc = *rpcs_.back();
  rpc.set_on_late([this](const Endpoint& to, std::int16_t key) {
    const int broker = std::stoi(to.host.substr(1));
    if (!nemesis_->UndisturbedFor(broker, kHangAfter)) return;
    history_.Violation("broker " + to.ToString() + ", undisturbed, did not answer request " + std::to_string(key));
  });
  rpc.set_on_corrupt([this](const Endpoint& from, const std::string& what) {
    history_.Violation(from.ToString() + " answered what cannot be: " + what);
  });
  return rpc;
}

bool SimCluster::MakeTopic() {
  std::vector<Endpoint> bootstrap;
  for (int i = 0; i < options_.brokers; ++i) bootstrap.push_back({world_.node(i).host(), 9092});
  client_loop().Run([&] {
    rpc_ = &NewRpc();
    view_ = std::make_unique<ClusterView>(client_loop(), *rpc_, world_.scheduler().random().Fork(), bootstrap);
  });
  TopicMaker maker(client_loop(), *rpc_, *view_, history_,
                   {.topic = kSimTopic, .partitions = options_.partitions, .replicas = options_.replicas});
  client_loop().Run([&] { maker.Start(); });
  const bool made = RunUntil([&] { return maker.done(); }, std::chrono::seconds(90));
  if (!made) history_.Violation("the topic was not made in time: " + maker.Describe());
  const bool led = RunUntil([this] { return state_.AllInSync(); }, std::chrono::seconds(60));
  if (made && !led) history_.Violation("the new topic got no leaders");
  client_loop().Run([&] { maker.Stop(); });
  return made && led;
}

void SimCluster::StartClients() {
  client_loop().Run([this] {
    Random& random = world_.scheduler().random();
    for (int i = 0; i < options_.producers; ++i) {
      SimProducer::Options options{.id = i, .partitions = partitions_};
      options.deposed = [this](const TopicPartition& tp, const Endpoint& broker) {
        const int leader = LeaderOf(tp.partition);
        return leader > 0 && broker.host != world_.node(leader - 1).host();
      };
      producers_.push_back(
          std::make_unique<SimProducer>(client_loop(), NewRpc(), *view_, random.Fork(), history_, std::move(options)));
      producers_.back()->Start();
    }
    consumer_ = std::make_unique<SimConsumer>(
        client_loop(), NewRpc(), *view_, random.Fork(), history_,
        SimConsumer::Options{.partitions = partitions_, .epochs = options_.consumer_epochs});
    consumer_->Start();
    if (!options_.churn) return;
    SimRpc& rpc = NewRpc();
    SimRpc& produce_rpc = NewRpc();
    const auto stored = [this] { return world_.zk().Read(kSimChroot + zk::Topic(TopicChurn::kTopic)) != nullptr; };
    churn_ = std::make_unique<TopicChurn>(client_loop(), rpc, produce_rpc, *view_, random.Fork(), history_, stored,
                                          TopicChurn::Options{.replicas_max = options_.brokers});
    churn_->Start();
  });
}

void SimCluster::StartReader() {
  client_loop().Run([this] {
    SimConsumer::Options options{.partitions = partitions_, .once = true};
    reader_ = std::make_unique<SimConsumer>(client_loop(), NewRpc(), *view_, world_.scheduler().random().Fork(),
                                            history_, std::move(options));
    reader_->Start();
  });
}

// One step of coming to an end; false, and a violation, when it is not done in time.
bool SimCluster::Await(const char* what, Micros limit, const std::function<bool()>& done) {
  if (RunUntil(done, limit)) return true;
  if (!Bad()) history_.Violation(std::string("after healing, in time: ") + what);
  return false;
}

bool SimCluster::AwaitSync() {
  const auto idle = [this] { return churn_ == nullptr || churn_->idle(); };
  if (!Await("no topic being made or deleted", kFinishWithin, idle)) {
    history_.Violation(churn_->Describe());
    return false;
  }
  return Await("every partition in sync", kFinishWithin, [this] { return AllInSync(); });
}

bool SimCluster::AwaitProducers() {
  client_loop().Run([this] {
    for (const auto& producer : producers_) producer->Drain();
  });
  const auto idle = [this] { return std::ranges::all_of(producers_, [](const auto& p) { return p->idle(); }); };
  if (Await("every producer answered", kFinishWithin, idle)) return true;
  for (const auto& producer : producers_) history_.Violation(producer->Describe());
  return false;
}

bool SimCluster::ReadBack() {
  client_loop().Run([this] { consumer_->Stop(); });
  StartReader();
  if (!Await("everything read back", kFinishWithin, [this] { return reader_->done(); })) {
    history_.Violation(reader_->Describe());
    return false;
  }
  for (const TopicPartition& tp : partitions_) history_.CheckFinal(tp, reader_->read(tp));
  return true;
}

bool SimCluster::HealAndFinish() {
  if (Bad()) return false;
  nemesis_->HealAll();
  if (churn_ != nullptr) churn_->Finish();
  if (!AwaitSync() || !AwaitProducers()) return false;
  RunQuietly(std::chrono::seconds(5));
  if (!ReadBack()) return false;
  CheckReplicas();
  return !Bad();
}

}  // namespace ottla::sim
