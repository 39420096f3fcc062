#include "tests/sim/kit/checkers.h"

#include <gtest/gtest.h>

#include <set>
#include <sstream>

#include "common/record/batch_builder.h"
#include "common/zk/zk_codec.h"
#include "common/zk/zk_paths.h"
#include "tests/sim/env/sim_world.h"

namespace ottla::sim {
namespace {

// Said by the last violation, or "" when all is well.
std::string Last(const History& history) { return history.violations().empty() ? "" : history.violations().back(); }

TEST(History, EachPromise) {
  const TopicPartition tp{"t", 0};
  const RecordId a{1, 0}, b{1, 1}, c{2, 0};
  EXPECT_EQ(RecordId::Parse(b.Value()), b);
  EXPECT_EQ(RecordId::Parse(b.Value() + "x").producer, -1);
  EXPECT_EQ(RecordId::Parse("").producer, -1);
  const auto with = [&](const auto& act) {
    History history;
    for (const RecordId id : {a, b, c}) history.Sent(tp, id);
    history.Acked(tp, Offset(0), a);
    history.Acked(tp, Offset(1), c);
    history.Read(tp, Offset(0), a.Value());
    EXPECT_EQ(Last(history), "");
    act(history);
    return Last(history);
  };
  EXPECT_EQ(with([&](History& h) { h.Acked(tp, Offset(2), b); }), "");
  EXPECT_NE(with([&](History& h) { h.Read(tp, Offset(1), b.Value()); }).find("was 2-0 before"), std::string::npos);
  EXPECT_NE(with([&](History& h) { h.Read(tp, Offset(5), c.Value()); }).find("is also at 1"), std::string::npos);
  EXPECT_NE(with([&](History& h) { h.Read(tp, Offset(2), "junk"); }).find("nobody wrote"), std::string::npos);
  EXPECT_NE(with([&](History& h) {
              h.Read(tp, Offset(2), RecordId{1, 7}.Value());
            }).find("never sent"),
            std::string::npos);
  EXPECT_NE(with([&](History& h) { h.CheckFinal(tp, {{Offset(0), a}}); }).find("lost 2-0"), std::string::npos);
  EXPECT_EQ(with([&](History& h) { h.CheckFinal(tp, {{Offset(0), a}, {Offset(1), c}}); }), "");
  EXPECT_NE(with([&](History& h) {
              h.AckedSomewhere(tp, b);
              h.CheckFinal(tp, {{Offset(0), a}, {Offset(1), c}});
            }).find("lost 1-1"),
            std::string::npos);
  History order;
  for (const RecordId id : {a, b}) order.Sent(tp, id);
  order.Read(tp, Offset(0), b.Value());
  order.Read(tp, Offset(1), a.Value());
  EXPECT_NE(Last(order).find("behind 1-1"), std::string::npos);
}

TEST(History, WhatIsForgivenMayBeLostAndWhatComesAfterCounts) {
  const TopicPartition tp{"t", 0};
  const RecordId a{1, 0}, b{1, 1}, c{1, 2};
  History history;
  for (const RecordId id : {a, b}) history.Sent(tp, id);
  history.Acked(tp, Offset(0), a);
  const History::Era before = history.era(tp);
  history.Forgive(tp);
  EXPECT_TRUE(history.forgiven(tp));
  history.Acked(tp, Offset(1), b, before);  // said before the loss, heard after it
  history.CheckFinal(tp, {});
  EXPECT_EQ(Last(history), "");
  history.Sent(tp, c);
  history.Acked(tp, Offset(0), c);
  history.Read(tp, Offset(1), a.Value());  // written again by a client that was not told
  history.Read(tp, Offset(2), a.Value());
  EXPECT_EQ(Last(history), "");
  history.CheckFinal(tp, {{Offset(1), a}});
  EXPECT_NE(Last(history).find("lost 1-2"), std::string::npos);
}

struct IntactCase {
  const char* name;
  // Digits: a power loss of that broker. "=12": this ISR is stored; "2=12": and 2 is elected. "r2": 2 registers, "g2":
  // it is gone. "+": the brokers named next are there all the time.
  const char* story;
  int forgiven;
  bool violation;
};

TEST(IntactTracker, ForgivesWhenTheLastMemberThatKeptItsPowerIsGone) {
  const IntactCase kCases[] = {
      {"two of three", "=123 1 2", 0, false},
      {"all", "=123 1 2 3", 1, false},
      {"outside the ISR", "=12 3", 0, false},
      {"alone", "=1 1", 1, false},
      {"left and joined again", "=123 1 =23 =123 2 3", 0, false},
      {"the last one is taken for dead", "=12 2 =2", 1, false},
      {"though it was there", "+1 =12 2 =2", 1, true},
      {"what was forgiven is whole again", "=1 1 =12 2", 1, false},
      {"one that lost its power leads one that had died", "1=12 2 r2 2=12", 1, false},
      {"though that was there", "+1 1=12 2 r2 2=12", 1, true},
      {"that was there, but anew", "+1 1=12 r1 2 r2 2=12", 1, false},
      {"one that lost its power and is not back is elected", "1=12 2 2=12 1=12", 0, false},
      {"or its session has just ended", "r2 1=12 2 g2 2=12 1=12", 0, false},
      {"the one that kept its power leads", "+1 2=12 2 1=12", 0, false},
  };
  const TopicPartition tp{"t", 0};
  for (const IntactCase& c : kCases) {
    History history;
    std::set<int> present;
    std::map<int, BrokerEpoch> registered;
    std::int64_t next_epoch = 0;
    IntactTracker tracker(
        history, [&](int broker) { return present.contains(broker); }, [&](int broker) { return registered[broker]; });
    LeaderEpoch epoch{0};
    std::istringstream story(c.story);
    for (std::string word; story >> word;) {
      std::vector<BrokerId> ids;
      for (const char digit : word) {
        if (digit >= '0' && digit <= '9') ids.emplace_back(digit - '0');
      }
      if (word[0] == '=') {
        tracker.Stored(tp, kNoBroker, epoch, ids);
      } else if (word.size() > 1 && word[1] == '=') {
        tracker.Stored(tp, ids[0], epoch = LeaderEpoch(epoch.value + 1), {ids.begin() + 1, ids.end()});
      } else if (word[0] == 'r') {
        registered[ids[0].value] = BrokerEpoch(++next_epoch);
      } else if (word[0] == 'g') {
        registered[ids[0].value] = BrokerEpoch(-1);
      } else if (word[0] == '+') {
        for (const BrokerId id : ids) present.insert(id.value);
      } else {
        tracker.PowerLost(ids.at(0));
      }
    }
    EXPECT_EQ(history.forgiven_count(), static_cast<std::uint64_t>(c.forgiven)) << c.name;
    EXPECT_EQ(!history.violations().empty(), c.violation) << c.name << ": " << Last(history);
  }
}

struct StateCase {
  const char* name;
  zk::PartitionStateData second;
  const char* said;
};

zk::PartitionStateData State(int leader, int epoch, std::vector<BrokerId> isr) {
  return {.leader = BrokerId(leader), .leader_epoch = LeaderEpoch(epoch), .isr = std::move(isr)};
}

TEST(StateChecker, EachPromise) {
  const BrokerId one(1), two(2), three(3), nine(9);
  const StateCase kCases[] = {
      {"shrunk", State(1, 0, {one}), ""},
      {"clean election", State(2, 1, {two, one}), ""},
      {"nobody left", State(-1, 1, {two}), ""},
      {"unclean election", State(3, 1, {three}), "was not in the ISR"},
      {"two leaders", State(2, 0, {one, two}), "epoch had leader 1"},
      {"empty", State(-1, 1, {}), "ISR is empty"},
      {"leader outside", State(2, 1, {one}), "leader outside"},
      {"stranger", State(1, 1, {one, nine}), "outside the assignment"},
      {"back", State(1, -5, {one}), "leader epoch was 0"},
  };
  for (const StateCase& c : kCases) {
    SimWorld world(1);
    History history;
    StateChecker checker(world.zk(), "", history);
    zk::TopicAssignment topic;
    topic.partitions[0].replicas = {one, two, three};
    world.zk().CreateWithParents("/brokers/topics/t", zk::Encode(topic));
    EXPECT_FALSE(checker.AllInSync());
    world.zk().CreateWithParents(zk::State("t", 0), zk::Encode(State(1, 0, {one, two})));
    checker.Check();
    EXPECT_EQ(Last(history), "") << c.name;
    EXPECT_FALSE(checker.AllInSync());
    world.zk().Operate({ZkOp::Set(zk::State("t", 0), zk::Encode(c.second), -1)});
    checker.Check();
    if (*c.said == '\0') {
      EXPECT_EQ(Last(history), "") << c.name;
    } else {
      bool said = false;
      for (const std::string& text : history.violations()) said = said || text.find(c.said) != std::string::npos;
      EXPECT_TRUE(said) << c.name << ": " << Last(history);
    }
  }
}

TEST(LeaderChecker, OneLeaderPerEpochAndAHighWatermarkThatOnlyRises) {
  const auto view = [](int epoch, int hw) {
    return ReplicaView{.tp = {"t", 0},
                       .leader = true,
                       .leader_epoch = LeaderEpoch(epoch),
                       .log_start = Offset(0),
                       .log_end = Offset(10),
                       .high_watermark = Offset(hw)};
  };
  History history;
  LeaderChecker checker(history);
  checker.Check(1, 11, view(0, 5));
  checker.Check(1, 11, view(1, 3));  // a new epoch may begin lower
  checker.Check(1, 12, view(1, 2));  // and a new process too
  EXPECT_EQ(Last(history), "");
  checker.Check(1, 12, view(1, 1));
  EXPECT_NE(Last(history).find("fell from 2 to 1"), std::string::npos);
  checker.Check(2, 13, view(1, 11));
  EXPECT_NE(Last(history).find("outside 0..10"), std::string::npos);
  EXPECT_NE(history.violations()[1].find("the epoch had leader 1"), std::string::npos);
}

std::string BatchAt(std::int64_t base, const std::string& value) {
  BatchBuilder builder({.base_offset = Offset(base)});
  builder.Append(1, std::nullopt, value);
  std::string bytes;
  builder.Build(nullptr, bytes);
  return bytes;
}

// One disk with a partition whose segments are given by their base offsets.
class Disk {
 public:
  explicit Disk(std::uint64_t seed) : files_(seed) { EXPECT_TRUE(files_.CreateDirs("/d/t-0").ok()); }
  void Append(std::int64_t segment, const std::string& bytes) {
    std::string name = std::to_string(segment);
    name = "/d/t-0/" + std::string(20 - name.size(), '0') + name + ".log";
    const auto file = files_.Open(name, OpenMode::kCreate).value();
    EXPECT_TRUE(file->Write(bytes, file->Size().value()).ok());
  }
  ReplicaView View(std::int64_t end, std::int64_t mark) const {
    return {.tp = {"t", 0},
            .log_start = Offset(0),
            .log_end = Offset(end),
            .high_watermark = Offset(mark),
            .log_dir = "/d"};
  }
  const SimFiles& files() const { return files_; }

 private:
  SimFiles files_;
};

TEST(CommittedChecker, ReadsWhatIsNewBelowTheHighWatermarkOfEach) {
  History history;
  CommittedChecker checker(history);
  Disk one(1), two(2), three(3);
  one.Append(0, BatchAt(0, "a") + BatchAt(1, "b"));
  checker.Check(1, 1, one.files(), one.View(2, 1));
  EXPECT_EQ(checker.batches(), 1U);
  one.Append(2, BatchAt(2, "c"));  // another segment
  checker.Check(1, 1, one.files(), one.View(3, 3));
  checker.Check(1, 1, one.files(), one.View(3, 3));
  EXPECT_EQ(checker.batches(), 3U);
  two.Append(0, BatchAt(0, "a") + BatchAt(1, "other"));
  checker.Check(2, 2, two.files(), two.View(2, 1));  // may differ where it is not committed
  EXPECT_EQ(Last(history), "");
  checker.Check(2, 2, two.files(), two.View(2, 2));
  EXPECT_NE(Last(history).find("offset 1: broker 2 holds different bytes"), std::string::npos);
  checker.Check(3, 3, three.files(), three.View(1, 1));
  EXPECT_NE(Last(history).find("nothing is stored at 0"), std::string::npos);
}

TEST(CommittedChecker, ATruncatedCopyIsReadAgain) {
  History history;
  CommittedChecker checker(history);
  Disk one(1), two(2);
  one.Append(0, BatchAt(0, "a") + BatchAt(1, "b"));
  checker.Check(1, 1, one.files(), one.View(2, 2));
  checker.Check(1, 1, one.files(), one.View(1, 1));
  checker.Check(1, 1, one.files(), one.View(2, 2));
  EXPECT_EQ(checker.batches(), 4U);
  history.Forgive({"t", 0});
  two.Append(0, BatchAt(0, "x"));
  checker.Check(2, 2, two.files(), two.View(1, 1));  // nothing is committed yet, as far as anybody promised
  EXPECT_EQ(Last(history), "");
}

TEST(ReplicaChecker, ComparesWhatIsCommittedOnBoth) {
  const auto compare = [&](const std::string& left, std::int64_t left_hw, const std::string& right,
                           std::int64_t right_hw) {
    SimFiles one(1), two(2);
    History history;
    ReplicaChecker checker(history);
    std::vector<ReplicaChecker::Replica> replicas;
    for (auto* files : {&one, &two}) {
      EXPECT_TRUE(files->CreateDirs("/d/t-0").ok());
      const std::string& bytes = files == &one ? left : right;
      EXPECT_TRUE(files->Open("/d/t-0/00000000000000000000.log", OpenMode::kCreate).value()->Write(bytes, 0).ok());
      ReplicaView view{.tp = {"t", 0}, .log_start = Offset(0), .log_end = Offset(9), .log_dir = "/d"};
      view.high_watermark = Offset(files == &one ? left_hw : right_hw);
      replicas.push_back({files == &one ? 1 : 2, files, view});
    }
    checker.Check(replicas);
    return Last(history);
  };
  const std::string same = BatchAt(0, "a") + BatchAt(1, "b");
  EXPECT_EQ(compare(same + BatchAt(2, "x"), 2, same + BatchAt(2, "y"), 3), "");
  EXPECT_EQ(compare(same, 2, BatchAt(0, "a"), 1), "");
  EXPECT_NE(compare(same + BatchAt(2, "x"), 3, same + BatchAt(2, "y"), 3).find("different bytes"), std::string::npos);
  EXPECT_NE(compare(same, 2, BatchAt(0, "a"), 2).find("missing"), std::string::npos);
  std::string torn = same;
  torn.back() = '?';
  EXPECT_NE(compare(torn, 2, torn, 2).find("CRC"), std::string::npos);
}

}  // namespace
}  // namespace ottla::sim
