#include "tests/sim/env/sim_zk.h"

#include <gtest/gtest.h>

#include "tests/sim/env/sim_world.h"

namespace ottla::sim {
namespace {

using State = ZkClient::SessionState;

// Two brokers' worth of clients, and a story of what they were told.
struct Zoo {
  explicit Zoo(std::uint64_t seed, const SimZkClientOptions& options = {.session_timeout = Millis(6000)})
      : world(seed) {
    SimNodeOptions node;
    node.zk = options;
    for (int i = 0; i < 2; ++i) {
      world.AddNode(node).Boot();
      Start(i);
    }
    world.RunFor(Millis(100));
    story.clear();
  }
  void Start(int node) {
    On(node, [this, node](ZkClient& zk) {
      zk.Start([this, node](State state) {
        states[node] = state;
        if (state == State::kExpired) Note(node, "expired");
      });
    });
  }
  void On(int node, const std::function<void(ZkClient&)>& act) {
    world.node(node).executors().control().Run([&] { act(world.node(node).zk()); });
  }
  void Note(int node, const std::string& what) { story += std::to_string(node) + ":" + what + " "; }
  void Wait(int ms = 50) { world.RunFor(Millis(ms)); }
  std::string Take() { return std::exchange(story, {}); }

  ZkClient::CreateCallback Created(int node) {
    return [this, node](ZkError error, const std::string& path) { Note(node, std::string(ToString(error)) + path); };
  }
  ZkClient::Watch Watch(int node) {
    return [this, node](const ZkWatchEvent& event) {
      static constexpr const char* kNames[] = {"created", "deleted", "changed", "children", "session"};
      Note(node, std::string("watch-") + kNames[static_cast<int>(event.kind)] + event.path);
    };
  }
  ZkClient::SetCallback Set(int node) {
    return [this, node](ZkError error, const ZkStat& stat) {
      Note(node, std::string(ToString(error)) + ",v" + std::to_string(stat.version));
    };
  }

  SimWorld world;
  State states[2] = {State::kConnecting, State::kConnecting};
  std::string story;
};

TEST(SimZk, CreatesSetsAndDeletesWithVersions) {
  Zoo zoo(1);
  EXPECT_EQ(zoo.states[0], State::kConnected);
  zoo.On(0, [&](ZkClient& zk) {
    zk.Create("/a", std::nullopt, ZkCreateMode::kPersistent, zoo.Created(0));
    zk.Create("/a", "", ZkCreateMode::kPersistent, zoo.Created(0));
    zk.Create("/b/c", "", ZkCreateMode::kPersistent, zoo.Created(0));
    zk.Create("/a/s_", "", ZkCreateMode::kPersistentSequential, zoo.Created(0));
    zk.Create("/a/s_", "", ZkCreateMode::kPersistentSequential, zoo.Created(0));
    zk.Set("/a", "x", 0, zoo.Set(0));
    zk.Set("/a", "y", 0, zoo.Set(0));
    zk.Delete("/a", -1, [&](ZkError error) { zoo.Note(0, std::string(ToString(error))); });
  });
  zoo.Wait();
  EXPECT_EQ(zoo.Take(),
            "0:" + std::string(ToString(ZkError::kOk)) + "/a 0:" + std::string(ToString(ZkError::kNodeExists)) +
                " 0:" + std::string(ToString(ZkError::kNoNode)) + " 0:" + std::string(ToString(ZkError::kOk)) +
                "/a/s_0000000000 0:" + std::string(ToString(ZkError::kOk)) + "/a/s_0000000001 0:" +
                std::string(ToString(ZkError::kOk)) + ",v1 0:" + std::string(ToString(ZkError::kBadVersion)) +
                ",v0 0:" + std::string(ToString(ZkError::kNotEmpty)) + " ");
  EXPECT_EQ(zoo.world.zk().Read("/a")->stat.num_children, 2);
  EXPECT_EQ(zoo.world.zk().Read("/a")->stat.cversion, 2);
}

TEST(SimZk, NullAndEmptyDataDiffer) {
  Zoo zoo(1);
  zoo.world.zk().Operate({ZkOp::Create("/null", std::nullopt), ZkOp::Create("/empty", "")});
  int told = 0;
  zoo.On(0, [&](ZkClient& zk) {
    zk.Get("/null", nullptr, [&](ZkError, const ZkData& data, const ZkStat&) { told += data.has_value() ? 10 : 1; });
    zk.Get("/empty", nullptr, [&](ZkError, const ZkData& data, const ZkStat&) { told += data.has_value() ? 1 : 10; });
  });
  zoo.Wait();
  EXPECT_EQ(told, 2);
}

TEST(SimZk, MultiIsAllOrNothingAndNamesTheCulprit) {
  Zoo zoo(1);
  zoo.world.zk().Operate({ZkOp::Create("/epoch", "1")});
  std::vector<ZkOpResult> failed, done;
  zoo.On(0, [&](ZkClient& zk) {
    zk.Multi({ZkOp::Create("/controller", "me", ZkCreateMode::kEphemeral), ZkOp::Set("/epoch", "2", 7),
              ZkOp::Check("/x", -1)},
             [&](ZkError error, std::vector<ZkOpResult> results) {
               EXPECT_EQ(error, ZkError::kBadVersion);
               failed = std::move(results);
             });
    zk.Multi({ZkOp::Create("/id", std::nullopt, ZkCreateMode::kEphemeral), ZkOp::Set("/id", "data", 0)},
             [&](ZkError error, std::vector<ZkOpResult> results) {
               EXPECT_EQ(error, ZkError::kOk);
               done = std::move(results);
             });
  });
  zoo.Wait();
  ASSERT_EQ(failed.size(), 3U);
  EXPECT_EQ(failed[0].error, ZkError::kOk);
  EXPECT_EQ(failed[1].error, ZkError::kBadVersion);
  EXPECT_EQ(failed[2].error, ZkError::kRuntimeInconsistency);
  EXPECT_EQ(zoo.world.zk().Read("/controller"), nullptr);
  EXPECT_EQ(*zoo.world.zk().Read("/epoch")->data, "1");
  ASSERT_EQ(done.size(), 2U);
  EXPECT_EQ(done[1].stat.version, 1);
  EXPECT_EQ(done[1].stat.czxid, done[1].stat.mzxid);
  EXPECT_EQ(done[1].stat.ephemeral_owner, zoo.world.node(0).zk().session().id);
}

TEST(SimZk, FailedMultiLeavesCountersAsTheyWere) {
  SimZkTree tree;
  std::vector<ZkOpResult> results;
  std::vector<ZkWatchEvent> events;
  ASSERT_EQ(
      tree.Apply({ZkOp::Create("/p", ""), ZkOp::Create("/p/a", "1"), ZkOp::Create("/p/b", "1")}, 0, 0, results, events),
      ZkError::kOk);
  const auto before = tree.Dump();
  events.clear();
  ASSERT_EQ(tree.Apply({ZkOp::Delete("/p/a", 0), ZkOp::Create("/p/c", ""), ZkOp::Set("/p/b", "2", 0),
                        ZkOp::Set("/p/b", "3", 1), ZkOp::Delete("/p/c", -1), ZkOp::Create("/p/b", "")},
                       0, 0, results, events),
            ZkError::kNodeExists);
  EXPECT_TRUE(events.empty());
  const auto after = tree.Dump();
  ASSERT_EQ(after.size(), before.size());
  for (std::size_t i = 0; i < after.size(); ++i) {
    EXPECT_EQ(after[i].path, before[i].path);
    EXPECT_EQ(after[i].data, before[i].data);
    EXPECT_EQ(after[i].stat.version, before[i].stat.version);
    EXPECT_EQ(after[i].stat.cversion, before[i].stat.cversion);
    EXPECT_EQ(after[i].stat.pzxid, before[i].stat.pzxid);
  }
}

TEST(SimZk, WatchesFireOnceAndBeforeLaterReads) {
  Zoo zoo(1);
  zoo.world.zk().Operate({ZkOp::Create("/a", "0"), ZkOp::Create("/dir", "")});
  zoo.On(1, [&](ZkClient& zk) {
    zk.Get("/a", zoo.Watch(1), [](ZkError, const ZkData&, const ZkStat&) {});
    zk.Exists("/later", zoo.Watch(1), [](ZkError, const ZkStat&) {});
    zk.Children("/dir", zoo.Watch(1), [](ZkError, const std::vector<std::string>&) {});
  });
  zoo.Wait();
  zoo.world.zk().Operate({ZkOp::Set("/a", "1", -1)});
  zoo.On(1, [&](ZkClient& zk) {
    zk.Get("/a", nullptr, [&](ZkError, const ZkData& data, const ZkStat&) { zoo.Note(1, "read" + *data); });
  });
  zoo.Wait();
  zoo.world.zk().Operate({ZkOp::Set("/a", "2", -1)});
  zoo.world.zk().Operate({ZkOp::Create("/later", "")});
  zoo.world.zk().Operate({ZkOp::Create("/dir/x", "")});
  zoo.world.zk().Operate({ZkOp::Create("/dir/y", "")});
  zoo.Wait();
  EXPECT_EQ(zoo.Take(), "1:watch-changed/a 1:read1 1:watch-created/later 1:watch-children/dir ");
}

TEST(SimZk, EphemeralsGoWithASilentSession) {
  Zoo zoo(1);
  zoo.On(0, [&](ZkClient& zk) { zk.Create("/e", "", ZkCreateMode::kEphemeral, zoo.Created(0)); });
  zoo.On(1, [&](ZkClient& zk) { zk.Exists("/e", zoo.Watch(1), [](ZkError, const ZkStat&) {}); });
  zoo.Wait();
  zoo.Take();
  zoo.world.node(0).Kill(nullptr);
  zoo.Wait(5000);
  EXPECT_NE(zoo.world.zk().Read("/e"), nullptr);
  zoo.Wait(2000);
  EXPECT_EQ(zoo.world.zk().Read("/e"), nullptr);
  EXPECT_EQ(zoo.Take(), "1:watch-deleted/e ");
}

TEST(SimZk, TheKeeperClosesAKilledProcessesSessionButNotOneWithoutPower) {
  for (const bool power_lost : {false, true}) {
    Zoo zoo(1, {.session_timeout = Millis(6000), .keeper = true});
    zoo.On(0, [&](ZkClient& zk) { zk.Create("/e", "", ZkCreateMode::kEphemeral, zoo.Created(0)); });
    zoo.Wait();
    if (power_lost) {
      zoo.world.node(0).LosePower(nullptr);
    } else {
      zoo.world.node(0).Kill(nullptr);
    }
    zoo.Wait(10);
    EXPECT_EQ(zoo.world.zk().Read("/e") != nullptr, power_lost);
  }
}

TEST(SimZk, APausedOrCutOffClientLearnsOfItsExpiryLater) {
  for (const bool pause : {true, false}) {
    Zoo zoo(2);
    zoo.On(0, [&](ZkClient& zk) { zk.Create("/e", "", ZkCreateMode::kEphemeral, zoo.Created(0)); });
    zoo.Wait();
    zoo.Take();
    if (pause) zoo.world.node(0).SetPaused(true);
    if (!pause) zoo.world.net().Cut(0, zoo.world.zk().self());
    zoo.Wait(10'000);
    EXPECT_EQ(zoo.world.zk().Read("/e"), nullptr);
    EXPECT_EQ(zoo.Take(), "");
    zoo.world.node(0).SetPaused(false);
    zoo.world.net().HealAll();
    zoo.Wait(5000);
    EXPECT_EQ(zoo.Take(), "0:expired ");
    EXPECT_EQ(zoo.states[0], State::kExpired);
    zoo.On(0, [&](ZkClient& zk) {
      zk.Set("/e", "", -1, zoo.Set(0));
      zk.NewSession();
    });
    zoo.Wait(1000);
    EXPECT_EQ(zoo.Take(), "0:" + std::string(ToString(ZkError::kSessionExpired)) + ",v0 ");
    EXPECT_EQ(zoo.states[0], State::kConnected);
  }
}

TEST(SimZk, ALostConnectionLeavesTheWriteDoneOrNotAndKeepsWatches) {
  int done = 0, not_done = 0;
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    Zoo zoo(seed);
    zoo.world.zk().Operate({ZkOp::Create("/a", "0"), ZkOp::Create("/b", "0")});
    zoo.On(0, [&](ZkClient& zk) { zk.Get("/b", zoo.Watch(0), [](ZkError, const ZkData&, const ZkStat&) {}); });
    zoo.Wait();
    zoo.On(0, [&](ZkClient& zk) { zk.Set("/a", "1", -1, zoo.Set(0)); });
    zoo.world.RunFor(Micros(1500));
    zoo.world.zk().DropConnections(0);
    zoo.world.zk().Operate({ZkOp::Set("/b", "1", -1)});
    zoo.Wait(3000);
    const std::string story = zoo.Take();
    EXPECT_NE(story.find("watch-changed/b"), std::string::npos) << "missed while away; " << story;
    EXPECT_EQ(zoo.states[0], State::kConnected);
    if (story.find(std::string(ToString(ZkError::kConnectionLoss))) == std::string::npos) continue;
    (*zoo.world.zk().Read("/a")->data == "1" ? done : not_done)++;
  }
  EXPECT_GT(done, 3);
  EXPECT_GT(not_done, 3);
}

TEST(SimZk, RandomConnectionLossIsCountedAndHeals) {
  Zoo zoo(5);
  zoo.world.zk().faults().lost_before = 0.2;
  zoo.world.zk().faults().lost_after = 0.2;
  zoo.world.zk().Operate({ZkOp::Create("/n", "0")});
  int answers = 0;
  for (int i = 0; i < 100; ++i) {
    zoo.On(0, [&](ZkClient& zk) { zk.Set("/n", "x", -1, [&](ZkError, const ZkStat&) { ++answers; }); });
    zoo.Wait(1500);
  }
  EXPECT_EQ(answers, 100);
  EXPECT_GT(zoo.world.fired().at("zk.lost_before"), 5U);
  EXPECT_GT(zoo.world.fired().at("zk.lost_after"), 5U);
}

TEST(SimZk, CloseOldSessionFreesItsEphemerals) {
  Zoo zoo(1);
  zoo.On(0, [&](ZkClient& zk) { zk.Create("/e", "", ZkCreateMode::kEphemeral, zoo.Created(0)); });
  zoo.Wait();
  ZkSession old = zoo.world.node(0).zk().session();
  zoo.world.node(0).Kill(nullptr);
  zoo.world.node(0).Boot();
  zoo.Start(0);
  zoo.Wait();
  std::vector<StatusCode> told;
  const auto close = [&](const ZkSession& session) {
    zoo.On(0, [&](ZkClient& zk) { zk.CloseOldSession(session, [&](const Status& s) { told.push_back(s.code()); }); });
    zoo.Wait();
  };
  close({old.id, "wrong"});
  EXPECT_NE(zoo.world.zk().Read("/e"), nullptr);
  close(old);
  EXPECT_EQ(zoo.world.zk().Read("/e"), nullptr);
  close(old);
  EXPECT_EQ(told, (std::vector{StatusCode::kNotFound, StatusCode::kOk, StatusCode::kNotFound}));
  bool closed = false;
  zoo.On(0, [&](ZkClient& zk) { zk.Close([&] { closed = true; }); });
  zoo.Wait();
  EXPECT_TRUE(closed);
  EXPECT_EQ(zoo.world.zk().sessions(), 1U);
}

TEST(SimZk, ChrootIsMadeAndHidden) {
  Zoo zoo(1, {.chroot = "/kafka/one"});
  EXPECT_NE(zoo.world.zk().Read("/kafka/one"), nullptr);
  EXPECT_FALSE(zoo.world.zk().Read("/kafka")->data.has_value());
  zoo.On(0, [&](ZkClient& zk) {
    zk.Exists("/a", zoo.Watch(0), [](ZkError, const ZkStat&) {});
    zk.Create("/a", "", ZkCreateMode::kPersistent, zoo.Created(0));
    zk.Children("/", nullptr,
                [&](ZkError, const std::vector<std::string>& names) { zoo.Note(0, "has-" + names.at(0)); });
  });
  zoo.Wait();
  EXPECT_EQ(zoo.Take(), "0:watch-created/a 0:" + std::string(ToString(ZkError::kOk)) + "/a 0:has-a ");
}

TEST(SimZk, DumpAndLoadGiveTheSameTree) {
  SimWorld one(1), two(2);
  one.zk().Operate({ZkOp::Create("/a", std::nullopt), ZkOp::Create("/a/b", "x"), ZkOp::Set("/a/b", "y", 0)});
  two.zk().tree().Load(one.zk().tree().Dump());
  const auto left = one.zk().tree().Dump(), right = two.zk().tree().Dump();
  ASSERT_EQ(left.size(), right.size());
  for (std::size_t i = 0; i < left.size(); ++i) {
    EXPECT_EQ(left[i].path, right[i].path);
    EXPECT_EQ(left[i].data, right[i].data);
    EXPECT_EQ(left[i].stat.version, right[i].stat.version);
    EXPECT_EQ(left[i].stat.mzxid, right[i].stat.mzxid);
  }
  std::vector<ZkOpResult> results;
  two.zk().Operate({ZkOp::Create("/a/s", "", ZkCreateMode::kPersistentSequential)}, &results);
  EXPECT_EQ(results.at(0).path, "/a/s0000000001");
}

}  // namespace
}  // namespace ottla::sim
