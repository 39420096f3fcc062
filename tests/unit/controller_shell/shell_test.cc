// Three controllers over the simulated ZooKeeper: elections, terms, fencing, takeovers, lost answers. Brokers are links
// that answer every request; what they were last told is compared with what ZooKeeper holds.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/zk/zk_paths.h"
#include "controller/shell/runner.h"
#include "tests/sim/env/sim_world.h"

namespace ottla::controller {
namespace {

using sim::SimWorld;
using std::chrono::seconds;

// What one broker process was told, as a broker would take it in: the newest epochs win.
struct Told {
  std::map<TopicPartition, zk::PartitionStateData> roles;     // LeaderAndIsr
  std::map<TopicPartition, zk::PartitionStateData> metadata;  // UpdateMetadata
  std::set<BrokerId> live;
  std::set<TopicPartition> deleted;
  ControllerEpoch epoch;
};

class Cluster {
 public:
  explicit Cluster(std::uint64_t seed, int brokers = 3) : world_(seed) {
    sim::SimNodeOptions options;
    options.zk.session_timeout = Millis(6000);
    options.zk.keeper = true;
    for (int i = 0; i < brokers; ++i) {
      world_.AddNode(options);
      told_.emplace_back();
    }
    controllers_.resize(static_cast<std::size_t>(brokers));
    for (const std::string& path : zk::PersistentPaths()) {
      EXPECT_EQ(world_.zk().CreateWithParents(path, std::nullopt), ZkError::kOk);
    }
    for (int i = 0; i < brokers; ++i) Boot(i);
    EXPECT_TRUE(Settle());
  }
  ~Cluster() {
    for (int i = 0; i < static_cast<int>(controllers_.size()); ++i) {
      if (world_.node(i).alive()) Kill(i);
    }
  }

  void Boot(int i) {
    world_.node(i).Boot();
    told_[static_cast<std::size_t>(i)] = {};
    On(i, [this, i] {
      ControllerOptions options;
      options.core.self = BrokerId(i);
      options.core.seed = static_cast<std::uint64_t>(i) + 1;
      controllers_[static_cast<std::size_t>(i)] =
          std::make_unique<Controller>(Control(i), world_.node(i).zk(), world_.node(i).clock(), options, Links(i));
      world_.node(i).zk().Start([this, i](ZkClient::SessionState state) {
        if (state == ZkClient::SessionState::kExpired) {
          controller(i).SessionExpired();
          world_.node(i).zk().NewSession();
        } else if (state == ZkClient::SessionState::kConnected) {
          Register(i);
        }
      });
    });
  }
  void Kill(int i) {
    world_.node(i).Kill([this, i] { controllers_[static_cast<std::size_t>(i)].reset(); });
  }
  void On(int i, const std::function<void()>& act) { Control(i).Run(act); }

  Controller& controller(int i) { return *controllers_[static_cast<std::size_t>(i)]; }
  int active() {
    int found = -1;
    for (int i = 0; i < static_cast<int>(controllers_.size()); ++i) {
      if (world_.node(i).alive() && controller(i).IsActive()) found = i;
    }
    return found;
  }

  // Everything quiet, one controller, and every living broker was told what ZooKeeper holds.
  bool Settle(Micros limit = seconds(60)) {
    return world_.RunUntil([this] { return active() >= 0 && Fault().empty(); }, limit);
  }
  // What is not as it should be.
  std::string Fault() {
    const int boss = active();
    if (boss < 0) return "nobody is elected";
    const std::string owner = Data(zk::kController);
    if (owner.find("\"brokerid\":" + std::to_string(boss) + ",") == std::string::npos) return "/controller: " + owner;
    std::set<BrokerId> live;
    for (int i = 0; i < static_cast<int>(controllers_.size()); ++i) {
      if (world_.zk().Read(zk::Broker(BrokerId(i))) != nullptr) live.insert(BrokerId(i));
      if (world_.node(i).alive() != (world_.zk().Read(zk::Broker(BrokerId(i))) != nullptr)) return "registrations";
    }
    for (const auto& [name, topic] : controller(boss).state().topics) {
      for (const auto& [number, partition] : topic.partitions) {
        const TopicPartition tp{name, number};
        const auto state = zk::DecodeState(Data(zk::State(name, number)));
        if (!state.ok()) return tp.ToString() + " has no state";
        const bool possible = std::ranges::any_of(state->isr, [&](BrokerId id) { return live.contains(id); });
        if (possible && !live.contains(state->leader)) return tp.ToString() + " has no leader";
        for (const BrokerId id : partition.assignment.replicas) {
          if (!live.contains(id)) continue;
          const Told& told = told_[static_cast<std::size_t>(id.value)];
          const auto role = told.roles.find(tp);
          if (role == told.roles.end() || role->second.leader != state->leader ||
              role->second.leader_epoch != state->leader_epoch) {
            return tp.ToString() + ": broker " + std::to_string(id.value) + " plays another role";
          }
        }
        for (const BrokerId id : live) {
          const auto& metadata = told_[static_cast<std::size_t>(id.value)].metadata;
          const auto known = metadata.find(tp);
          if (known == metadata.end() || !(known->second == *state)) {
            return tp.ToString() + ": broker " + std::to_string(id.value) + " has other metadata";
          }
        }
      }
    }
    for (const BrokerId id : live) {
      if (told_[static_cast<std::size_t>(id.value)].live != live) return "live brokers";
    }
    return "";
  }

  CreatedTopic Create(const std::string& name, const std::vector<std::vector<int>>& partitions) {
    CreatableTopic topic;
    topic.name = name;
    for (std::size_t p = 0; p < partitions.size(); ++p) {
      for (const int id : partitions[p]) topic.assignment[static_cast<std::int32_t>(p)].emplace_back(id);
    }
    std::optional<CreateTopicsAnswer> answer;
    controller(active()).CreateTopics({{topic}, false}, Control(active()), [&](CreateTopicsAnswer a) { answer = a; });
    EXPECT_TRUE(world_.RunUntil([&] { return answer.has_value(); }, seconds(60)));
    EXPECT_EQ(answer->error, ErrorCode::kNone);
    return answer->topics.at(0);
  }

  std::string Data(const std::string& path) {
    const auto* node = world_.zk().Read(path);
    return node == nullptr ? "-" : node->data.value_or("null");
  }
  Executor& AnyLoop() { return Control(0); }
  SimWorld& world() { return world_; }
  Told& told(int i) { return told_[static_cast<std::size_t>(i)]; }

 private:
  sim::SimExecutor& Control(int i) { return world_.node(i).executors().control(); }

  void Register(int i) {
    zk::BrokerRegistration broker;
    broker.endpoints = {{"PLAINTEXT", "PLAINTEXT", "n" + std::to_string(i), 9092}};
    world_.node(i).zk().Create(zk::Broker(BrokerId(i)), zk::Encode(broker), ZkCreateMode::kEphemeral,
                               [this, i](ZkError error, const std::string&) {
                                 if (error == ZkError::kOk) {
                                   controller(i).Start();
                                 } else if (error == ZkError::kNodeExists || error == ZkError::kConnectionLoss) {
                                   Control(i).RunAfter(Millis(200), [this, i] {
                                     const auto* node = world_.zk().Read(zk::Broker(BrokerId(i)));
                                     const bool ours = node != nullptr &&
                                                       node->stat.ephemeral_owner == world_.node(i).zk().session().id;
                                     ours ? controller(i).Start() : Register(i);
                                   });
                                 }
                               });
  }

  // Answers after some time, now and then not at all; refuses what is meant for an older incarnation.
  class Link final : public ControlLink {
   public:
    Link(Cluster& cluster, int from, int to) : cluster_(cluster), from_(from), to_(to) {}
    void Call(const ControlRequest& request, Done done) override {
      auto waiting = std::make_shared<Done>(std::move(done));
      cluster_.Control(from_).RunAfter(
          Millis(1 + cluster_.world_.node(from_).random().Below(20)),
          [this, alive = std::weak_ptr<bool>(alive_), request, waiting] {
            if (alive.expired()) return;
            if (!cluster_.world_.node(to_).alive() || cluster_.world_.node(from_).random().Chance(0.1)) {
              (*waiting)(Status(StatusCode::kUnavailable, "lost"));
              return;
            }
            (*waiting)(cluster_.TakeIn(to_, request));
          });
    }

   private:
    Cluster& cluster_;
    int from_, to_;
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
  };

  ControlLinkFactory Links(int from) {
    return [this, from](const Broker& broker) { return std::make_unique<Link>(*this, from, broker.id.value); };
  }

  ControlAnswered TakeIn(int to, const ControlRequest& request) {
    ControlAnswered answer{
        ControlAnswered::Kind::kUpdateMetadata, request.broker, request.broker_epoch, ErrorCode::kNone, {}};
    Told& told = told_[static_cast<std::size_t>(to)];
    const auto* node = world_.zk().Read(zk::Broker(BrokerId(to)));
    if (node != nullptr && request.broker_epoch.value < node->stat.czxid) {
      answer.error = ErrorCode::kStaleBrokerEpoch;
      return answer;
    }
    if (request.controller_epoch < told.epoch) {
      answer.error = ErrorCode::kStaleControllerEpoch;
      return answer;
    }
    told.epoch = request.controller_epoch;
    if (const auto* lai = std::get_if<LeaderAndIsrRequestPlan>(&request.body)) {
      answer.kind = ControlAnswered::Kind::kLeaderAndIsr;
      for (const PartitionImage& image : lai->partitions) {
        const auto known = told.roles.find(image.partition);
        const bool newer = known == told.roles.end() || known->second.leader_epoch < image.state.leader_epoch;
        if (newer) told.roles[image.partition] = image.state;
        answer.partitions.emplace_back(image.partition, newer ? ErrorCode::kNone : ErrorCode::kStaleControllerEpoch);
      }
    } else if (const auto* metadata = std::get_if<UpdateMetadataRequestPlan>(&request.body)) {
      told.live.clear();
      for (const Broker& broker : *metadata->live_brokers) told.live.insert(broker.id);
      for (const PartitionImage& image : *metadata->partitions) {
        if (image.state.leader.value == -2) {
          told.metadata.erase(image.partition);
        } else {
          told.metadata[image.partition] = image.state;
        }
      }
    } else {
      answer.kind = ControlAnswered::Kind::kStopReplica;
      for (const auto& item : std::get<StopReplicaRequestPlan>(request.body).items) {
        if (item.delete_partition) told.deleted.insert(item.partition);
        answer.partitions.emplace_back(item.partition, ErrorCode::kNone);
      }
    }
    return answer;
  }

  SimWorld world_;
  std::vector<std::unique_ptr<Controller>> controllers_;
  std::vector<Told> told_;
};

TEST(ControllerShell, OneIsElectedAndTellsTheOthers) {
  Cluster cluster(1);
  EXPECT_EQ(cluster.Data(zk::kControllerEpoch), "1");
  EXPECT_EQ(cluster.Data(zk::kFeature), R"({"features":{},"version":2,"status":1})");
  EXPECT_EQ(cluster.Create("t", {{0, 1, 2}, {1, 2, 0}}).error, ErrorCode::kNone);
  EXPECT_TRUE(cluster.Settle()) << cluster.Fault();
  EXPECT_EQ(cluster.told(1).roles.size(), 2u);
}

TEST(ControllerShell, AnotherTakesOverWhenTheControllerDies) {
  Cluster cluster(2);
  cluster.Create("t", {{0, 1, 2}, {1, 2, 0}, {2, 0, 1}});
  ASSERT_TRUE(cluster.Settle()) << cluster.Fault();
  const int first = cluster.active();
  cluster.Kill(first);
  ASSERT_TRUE(cluster.Settle()) << cluster.Fault();
  EXPECT_NE(cluster.active(), first);
  EXPECT_EQ(cluster.Data(zk::kControllerEpoch), "2");
  cluster.Boot(first);
  ASSERT_TRUE(cluster.Settle()) << cluster.Fault();
}

TEST(ControllerShell, AnExpiredControllerComesBackAsABroker) {
  Cluster cluster(3);
  cluster.Create("t", {{0, 1, 2}});
  const int first = cluster.active();
  cluster.world().zk().ExpireSessions(first);
  ASSERT_TRUE(cluster.world().RunUntil([&] { return cluster.Data(zk::kControllerEpoch) == "2"; }, seconds(60)));
  ASSERT_TRUE(cluster.Settle()) << cluster.Fault();
}

TEST(ControllerShell, ADeposedControllerCanWriteNothing) {
  Cluster cluster(4);
  cluster.Create("t", {{0, 1, 2}});
  ASSERT_TRUE(cluster.Settle());
  // Someone else raises the epoch behind its back: the next write is fenced out, and all elect anew.
  const auto* epoch = cluster.world().zk().Read(zk::kControllerEpoch);
  ASSERT_EQ(cluster.world().zk().Operate({ZkOp::Set(zk::kControllerEpoch, "7", epoch->stat.version)}), ZkError::kOk);
  CreateTopicsAnswer answer;
  bool answered = false;
  const int old = cluster.active();
  cluster.On(old, [&] {
    CreatableTopic topic;
    topic.name = "u";
    topic.assignment[0] = {BrokerId(0)};
    cluster.controller(old).CreateTopics({{topic}, false}, cluster.AnyLoop(), [&](CreateTopicsAnswer a) {
      answer = std::move(a);
      answered = true;
    });
  });
  ASSERT_TRUE(cluster.world().RunUntil([&] { return answered; }, seconds(60)));
  EXPECT_EQ(answer.error, ErrorCode::kNotController);
  EXPECT_EQ(cluster.Data("/brokers/topics/u"), "-");
  ASSERT_TRUE(cluster.world().RunUntil([&] { return cluster.Data(zk::kControllerEpoch) == "8"; }, seconds(60)));
  ASSERT_TRUE(cluster.Settle()) << cluster.Fault();
}

TEST(ControllerShell, DeletingTheNodeByHandMovesThePost) {
  Cluster cluster(5);
  cluster.world().zk().Operate({ZkOp::Delete(zk::kController, -1)});
  ASSERT_TRUE(cluster.world().RunUntil([&] { return cluster.Data(zk::kControllerEpoch) == "2"; }, seconds(60)));
  ASSERT_TRUE(cluster.Settle()) << cluster.Fault();
}

TEST(ControllerShell, OthersAreSentAway) {
  Cluster cluster(6);
  const int other = (cluster.active() + 1) % 3;
  std::optional<ErrorCode> error;
  std::optional<ErrorCode> shutdown;
  cluster.controller(other).DeleteTopics({}, cluster.AnyLoop(), [&](const DeleteTopicsAnswer& a) { error = a.error; });
  cluster.controller(other).ControlledShutdown({}, cluster.AnyLoop(),
                                               [&](const ControlledShutdownAnswer& a) { shutdown = a.error; });
  ASSERT_TRUE(cluster.world().RunUntil([&] { return error && shutdown; }, seconds(10)));
  EXPECT_EQ(error, ErrorCode::kNotController);
  EXPECT_EQ(shutdown, ErrorCode::kStaleControllerEpoch);
}

TEST(ControllerShell, WatchesOfTopicsDeletionsAndElections) {
  Cluster cluster(7);
  auto& zk = cluster.world().zk();
  ASSERT_EQ(zk.CreateWithParents("/brokers/topics/hand", R"({"version":1,"partitions":{"0":[1,2]}})"), ZkError::kOk);
  ASSERT_TRUE(cluster.world().RunUntil([&] { return cluster.Data("/brokers/topics/hand/partitions/0/state") != "-"; },
                                       seconds(20)));
  ASSERT_TRUE(cluster.Settle()) << cluster.Fault();
  zk.Operate({ZkOp::Set("/brokers/topics/hand", R"({"version":1,"partitions":{"0":[1,2],"1":[2,0]}})", -1)});
  ASSERT_TRUE(cluster.world().RunUntil([&] { return cluster.Data("/brokers/topics/hand/partitions/1/state") != "-"; },
                                       seconds(20)));
  ASSERT_TRUE(cluster.Settle()) << cluster.Fault();
  for (int round = 0; round < 2; ++round) {  // the watch is set again after each
    zk.CreateWithParents(zk::kPreferredElection, R"({"version":1,"partitions":[{"topic":"hand","partition":0}]})");
    ASSERT_TRUE(cluster.world().RunUntil([&] { return cluster.Data(zk::kPreferredElection) == "-"; }, seconds(20)));
  }
  zk.CreateWithParents(zk::kReassignPartitions,
                       R"({"version":1,"partitions":[{"topic":"hand","partition":0,"replicas":[1]},)"
                       R"({"topic":"hand","partition":1,"replicas":[0]}]})");
  ASSERT_TRUE(cluster.world().RunUntil([&] { return cluster.Data(zk::kReassignPartitions) == "-"; }, seconds(20)));
  ASSERT_TRUE(cluster.Settle()) << cluster.Fault();
  EXPECT_EQ(cluster.controller(cluster.active()).state().Find({"hand", 1})->assignment.replicas,
            std::vector{BrokerId(0)});
  zk.CreateWithParents("/log_dir_event_notification/log_dir_event_0000000000", R"({"version":1,"broker":1,"event":1})");
  ASSERT_TRUE(cluster.world().RunUntil(
      [&] { return cluster.Data("/log_dir_event_notification/log_dir_event_0000000000") == "-"; }, seconds(20)));
  zk.CreateWithParents("/admin/delete_topics/hand", std::nullopt);
  ASSERT_TRUE(cluster.world().RunUntil([&] { return cluster.Data("/admin/delete_topics/hand") == "-"; }, seconds(20)));
  EXPECT_EQ(cluster.Data("/brokers/topics/hand"), "-");
  EXPECT_TRUE(cluster.told(2).deleted.contains({"hand", 0}));
  ASSERT_TRUE(cluster.Settle()) << cluster.Fault();
}

// Chance does its worst to ZooKeeper's connections and to brokers; afterwards everybody agrees.
TEST(ControllerShell, AgreesAfterFaultsFromManySeeds) {
  std::uint64_t lost = 0;
  for (std::uint64_t seed = 1; seed <= 12; ++seed) {
    Cluster cluster(seed * 101);
    Random random(seed);
    cluster.Create("t", {{0, 1, 2}, {1, 2, 0}, {2, 0, 1}});
    auto& faults = cluster.world().zk().faults();
    faults.lost_before = faults.lost_after = 0.02;
    for (int step = 0; step < 25; ++step) {
      const int node = static_cast<int>(random.Below(3));
      if (!cluster.world().node(node).alive()) {
        cluster.Boot(node);
      } else if (random.Chance(0.4)) {
        cluster.Kill(node);
      } else if (random.Chance(0.4)) {
        cluster.world().zk().ExpireSessions(node);
      } else if (random.Chance(0.3) && cluster.active() >= 0) {
        bool answered = false;
        CreatableTopic topic;
        topic.name = "s" + std::to_string(step);
        topic.partitions = 3;
        topic.replication_factor = 1;
        cluster.controller(cluster.active()).CreateTopics({{topic}, false}, cluster.AnyLoop(), [&](const auto&) {
          answered = true;
        });
        cluster.world().RunFor(seconds(1));
        Maybe(answered);
      }
      cluster.world().RunFor(Millis(random.Below(8000)));
    }
    for (const auto& [name, count] : cluster.world().zk().fired()) lost += count;
    faults.lost_before = faults.lost_after = 0;
    for (int i = 0; i < 3; ++i) {
      if (!cluster.world().node(i).alive()) cluster.Boot(i);
    }
    EXPECT_TRUE(cluster.Settle(seconds(120))) << "seed " << seed << ": " << cluster.Fault();
  }
  EXPECT_GT(lost, 50u);
}

}  // namespace
}  // namespace ottla::controller
