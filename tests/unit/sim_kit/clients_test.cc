// The simulated clients against a toy broker: right, they see no violation; each mistake of the toy is seen.
#include <gtest/gtest.h>

#include <memory>

#include "tests/sim/env/sim_world.h"
#include "tests/sim/kit/cluster_view.h"
#include "tests/sim/kit/history.h"
#include "tests/sim/kit/sim_consumer.h"
#include "tests/sim/kit/sim_producer.h"
#include "tests/sim/kit/sim_rpc.h"
#include "tests/unit/sim_kit/toy_broker.h"

namespace ottla::sim {
namespace {

struct Story {
  Story(std::uint64_t seed, ToyMistake mistake) : world(seed) {
    world.AddNode().Boot();
    world.AddNode().Boot();
    broker = std::make_unique<ToyBroker>(world.node(0), 2, mistake);
    loop().Run([this] {
      rpc = std::make_unique<SimRpc>(loop(), world.node(1).network(), "toy");
      rpc->set_on_late([this](const Endpoint& to, std::int16_t key) {
        history.Violation("no answer from " + to.ToString() + " to " + std::to_string(key));
      });
      rpc->set_on_corrupt(
          [this](const Endpoint& from, const std::string& what) { history.Violation(from.ToString() + ": " + what); });
      view = std::make_unique<ClusterView>(loop(), *rpc, Random(seed_of()), std::vector<Endpoint>{{"n0", 9092}});
      const std::vector<TopicPartition> all{{"t", 0}, {"t", 1}};
      for (int i = 0; i < 2; ++i) {
        producers.push_back(
            std::make_unique<SimProducer>(loop(), *rpc, *view, Random(i), history,
                                          SimProducer::Options{.id = i, .partitions = all, .pause_max = Millis(40)}));
        producers.back()->Start();
      }
      consumer = std::make_unique<SimConsumer>(
          loop(), *rpc, *view, Random(9), history,
          SimConsumer::Options{.partitions = all, .restart = 0.05, .pause_max = Millis(10)});
      consumer->Start();
    });
    world.net().faults().reset = 0.01;
  }
  ~Story() {
    world.node(1).Kill([this] {
      consumer.reset();
      reader.reset();
      producers.clear();
      view.reset();
      rpc.reset();
    });
    world.node(0).Kill([this] { broker.reset(); });
  }
  std::uint64_t seed_of() { return world.scheduler().random().Next(); }
  SimExecutor& loop() { return world.node(1).executors().control(); }

  void Run() {
    world.RunFor(Millis(8'000));
    world.net().faults().reset = 0;
    loop().Run([this] {
      consumer->Stop();
      for (auto& producer : producers) producer->Drain();
    });
    world.RunFor(Millis(20'000));
    const std::vector<TopicPartition> all{{"t", 0}, {"t", 1}};
    loop().Run([&] {
      reader = std::make_unique<SimConsumer>(loop(), *rpc, *view, Random(9), history,
                                             SimConsumer::Options{.partitions = all, .once = true});
      reader->Start();
    });
    finished = world.RunUntil([this] { return reader->done(); }, Millis(60'000));
    for (const TopicPartition& tp : all) history.CheckFinal(tp, reader->read(tp));
  }

  SimWorld world;
  History history;
  bool finished = false;
  std::unique_ptr<ToyBroker> broker;
  std::unique_ptr<SimRpc> rpc;
  std::unique_ptr<ClusterView> view;
  std::vector<std::unique_ptr<SimProducer>> producers;
  std::unique_ptr<SimConsumer> consumer, reader;
};

TEST(SimClients, SeeNothingWrongWithARightBroker) {
  for (std::uint64_t seed = 1; seed <= 3; ++seed) {
    Story story(seed, ToyMistake::kNone);
    story.Run();
    EXPECT_TRUE(story.finished) << story.reader->Describe();
    for (const auto& producer : story.producers) EXPECT_TRUE(producer->idle()) << producer->Describe();
    for (const std::string& violation : story.history.violations())
      ADD_FAILURE() << "seed " << seed << ": " << violation;
    EXPECT_GT(story.history.acked(), 300U);
    EXPECT_GT(story.history.read(), story.history.acked());
    EXPECT_GT(story.broker->duplicates(), 0U) << "no answer was lost: resending is untested";
  }
}

TEST(SimClients, SeeEachMistake) {
  const struct {
    ToyMistake mistake;
    const char* said;
  } kCases[] = {
      {ToyMistake::kForgetsAcked, "before"},     {ToyMistake::kAppendsTwice, "is also at"},
      {ToyMistake::kSwapsBatches, "before"},     {ToyMistake::kRewrites, "before"},
      {ToyMistake::kOutOfRange, "out of range"}, {ToyMistake::kSkipsAnAnswer, "corrupt"},
      {ToyMistake::kFallsSilent, "no answer"},
  };
  for (const auto& c : kCases) {
    Story story(1, c.mistake);
    story.Run();
    ASSERT_FALSE(story.history.violations().empty()) << "mistake " << static_cast<int>(c.mistake);
    bool said = false;
    for (const std::string& violation : story.history.violations())
      said = said || violation.find(c.said) != std::string::npos;
    EXPECT_TRUE(said) << story.history.violations().front();
  }
}

TEST(SimClients, SameSeedSameHash) {
  const auto hash = [](std::uint64_t seed) {
    Story story(seed, ToyMistake::kNone);
    story.world.RunFor(Millis(5000));
    return story.world.scheduler().trace_hash();
  };
  EXPECT_EQ(hash(4), hash(4));
  EXPECT_NE(hash(4), hash(5));
}

}  // namespace
}  // namespace ottla::sim
