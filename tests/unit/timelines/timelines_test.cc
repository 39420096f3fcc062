// Our brokers and controllers write to ZooKeeper what Kafka's wrote, in the same order. See story.h for what that
// means.
#include <gtest/gtest.h>

#include <cstdlib>

#include "common/zk/zk_paths.h"
#include "player.h"

namespace ottla::timelines {
namespace {

TEST(Timelines, ZnodesAreWrittenInKafkasOrder) {
  std::map<std::string, int> causes;
  for (const Timeline& timeline : LoadTimelines()) {
    SCOPED_TRACE(timeline.name);
    Player player(timeline);
    player.Play();
    for (const std::string& fault : player.faults()) ADD_FAILURE() << fault;
    Compare(player.kafka(), player.ours());
    for (const auto& [cause, count] : player.causes()) causes[cause] += count;
  }
  EXPECT_GT(causes["start"], 0) << "no timeline";
  const char* given = std::getenv("OTTLA_FIXTURES_DIR");
  if (given != nullptr && *given != '\0') return;  // others may have less in them
  for (const char* kind : {"start", "end", "by hand", "create", "another broker", "grow", "delete", "ISR", "leave",
                           "election", "move", "log dir", "producer ids"}) {
    EXPECT_GT(causes[kind], 0) << kind;
  }
}

Entry Write(ZkOp op) { return {"", "", std::move(op), true, 0}; }
Entry State(std::int32_t partition, std::int32_t leader, std::int32_t epoch, std::vector<std::int32_t> isr) {
  zk::PartitionStateData data{BrokerId(leader), LeaderEpoch(epoch), {}, ControllerEpoch(1), false};
  for (const std::int32_t id : isr) data.isr.emplace_back(id);
  return Write(ZkOp::Set(zk::State("t", partition), zk::Encode(data), -1));
}
std::vector<std::string> Texts(const Log& log) {
  std::vector<std::string> texts;
  for (const Line& line : LinesOf(log, "t")) texts.push_back(line.text);
  return texts;
}

// The comparison itself: what is free, and what is not.
TEST(Timelines, RoundsAreOneAndTheOrderOfPartitionsIsFree) {
  const Log rounds{State(0, 1, 0, {1, 2}),
                   {"cause", "", {}, false, 0},
                   State(1, 2, 1, {2}),
                   State(0, -1, 1, {2}),
                   State(0, 2, 2, {2})};
  const Log once{State(0, 1, 0, {1, 2}), {"cause", "", {}, false, 0}, State(0, 2, 1, {2}), State(1, 2, 1, {2})};
  EXPECT_EQ(Texts(rounds), Texts(once));
  const Log other{State(0, 1, 0, {1, 2}), {"cause", "", {}, false, 0}, State(0, 2, 1, {2, 1}), State(1, 2, 1, {2})};
  EXPECT_NE(Texts(once), Texts(other));
  const Log no_epoch{State(0, 1, 0, {1, 2}), {"cause", "", {}, false, 0}, State(0, 2, 0, {2}), State(1, 2, 1, {2})};
  EXPECT_NE(Texts(once), Texts(no_epoch));
}

TEST(Timelines, OtherOrdersAreSeen) {
  const Entry topic = Write(ZkOp::Create(zk::Topic("t"), "{}"));
  const Entry config = Write(ZkOp::Create(zk::TopicConfig("t"), "{}"));
  EXPECT_NE(Texts({topic, config}), Texts({config, topic}));
  const Entry state = State(0, 1, 1, {1});
  const Entry queue = Write(ZkOp::Delete(zk::kReassignPartitions, -1));
  EXPECT_NE(Texts({state, queue}), Texts({queue, state}));
  EXPECT_NE(Texts({state}), Texts({state, queue}));
  EXPECT_EQ(Texts({state, state, topic, topic}), Texts({state, topic}));  // same again
}

}  // namespace
}  // namespace ottla::timelines
