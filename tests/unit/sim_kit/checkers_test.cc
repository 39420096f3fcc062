#include "tests/sim/kit/checkers.h"

#include <gtest/gtest.h>

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

TEST(ReplicaChecker, ComparesWhatIsCommittedOnBoth) {
  const auto batch = [](std::int64_t base, const std::string& value) {
    BatchBuilder builder({.base_offset = Offset(base)});
    builder.Append(1, std::nullopt, value);
    std::string bytes;
    builder.Build(nullptr, bytes);
    return bytes;
  };
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
  const std::string same = batch(0, "a") + batch(1, "b");
  EXPECT_EQ(compare(same + batch(2, "x"), 2, same + batch(2, "y"), 3), "");
  EXPECT_EQ(compare(same, 2, batch(0, "a"), 1), "");
  EXPECT_NE(compare(same + batch(2, "x"), 3, same + batch(2, "y"), 3).find("different bytes"), std::string::npos);
  EXPECT_NE(compare(same, 2, batch(0, "a"), 2).find("missing"), std::string::npos);
  std::string torn = same;
  torn.back() = '?';
  EXPECT_NE(compare(torn, 2, torn, 2).find("CRC"), std::string::npos);
}

}  // namespace
}  // namespace ottla::sim
