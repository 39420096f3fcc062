// What Kafka's controller told its brokers, and what ours tells them in the same situation: broker by broker, partition
// by partition, field by field, with the znodes that were written.
//
// Each story begins where the recording stood at that moment (znodes and registrations made from what the brokers had
// been told) and has the same cause. Our controller decides in one pass what Kafka's decides in rounds, so that it says
// less. These differences are allowed, and no other; where they touch leader epochs the story names the partition:
//
//   repeats      Kafka sends states again that were answered already (STALE_CONTROLLER_EPOCH for every partition)
//   stored first a new controller of Kafka's tells each state as it found it before it tells the one that it made of it
//   one epoch    Kafka takes two leader epochs where ours takes one: first no leader, then the next; in a move first
//   the
//                new leader, then the ISR without the old replicas
//   one stop     Kafka stops a replica before it deletes it, in two requests; a stop with deletion does both
//   dying topics Kafka tells a broker that comes back of partitions that are being deleted, and shrinks their ISR
#include <gtest/gtest.h>

#include <cstdlib>

#include "conversation_stage.h"
#include "derived_stories.h"

namespace ottla::controller {
namespace {

using test::Cause;
using test::Frame;
using test::Stage;
using test::Story;

constexpr double kEnd = 1e9;

Cause Down(std::int32_t broker) {
  return [=](Stage& s) { s.Down(broker); };
}
Cause Up(std::int32_t broker) {
  return [=](Stage& s) { s.Up(broker); };
}
Cause TakeOver(std::int32_t self, std::int32_t epoch, std::vector<std::int32_t> live) {
  return [=](Stage& s) { s.TakeOver(self, epoch, live); };
}
Cause NewTopic(const std::string& topic) {
  return [=](Stage& s) { s.NewTopic(topic); };
}
Cause Nothing() {
  return [](Stage&) {};
}
Cause Elect(const std::string& topic, std::int32_t partition, bool unclean, ErrorCode expected) {
  return [=](Stage& s) { s.Elect(topic, partition, unclean, expected); };
}

const std::vector<Story>& Stories() {
  static const std::vector<Story> kStories = {
      {"the first controller", "01", 0, 3700, {{-1, TakeOver(1, 1, {1})}}, {{1, "U", "U"}}},
      {"a second broker", "01", 3700, 7100, {{0, Up(2)}}, {{1, "U", "U"}, {2, "U", "U"}}},
      {"a third broker", "01", 7100, kEnd, {{0, Up(3)}}, {{1, "U", "U"}, {2, "U", "U"}, {3, "U", "U"}}},
      {"a topic", "02", 0, 1900, {{0, NewTopic("t1")}}, {{1, "LU", "LU"}, {2, "LU", "LU"}, {3, "LU", "LU"}}},
      {"another topic", "02", 1900, kEnd, {{0, NewTopic("t2")}}, {{1, "LU", "LU"}, {2, "LU", "LU"}, {3, "LU", "LU"}}},
      {"an internal topic",
       "05",
       0,
       1000,
       {{0, NewTopic("__consumer_offsets")}},
       {{1, "LU", "LU"}, {2, "LU", "LU"}, {3, "LU", "LU"}}},
      {"the ISR shrinks and grows",
       "05",
       1000,
       kEnd,
       {{0, Nothing()}},
       {{1, "UU", "UU"}, {2, "UU", "UU"}, {3, "UU", "UU"}}},
      {"a leader dies", "06", 0, 11000, {{0, Down(2)}}, {{1, "LULU", "LU"}, {3, "LULU", "LU"}}},
      {"it comes back",
       "06",
       11000,
       kEnd,
       {{0, Up(2)}},
       {{1, "UUUUUU", "UUUUUU"}, {2, "ULUUUUU", "ULUUUUU"}, {3, "UUUUUU", "UUUUUU"}}},
      {"a broker leaves in order",
       "07",
       1000,
       3170,
       {{1250, Down(3)}},
       {{1, "LULULU", "LUU"}, {2, "LULULU", "LUU"}, {3, "LUSUS", "LUS"}}},
      {"and comes back",
       "07",
       3170,
       kEnd,
       {{0, Up(3)}},
       {{1, "UUUUUUU", "UUUUUUU"}, {2, "UUUUUUU", "UUUUUUU"}, {3, "ULUUUUUU", "ULUUUUUU"}}},
      {"another controller",
       "08",
       0,
       4013,
       {{-1, TakeOver(2, 2, {1, 2, 3})}},
       {{1, "ULU", "ULU"}, {2, "ULU", "ULU"}, {3, "ULU", "ULU"}}},
      {"a controller dies that also led",
       "08",
       4013,
       17978,
       {{-1, TakeOver(3, 3, {1, 3})}},
       {{1, "ULULULU", "ULU"}, {3, "ULULULU", "ULU"}},
       {"__consumer_offsets-2", "__consumer_offsets-3", "t1-1", "t2-1"}},
      {"and comes back as a broker",
       "08",
       17978,
       kEnd,
       {{0, Up(2)}},
       {{1, "UUUUUU", "UUUUUU"}, {2, "ULUUUUU", "ULUUUUU"}, {3, "UUUUUU", "UUUUUU"}}},
      {"an election that is not needed", "09", 0, 74, {{0, Elect("t1", 0, false, ErrorCode::kElectionNotNeeded)}}, {}},
      {"a preferred election",
       "09",
       74,
       189,
       {{0, Elect("t1", 1, false, ErrorCode::kNone)}},
       {{1, "LU", "LU"}, {2, "LU", "LU"}, {3, "LU", "LU"}}},
      {"another",
       "09",
       189,
       kEnd,
       {{0, Elect("t1", 2, false, ErrorCode::kNone)}},
       {{1, "LU", "LU"}, {2, "LU", "LU"}, {3, "LU", "LU"}}},
      {"a topic on one broker", "10", 0, 148, {{0, NewTopic("r1")}}, {{1, "LU", "LU"}, {2, "U", "U"}, {3, "U", "U"}}},
      {"a topic on all", "10", 148, 415, {{0, NewTopic("r2")}}, {{1, "LU", "LU"}, {2, "LU", "LU"}, {3, "LU", "LU"}}},
      {"a move to two others",
       "10",
       415,
       3515,
       {{0,
         [](Stage& s) {
           s.Move({"r1", 0}, "2,3");
         }}},
       {{1, "LUUUUUUUSSU", "LUUUS"}, {2, "LULUUUULULUU", "LUULU"}, {3, "LUULUUULULUU", "LUULU"}},
       {"r1-0"}},
      {"a move away from one",
       "10",
       3515,
       6588,
       {{0,
         [](Stage& s) {
           s.Move({"r2", 0}, "2,3");
         }}},
       {{1, "UUSSU", "US"}, {2, "LULUU", "LU"}, {3, "LULUU", "LU"}},
       {"r2-0"}},
      {"a topic grows",
       "10",
       6588,
       kEnd,
       {{0, [](Stage& s) { s.Grown("r1"); }}},
       {{1, "LU", "LU"}, {2, "LU", "LU"}, {3, "LU", "LU"}}},
      {"auto creation", "13", 0, kEnd, {{0, NewTopic("auto1")}}, {{1, "U", "U"}, {2, "U", "U"}, {3, "LU", "LU"}}},
      {"a topic on two", "14", 0, 262, {{0, NewTopic("u1")}}, {{1, "LU", "LU"}, {2, "LU", "LU"}, {3, "U", "U"}}},
      {"one of them dies", "14", 262, 10000, {{0, Down(2)}}, {{1, "LUL", "LU"}, {3, "LULU", "LU"}}, {}, {}, {1}},
      {"the last in sync dies",
       "14",
       10000,
       20127,
       {{14000, Down(1)}},
       {{1, "", "U"}, {3, "ULULU", "ULU"}},
       {},
       {},
       {1},
       {"t1-1"}},
      {"the other comes back", "14", 20127, 25350, {{0, Up(2)}}, {{2, "ULUUU", "ULUUU"}, {3, "UUUU", "UUUU"}}},
      {"an unclean election",
       "14",
       25350,
       27107,
       {{0, Elect("u1", 0, true, ErrorCode::kNone)}},
       {{2, "LU", "LU"}, {3, "U", "U"}}},
      {"the last one comes back",
       "14",
       27107,
       kEnd,
       {{0, Up(1)}},
       {{1, "ULUUUU", "ULUUUU"}, {2, "UUUUU", "UUUUU"}, {3, "UUUUU", "UUUUU"}}},
      {"a topic is deleted",
       "15",
       0,
       2258,
       {{0, [](Stage& s) { s.Delete("t2"); }}},
       {{1, "USS", "US"}, {2, "USS", "US"}, {3, "USS", "US"}}},
      {"a broker leaves",
       "15",
       2258,
       4400,
       {{2900, Down(2)}},
       {{1, "LULULU", "LUU"}, {2, "LUSUS", "LUS"}, {3, "ULULU", "LUU"}}},
      {"a topic of a broker that is away is deleted",
       "15",
       4400,
       7479,
       {{0, [](Stage& s) { s.Delete("r1"); }}},
       {{1, "USS", "US"}, {3, "USS", "US"}},
       {},
       {"r1"}},
      {"until it comes back",
       "15",
       7479,
       kEnd,
       {{0, Up(2)}},
       {{1, "UUUUUU", "UUUUU"}, {2, "ULUUSSUUU", "ULUSUUU"}, {3, "UUUUUU", "UUUUU"}},
       {},
       {"r1"},
       {},
       {},
       true},
      {"a session expires", "16", 0, 8895, {{0, Down(2)}}, {{1, "LU", "LU"}, {3, "LU", "LU"}}},
      {"and its owner wakes",
       "16",
       8895,
       kEnd,
       {{0, Up(2)}},
       {{1, "UUUUUU", "UUUUUU"}, {2, "ULUUUUU", "ULUUUUU"}, {3, "UUUUUU", "UUUUUU"}}},
      {"all leave: the first",
       "18",
       0,
       1481,
       {{250, Down(1)}},
       {{1, "LUSUS", "LUS"}, {2, "LULULU", "LUU"}, {3, "ULULU", "LUU"}}},
      {"the second, which leads alone",
       "18",
       1481,
       13169,
       {{11900, Down(2)}},
       {{2, "SUSSUSSUS", "USUSUS"}, {3, "LULULULU", "LUUUU"}}},
      {"the last one", "18", 13169, kEnd, {{0, Nothing()}}, {}},
  };
  return kStories;
}

// A shorter walk in older protocols: the same words in older versions of the requests.
const std::vector<Story>& Stories28() {
  static const std::vector<Story> kStories = {
      {"the first controller", "01", 0, 4800, {{-1, TakeOver(1, 1, {1})}}, {{1, "U", "U"}}},
      {"a second broker", "01", 4800, 7700, {{0, Up(2)}}, {{1, "U", "U"}, {2, "U", "U"}}},
      {"a third broker", "01", 7700, kEnd, {{0, Up(3)}}, {{1, "U", "U"}, {2, "U", "U"}, {3, "U", "U"}}},
      {"a topic", "02", 0, kEnd, {{0, NewTopic("t1")}}, {{1, "LU", "LU"}, {2, "LU", "LU"}, {3, "LU", "LU"}}},
      {"an internal topic",
       "03",
       0,
       500,
       {{0, NewTopic("__transaction_state")}},
       {{1, "LU", "LU"}, {2, "LU", "LU"}, {3, "LU", "LU"}}},
      {"a leader dies", "04", 0, 10673, {{0, Down(2)}}, {{1, "LULU", "LU"}, {3, "LULU", "LU"}}},
      {"it comes back",
       "04",
       10673,
       kEnd,
       {{0, Up(2)}},
       {{1, "UUUUUUU", "UUUUUUU"}, {2, "ULUUUUUU", "ULUUUUUU"}, {3, "UUUUUUU", "UUUUUUU"}}},
      {"a broker leaves in order",
       "05",
       0,
       2903,
       {{600, Down(3)}},
       {{1, "LULULU", "LUU"}, {2, "LULULU", "LUU"}, {3, "LUS", "LUS"}},
       {},
       {},
       {3}},
      {"and comes back",
       "05",
       2903,
       5761,
       {{0, Up(3)}},
       {{1, "UUUUUUU", "UUUUUUU"}, {2, "UUUUUUU", "UUUUUUU"}, {3, "ULUUUUUU", "ULUUUUUU"}}},
      {"a topic is deleted",
       "05",
       6805,
       kEnd,
       {{0, [](Stage& s) { s.Delete("d1"); }}},
       {{1, "USS", "US"}, {2, "USS", "US"}, {3, "USS", "US"}}},
  };
  return kStories;
}

const std::vector<Story>& Stories32() {
  static const std::vector<Story> kStories = {
      {"a topic", "02", 0, kEnd, {{0, NewTopic("t1")}}, {{1, "LU", "LU"}, {2, "LU", "LU"}, {3, "LU", "LU"}}},
      {"a leader dies", "04", 0, 12599, {{0, Down(2)}}, {{1, "LULU", "LU"}, {3, "LULU", "LU"}}},
      {"it comes back",
       "04",
       12599,
       kEnd,
       {{0, Up(2)}},
       {{1, "UUUUUU", "UUUUUU"}, {2, "ULUUUUU", "ULUUUUU"}, {3, "UUUUUU", "UUUUUU"}}},
      {"a broker leaves in order",
       "05",
       0,
       2592,
       {{400, Down(3)}},
       {{1, "LULULU", "LUU"}, {2, "LULULU", "LUU"}, {3, "LU", "LUS"}},
       {},
       {},
       {3}},
      {"and comes back",
       "05",
       2592,
       5643,
       {{0, Up(3)}},
       {{1, "UUUUUUU", "UUUUUUU"}, {2, "UUUUUUU", "UUUUUUU"}, {3, "ULUUUUUU", "ULUUUUUU"}}},
      {"a topic is deleted",
       "05",
       6680,
       kEnd,
       {{0, [](Stage& s) { s.Delete("d1"); }}},
       {{1, "USS", "US"}, {2, "USS", "US"}, {3, "USS", "US"}}},
  };
  return kStories;
}

void Play(const std::string& version, int count, InterBrokerVersion ibp, const std::vector<Story>& stories) {
  std::vector<std::vector<Frame>> steps;
  for (int number = 1; number <= count; ++number) {
    steps.push_back(test::LoadStep(version, (number < 10 ? "0" : "") + std::to_string(number)));
  }
  std::unique_ptr<Stage> stage;
  for (const Story& story : stories) {
    SCOPED_TRACE(std::string("step ") + story.step + ": " + story.name);
    if (story.goes_on) {
      stage->Restart(story);
    } else {
      stage = std::make_unique<Stage>(steps, ibp, story);
    }
    stage->Play();
    stage->Check();
  }
}

TEST(Conversations, OurControllerSaysWhatKafkasSaid) { Play("3.9", 18, {3, 9, 0}, Stories()); }
TEST(Conversations, InProtocol28) { Play("2.8", 5, {2, 8, 1}, Stories28()); }
TEST(Conversations, InProtocol32) { Play("3.2", 5, {3, 2, 0}, Stories32()); }

// Whatever is recorded, under any names: the stories are derived. Protocols that our brokers speak.
TEST(Conversations, WhateverIsRecordedEndsInTheSameWords) {
  std::size_t recordings = 0, played = 0, unfit = 0;
  for (const auto& [version, first, steps] : test::LoadRecordings()) {
    const Result<InterBrokerVersion> ibp = ParseInterBrokerVersion(version);
    if (!ibp.ok() || *ibp < InterBrokerVersion{2, 8, 1}) continue;
    ++recordings;
    for (const Story& story : test::DeriveStories(steps)) {
      SCOPED_TRACE("protocol " + version + " from step " + std::to_string(first) + ", there the " + story.step +
                   "th: " + story.name);
      Stage stage(steps, *ibp, story);
      stage.Play();
      stage.at_rest() ? ++played : ++unfit;
      if (stage.at_rest()) stage.CheckLastWords();
    }
  }
  EXPECT_GT(recordings, 0u);
  EXPECT_GE(played, unfit * 10) << "too many stories begin in the middle of something";
  const char* given = std::getenv("OTTLA_CONVERSATIONS_DIR");  // it may hold a piece that shows too little
  if (given == nullptr || *given == '\0') {
    EXPECT_GT(played, 40u);
  }
}

}  // namespace
}  // namespace ottla::controller
