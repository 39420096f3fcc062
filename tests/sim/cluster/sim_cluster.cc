#include "tests/sim/cluster/sim_cluster.h"

#include <sstream>
#include <utility>

#include "common/zk/zk_codec.h"
#include "common/zk/zk_paths.h"

namespace ottla::sim {

namespace {

constexpr Millis kSessionTimeout{6000};
constexpr Micros kSuperviseEvery{500'000};

}  // namespace

ClusterOptions ClusterOptions::Varied(std::uint64_t seed) {
  Random random(seed ^ 0x5EEDULL);
  ClusterOptions options{.seed = seed};
  options.brokers = random.Chance(0.3) ? 5 : 3;
  options.partitions = 1 + static_cast<int>(random.Below(10));
  options.replicas = random.Chance(0.3) ? 2 : 3;
  options.min_isr = random.Chance(0.4) ? 1 : 2;
  options.producers = 1 + static_cast<int>(random.Below(3));
  options.unclean = random.Chance(0.15);
  options.consumer_epochs = random.Chance(0.7);
  options.rates.overlap = random.Chance(0.4);
  options.churn = random.Chance(0.5);
  if (random.Chance(0.3)) options.rates.rough = 3;
  return options;
}

SimCluster::SimCluster(ClusterOptions options)
    : options_(std::move(options)),
      world_(options_.seed),
      world_scheduler_(&world_.scheduler()),
      intact_(
          history_, [this](int id) { return Present(id - 1); }, [this](int id) { return EpochOf(id - 1); }),
      state_(world_.zk(), kSimChroot, history_, &intact_),
      leaders_(history_),
      committed_(history_),
      replicas_(history_) {
  Random& random = world_.scheduler().random();
  data_loops_ = 1 + random.Below(3);
  log_dirs_ = 1 + random.Below(2);
  SimNodeOptions node;
  node.data_loops = data_loops_;
  node.log_dirs = log_dirs_;
  node.zk = {.chroot = kSimChroot, .session_timeout = kSessionTimeout, .keeper = random.Chance(0.5)};
  for (int i = 0; i < options_.brokers; ++i) {
    SimFiles& files = world_.AddNode(node).files();  // log.dirs are there before the broker is
    files.SetDown(false);
    for (std::size_t dir = 0; dir < log_dirs_; ++dir) OTTLA_CHECK(files.CreateDirs(LogDir(i, dir)).ok());
    files.SyncAll();
    files.SetDown(true);
  }
  world_.AddNode().Boot();  // all clients
  slots_.resize(static_cast<std::size_t>(options_.brokers));
  for (int i = 0; i < options_.partitions; ++i) partitions_.push_back({kSimTopic, i});
  if (options_.unclean) state_.AllowUnclean();
  state_.set_on_forgotten([this](const TopicPartition& tp) {
    leaders_.Forget(tp);
    committed_.Forget(tp);
  });
  nemesis_ = std::make_unique<Nemesis>(world_, *this, options_.rates);
  world_.scheduler().set_after_event([this] { AfterEvent(); });
}

SimCluster::~SimCluster() {
  world_.scheduler().set_after_event(nullptr);
  for (int i = 0; i < options_.brokers; ++i) {
    if (Alive(i)) Kill(i);
  }
  world_.node(options_.brokers).Kill([this] {
    reader_.reset();
    churn_.reset();
    consumer_.reset();
    producers_.clear();
    view_.reset();
    rpcs_.clear();
  });
}

Properties SimCluster::PropertiesOf(int broker) const {
  std::string dirs;
  for (std::size_t i = 0; i < log_dirs_; ++i) dirs += (i == 0 ? "" : ",") + LogDir(broker, i);
  const std::string n = std::to_string(broker);
  Properties all{
      {"broker.id", std::to_string(broker + 1)},
      {"listeners", "PLAINTEXT://:9092"},
      {"advertised.listeners", "PLAINTEXT://n" + n + ":9092"},
      {"log.dirs", dirs},
      {"zookeeper.connect", std::string("zookeeper:2181") + kSimChroot},
      {"zookeeper.session.timeout.ms", std::to_string(kSessionTimeout.count())},
      {"num.network.threads", std::to_string(data_loops_)},
      {"replica.lag.time.max.ms", "4000"},
      {"replica.fetch.wait.max.ms", "300"},
      {"replica.socket.timeout.ms", "5000"},
      {"controller.socket.timeout.ms", "5000"},
      {"request.timeout.ms", "5000"},
      {"min.insync.replicas", std::to_string(options_.min_isr)},
      {"auto.create.topics.enable", "false"},
      {"unclean.leader.election.enable", options_.unclean ? "true" : "false"},
      // Small, so that rolling, indexing and checkpoints happen all the time.
      {"log.segment.bytes", "20000"},
      {"log.index.interval.bytes", "500"},
      {"log.flush.offset.checkpoint.interval.ms", "3000"},
      {"replica.high.watermark.checkpoint.interval.ms", "1000"},
      {"controlled.shutdown.retry.backoff.ms", "500"},
  };
  for (const auto& [key, value] : options_.properties) all[key] = value;
  return all;
}

SimExecutor& SimCluster::client_loop() { return world_.node(options_.brokers).executors().control(); }

std::string SimCluster::LogDir(int /*broker*/, std::size_t disk) const { return "/data/d" + std::to_string(disk); }

bool SimCluster::HasFailedDir(int broker) const {
  const Slot& slot = slots_[static_cast<std::size_t>(broker)];
  return slot.process != nullptr && slot.process->HasFailedDir();
}

void SimCluster::Kill(int broker) {
  Slot& slot = slots_[static_cast<std::size_t>(broker)];
  nemesis_->Disturb(broker);
  slot.stopping = false;
  world_.node(broker).Kill([&slot] { slot.process.reset(); });
}

void SimCluster::LosePower(int broker) {
  Slot& slot = slots_[static_cast<std::size_t>(broker)];
  nemesis_->Disturb(broker);
  slot.stopping = false;
  if (slot.process == nullptr) {  // the process had ended before
    world_.node(broker).files().LosePower();
  } else {
    world_.node(broker).LosePower([&slot] { slot.process.reset(); });
  }
  intact_.PowerLost(BrokerId(broker + 1));
}

void SimCluster::Restart(int broker) {
  Slot& slot = slots_[static_cast<std::size_t>(broker)];
  SimNode& node = world_.node(broker);
  nemesis_->Disturb(broker);
  node.Boot();
  slot.incarnation = next_incarnation_++;
  slot.process = options_.factory(node, PropertiesOf(broker));
  slot.process->Start();
}

void SimCluster::BeginStop(int broker) {
  Slot& slot = slots_[static_cast<std::size_t>(broker)];
  if (slot.stopping) return;
  slot.stopping = true;
  slot.stopped = std::make_shared<bool>(false);
  slot.process->Stop([stopped = slot.stopped] { *stopped = true; });
}

bool SimCluster::StopBroker(int broker) {
  BeginStop(broker);
  const std::shared_ptr<bool> stopped = slots_[static_cast<std::size_t>(broker)].stopped;
  const bool in_time = RunUntil([&stopped] { return *stopped; }, std::chrono::seconds(60));
  if (Alive(broker)) Kill(broker);
  return in_time;
}

void SimCluster::Supervise() {
  for (int i = 0; i < options_.brokers; ++i) {
    Slot& slot = slots_[static_cast<std::size_t>(i)];
    if (slot.process == nullptr) continue;
    if (slot.stopping && *slot.stopped) Kill(i);  // whoever stopped it starts it again
    if (slot.process == nullptr || !slot.process->exited()) continue;
    ++exits_;
    Kill(i);
    if (nemesis_->MayRestart(i)) Restart(i);
  }
  world_.scheduler().After(kSuperviseEvery, [this] { Supervise(); });
}

bool SimCluster::Start() {
  for (int i = 0; i < options_.brokers; ++i) {
    if (i < options_.replicas || world_.scheduler().random().Chance(0.5)) Restart(i);
  }
  world_.scheduler().After(kSuperviseEvery, [this] { Supervise(); });
  if (!MakeTopic()) return false;
  for (int i = 0; i < options_.brokers; ++i) {
    if (!Alive(i)) Restart(i);
  }
  StartClients();
  return !Bad();
}

bool SimCluster::Leads(int id, const TopicPartition& tp) const {
  const Slot& slot = slots_[static_cast<std::size_t>(id - 1)];
  bool leads = false;
  if (slot.process != nullptr) {
    slot.process->ForEachReplica([&](const ReplicaView& replica) {
      leads |= replica.leader && replica.tp == tp && state_.IsStored(tp, replica.topic_id);
    });
  }
  return leads;
}

bool SimCluster::RunUntil(const std::function<bool()>& done, Micros limit) {
  return world_.RunUntil([&] { return Bad() || done(); }, limit) && !Bad();
}

bool SimCluster::RunQuietly(Micros duration) {
  world_.RunUntil([this] { return Bad(); }, duration);
  return !Bad();
}

void SimCluster::RunWithFaults(Micros duration) {
  nemesis_->Start();
  RunQuietly(duration);
}

int SimCluster::LeaderOf(int partition) const {
  const SimZkTree::Node* node =
      const_cast<SimWorld&>(world_).zk().Read(kSimChroot + zk::State(kSimTopic, partition));  // NOLINT: only reads
  if (node == nullptr) return -1;
  const Result<zk::PartitionStateData> state = zk::DecodeState(node->data);
  return state.ok() ? state->leader.value : -1;
}

int SimCluster::controller() const {
  const int id = Controller();
  return id > 0 ? id - 1 : -1;
}

int SimCluster::Controller() const {
  const SimZkTree::Node* node =
      const_cast<SimWorld&>(world_).zk().Read(std::string(kSimChroot) + zk::kController);  // NOLINT: only reads
  if (node == nullptr) return -1;
  const Result<zk::ControllerRegistration> found = zk::DecodeController(node->data);
  return found.ok() ? found->broker.value : -1;
}

std::map<std::string, std::uint64_t> SimCluster::fired() const {
  std::map<std::string, std::uint64_t> all = world_.fired();
  for (const auto& [name, count] : nemesis_->fired()) all["fault." + name] += count;
  return all;
}

std::string SimCluster::Summary() const {
  std::ostringstream out;
  std::uint64_t retries = 0;
  for (const auto& producer : producers_) retries += producer->retries();
  out << "seed " << options_.seed << " hash " << std::hex << trace_hash() << std::dec << ": "
      << ToMillis(world_.now()) / 1000 << " s, " << events_ << " events, " << history_.acked() << " acked, "
      << history_.read() << " read, " << retries << " retries, " << state_.elections() << " elections, "
      << committed_.batches() + replicas_.batches() << " batches compared, " << exits_ << " exits, "
      << history_.forgiven_count() << " losses forgiven";
  return out.str();
}

}  // namespace ottla::sim
