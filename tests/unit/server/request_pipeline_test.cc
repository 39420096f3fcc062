// One connection's order slots: what is handed over when, and in which order answers leave.
#include "broker/server/request_pipeline.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "common/protocol/api_key.h"
#include "pipeline_harness.h"

namespace ottla {
namespace {

using Ids = std::vector<std::int32_t>;

TEST_F(RequestPipelineTest, ARequestArrivesWithItsHeaderAndBodyAndItsAnswerWithLengthAndId) {
  Open();
  Say(Request(kMetadataKey, 4, 77, "hello"));
  ASSERT_EQ(handler_.got.size(), 1u);
  const RequestContext& request = handler_.got[0].first;
  EXPECT_EQ(request.header.api_key, kMetadataKey);
  EXPECT_EQ(request.header.api_version, 4);
  EXPECT_EQ(request.header.client_id, "client");
  EXPECT_EQ(std::string(request.body.data(), request.body.size()), "hello");
  Answer(0, "world");
  EXPECT_EQ(TakeAnswers(), AnswerBytes(77, "world"));
  Say(Request(kMetadataKey, 4, 78));
  Answer(1, "tagged", Millis{0}, 1);
  EXPECT_EQ(TakeAnswers(), FrameOf(BigEndian(78) + std::string(1, '\0') + "tagged"));
}

// A peer may hold the last piece back until what it sent before is acknowledged; no answer goes with that yet.
TEST_F(RequestPipelineTest, APieceOfARequestIsAcknowledgedAtOnceUnlessMuchIsStillToCome) {
  Open();
  const std::string small = Request(kProduceKey, 3, 1);
  Say(small.substr(0, 3));
  EXPECT_EQ(wire_.acknowledged, 1) << "not even a length";
  Say(small.substr(3, 5));
  EXPECT_EQ(wire_.acknowledged, 2);
  Say(small.substr(8));
  EXPECT_EQ(wire_.acknowledged, 2) << "the answer will tell";
  EXPECT_EQ(Handed(), (Ids{1}));
  const std::string large = Request(kProduceKey, 3, 2, std::string(200'000, 'x'));
  Say(large.substr(0, 100'000));
  EXPECT_EQ(wire_.acknowledged, 2) << "the peer sends on by itself";
  Say(large.substr(100'000, 100'000));
  EXPECT_EQ(wire_.acknowledged, 3);
  Say(large.substr(200'000));
  EXPECT_EQ(wire_.acknowledged, 3);
  EXPECT_EQ(Handed(), (Ids{1, 2}));
}

TEST_F(RequestPipelineTest, SerialRequestsWaitForTheAnswerBefore) {
  Open();
  Say(Request(kMetadataKey, 4, 1) + Request(kMetadataKey, 4, 2) + Request(kProduceKey, 3, 3));
  EXPECT_EQ(Handed(), (Ids{1}));
  Answer(0, "a");
  EXPECT_EQ(Handed(), (Ids{1, 2}));
  Answer(1, "b");
  EXPECT_EQ(Handed(), (Ids{1, 2, 3}));
  Answer(2, "c");
  EXPECT_EQ(TakeAnswers(), AnswerBytes(1, "a") + AnswerBytes(2, "b") + AnswerBytes(3, "c"));
}

TEST_F(RequestPipelineTest, ProducesOverlapAndAnswersKeepTheOrderOfTheRequests) {
  Open();
  Say(Request(kProduceKey, 3, 1) + Request(kProduceKey, 3, 2) + Request(kProduceKey, 3, 3) +
      Request(kMetadataKey, 4, 4) + Request(kProduceKey, 3, 5));
  EXPECT_EQ(Handed(), (Ids{1, 2, 3})) << "Metadata waits, and so does what is behind it";
  Answer(2, "c");
  Answer(1, "b");
  EXPECT_EQ(TakeAnswers(), "");
  Answer(0, "a");
  EXPECT_EQ(TakeAnswers(), AnswerBytes(1, "a") + AnswerBytes(2, "b") + AnswerBytes(3, "c"));
  EXPECT_EQ(Handed(), (Ids{1, 2, 3, 4}));
  Answer(3, "d");
  EXPECT_EQ(Handed(), (Ids{1, 2, 3, 4, 5}));
  Answer(4, "e");
  EXPECT_TRUE(pipeline_->idle());
}

TEST_F(RequestPipelineTest, NoResponseFreesTheSlotWithoutBytes) {
  Open();
  Say(Request(kProduceKey, 3, 1) + Request(kProduceKey, 3, 2));
  Answer(1, "b");
  handler_.got[0].second.NoResponse();
  Settle();
  EXPECT_EQ(TakeAnswers(), AnswerBytes(2, "b"));
}

TEST_F(RequestPipelineTest, AnswersOfOneTurnLeaveInOneWrite) {
  Open();
  handler_.on_request = [](RequestContext& request, Responder& responder) {
    Response response;
    response.body.emplace_back(std::to_string(request.header.correlation_id));
    responder.Respond(std::move(response));
  };
  Say(Request(kMetadataKey, 4, 1) + Request(kMetadataKey, 4, 2) + Request(kProduceKey, 3, 3));
  EXPECT_EQ(TakeAnswers(), AnswerBytes(1, "1") + AnswerBytes(2, "2") + AnswerBytes(3, "3"));
}

TEST_F(RequestPipelineTest, TheNumberAndTheBytesUnderWayAreBounded) {
  RequestPipeline::Options options;
  options.max_slots = 2;
  Open(options);
  Say(Request(kProduceKey, 3, 1) + Request(kProduceKey, 3, 2) + Request(kProduceKey, 3, 3));
  EXPECT_EQ(Handed(), (Ids{1, 2}));
  Say(Request(kProduceKey, 3, 4));
  EXPECT_FALSE(wire_.read_on);
  EXPECT_FALSE(wire_.to_server.empty()) << "nothing is read that cannot be handed over";
  Answer(0, "a");
  EXPECT_EQ(Handed(), (Ids{1, 2, 3}));
  Answer(1, "b");
  Settle();
  EXPECT_EQ(Handed(), (Ids{1, 2, 3, 4}));
  Answer(2, "c");
  Answer(3, "d");
}

TEST_F(RequestPipelineTest, WhatIsNotServedOrMalformedClosesAfterTheAnswersBeforeIt) {
  const std::string cases[] = {
      Request(kNotServed, 7, 9),    // not on this listener
      Request(kProduceKey, 99, 9),  // no such version
      Request(999, 0, 9),           // no such API
      FrameOf("junk"),
      FrameOf(""),  // no header
      BigEndian(-5),
      BigEndian(INT32_MAX),
  };
  for (const std::string& bad : cases) {
    wire_ = Wire{};
    handler_.got.clear();
    ended_ = 0;
    Open();
    Say(Request(kProduceKey, 3, 1) + bad + Request(kProduceKey, 3, 2));
    EXPECT_EQ(Handed(), (Ids{1}));
    EXPECT_FALSE(wire_.gone);
    Answer(0, "a");
    EXPECT_EQ(TakeAnswers(), AnswerBytes(1, "a"));
    EXPECT_TRUE(wire_.gone);
    EXPECT_EQ(ended_, 1);
  }
}

TEST_F(RequestPipelineTest, ApiVersionsComesThroughInAnyVersion) {
  Open();
  Say(Request(kApiVersionsKey, 77, 5));
  ASSERT_EQ(Handed(), (Ids{5}));
  EXPECT_EQ(handler_.got[0].first.header.api_version, 77);
  Answer(0, "v0");
  EXPECT_EQ(TakeAnswers(), AnswerBytes(5, "v0"));
}

TEST_F(RequestPipelineTest, AfterAThrottledAnswerNothingIsHandedOverForItsTime) {
  Open();
  Say(Request(kProduceKey, 3, 1));
  Answer(0, "a", Millis(100));
  EXPECT_EQ(TakeAnswers(), AnswerBytes(1, "a")) << "the answer itself leaves at once";
  Say(Request(kProduceKey, 3, 2));
  EXPECT_EQ(Handed(), (Ids{1}));
  executor_.Pass(Millis(99));
  Settle();
  EXPECT_EQ(Handed(), (Ids{1}));
  executor_.Pass(Millis(1));
  Settle();
  EXPECT_EQ(Handed(), (Ids{1, 2}));
  Answer(1, "b");
}

TEST_F(RequestPipelineTest, AHandlerMayCloseAndLaterAnswersAreIgnored) {
  Open();
  Say(Request(kProduceKey, 3, 1) + Request(kProduceKey, 3, 2) + Request(kProduceKey, 3, 3));
  handler_.got[1].second.CloseConnection();
  Answer(2, "never seen");
  EXPECT_FALSE(wire_.gone);
  Answer(0, "a");
  EXPECT_EQ(TakeAnswers(), AnswerBytes(1, "a"));
  EXPECT_TRUE(wire_.gone);
  EXPECT_EQ(handler_.closed, 1);
}

// A script that has said all it wants closes its half and reads on.
TEST_F(RequestPipelineTest, APeerThatEndsItsRequestsGetsItsAnswers) {
  Open();
  Say(Request(kProduceKey, 3, 1) + Request(kMetadataKey, 4, 2));
  wire_.eof = true;
  Settle();
  EXPECT_EQ(ended_, 0);
  Answer(0, "a");
  EXPECT_EQ(Handed(), (Ids{1, 2}));
  EXPECT_EQ(TakeAnswers(), AnswerBytes(1, "a"));
  EXPECT_EQ(ended_, 0);
  Answer(1, "b");
  EXPECT_EQ(TakeAnswers(), AnswerBytes(2, "b"));
  EXPECT_EQ(ended_, 1);
  EXPECT_TRUE(wire_.gone);
}

TEST_F(RequestPipelineTest, APeerThatLeavesWithoutAQuestionIsLeftAtOnce) {
  Open();
  Say(Request(kProduceKey, 3, 1).substr(0, 9));
  wire_.eof = true;
  Settle();
  EXPECT_EQ(ended_, 1);
  EXPECT_TRUE(wire_.gone);
}

TEST_F(RequestPipelineTest, AConnectionThatBreaksTakesItsRequestsWithIt) {
  Open();
  Say(Request(kProduceKey, 3, 1));
  wire_.broken = true;
  Settle();
  EXPECT_EQ(ended_, 1);
  EXPECT_TRUE(handler_.got[0].second.connection_closed());
  Answer(0, "too late");  // and a responder that is dropped now is no bug
  EXPECT_EQ(TakeAnswers(), "");
}

TEST_F(RequestPipelineTest, ADroppedResponderIsABug) {
  Open();
  Say(Request(kProduceKey, 3, 1));
  EXPECT_DEATH(
      {
        handler_.got.clear();
        executor_.Drain();
      },
      "dropped without an answer");
  Answer(0, "a");
}

TEST_F(RequestPipelineTest, AnAnswerThatNoFrameCanHoldCloses) {
  Open();
  Say(Request(kProduceKey, 3, 1));
  Response response;
  FileRange huge;
  huge.length = std::uint64_t{3} << 30;
  response.body.push_back(huge);
  handler_.got[0].second.Respond(std::move(response));
  Settle();
  EXPECT_EQ(TakeAnswers(), "");
  EXPECT_TRUE(wire_.gone);
}

TEST_F(RequestPipelineTest, ASlowReaderIsNotServedMoreThanItTakes) {
  RequestPipeline::Options options;
  options.connection.send.high_bytes = 100;
  options.connection.send.low_bytes = 50;
  Open(options);
  wire_.room = 0;
  Say(Request(kMetadataKey, 4, 1) + Request(kMetadataKey, 4, 2));
  Answer(0, std::string(200, 'x'));
  EXPECT_EQ(Handed(), (Ids{1}));
  wire_.room = 190;
  Settle();
  EXPECT_EQ(Handed(), (Ids{1, 2})) << "below the low mark";
  wire_.room = 1000;
  Answer(1, "b");
  EXPECT_EQ(TakeAnswers(), AnswerBytes(1, std::string(200, 'x')) + AnswerBytes(2, "b"));
}

TEST_F(RequestPipelineTest, RawTokensHaveNoHeadersEitherWay) {
  Open();
  Say(Request(kHandshakeKey, 0, 1) + FrameOf("token") + FrameOf(""));
  EXPECT_EQ(Handed(), (Ids{1}));
  info_->raw_frames = true;
  Answer(0, "ok");
  ASSERT_EQ(handler_.got.size(), 2u);
  EXPECT_TRUE(handler_.got[1].first.raw);
  EXPECT_EQ(std::string(handler_.got[1].first.body.data(), 5), "token");
  TakeAnswers();
  Answer(1, "reply");
  EXPECT_EQ(TakeAnswers(), FrameOf("reply"));
  info_->raw_frames = true;
  ASSERT_EQ(handler_.got.size(), 3u);
  EXPECT_TRUE(handler_.got[2].first.body.empty());
  handler_.got[2].second.CloseConnection();
  Settle();
}

TEST_F(RequestPipelineTest, MemoryIsBoundedAndOneFrameAtATimeMayGoBeyond) {
  LimitMemory(20'000);
  Open();
  Say(Request(kProduceKey, 3, 1));
  // Somebody else holds it all.
  auto other = std::make_unique<FrameBuffer>(context_.budget);
  other->Reserve(30'000);
  Say(Request(kProduceKey, 3, 2));
  EXPECT_EQ(Handed(), (Ids{1})) << "a second one of the same connection";
  other.reset();
  Settle();
  EXPECT_EQ(Handed(), (Ids{1, 2}));
  Answer(0, "a");
  Answer(1, "b");
  // A frame that has begun goes on though it fills the budget by itself.
  Say(Request(kProduceKey, 3, 3, std::string(300'000, 'x')));
  EXPECT_EQ(Handed(), (Ids{1, 2, 3}));
  Answer(2, "c");
  handler_.got.clear();
  EXPECT_EQ(context_.budget->used(), 0u);
}

// Parked Produce requests are answered when the followers have fetched: their requests must come through.
TEST_F(RequestPipelineTest, ProduceThatFillsTheMemoryDoesNotKeepASmallRequestOfAnIdleConnectionOut) {
  LimitMemory(20'000);
  Open();
  Peer& follower = Connect();
  Say(Request(kProduceKey, 3, 1, std::string(30'000, 'x')));
  Say(Request(kProduceKey, 3, 2));
  ASSERT_TRUE(context_.budget->Exhausted());
  EXPECT_EQ(Handed(), (Ids{1})) << "the producer waits";
  Say(follower, Request(kMetadataKey, 4, 3));
  EXPECT_EQ(Handed(), (Ids{1, 3}));
  Answer(1, "c");
  // In pieces, and larger than what one read takes.
  const std::string large = Request(kMetadataKey, 4, 4, std::string(200'000, 'f'));
  Say(follower, large.substr(0, 2));
  Say(follower, large.substr(2, 150'000));
  Say(follower, large.substr(150'002));
  EXPECT_EQ(Handed(), (Ids{1, 3, 4}));
  // What it allows leads to the producer's answer and to room.
  Answer(2, "d");
  Answer(0, "a");
  EXPECT_EQ(Handed(), (Ids{1, 3, 4, 2}));
  Answer(3, "b");
}

TEST_F(RequestPipelineTest, ALargeFrameWaitsWhileProduceFillsTheMemoryUnlessItHasTheOverdraft) {
  LimitMemory(20'000);
  Open();
  Say(Request(kProduceKey, 3, 1, std::string(30'000, 'x')));
  Peer& first = Connect();
  Peer& second = Connect();
  const std::string large = Request(kProduceKey, 3, 2, std::string(600'000, 'y'));
  Say(first, large.substr(0, 400'000));
  Say(second, large);
  EXPECT_EQ(Handed(), (Ids{1}));
  EXPECT_FALSE(second.wire.to_server.empty()) << "begun, and then left where it is";
  Say(first, large.substr(400'000));
  EXPECT_EQ(Handed(), (Ids{1, 2, 2})) << "the overdraft went on";
  for (std::size_t i = 0; i < 3; ++i) Answer(i, "a");
}

class StalledFrames : public RequestPipelineTest {
 protected:
  static constexpr int kMebibyte = 1 << 20;
  void PassChecks(int count) {
    for (int i = 0; i < count; ++i) {
      executor_.Pass(std::chrono::seconds(2));
      Settle();
    }
  }
  static std::string Half(std::size_t sent) { return BigEndian(100 * kMebibyte) + std::string(sent, 'h'); }
};

TEST_F(StalledFrames, HalfFramesThatFillTheMemoryAreClosedWhenOthersWait) {
  LimitMemory(2'000'000);
  Peer& quiet = Connect();
  Peer& holder = Connect();
  Say(quiet, Half(900'000));
  ASSERT_FALSE(context_.budget->Exhausted());
  Say(holder, Half(1'500'000));
  ASSERT_TRUE(context_.budget->Exhausted());
  ASSERT_FALSE(context_.budget->TakeOverdraft()) << "the second one has it";
  Open();
  Say(Request(kProduceKey, 3, 1, std::string(600'000, 'x')));
  PassChecks(4);
  EXPECT_EQ(Handed(), (Ids{}));
  EXPECT_FALSE(quiet.wire.gone || holder.wire.gone) << "not yet";
  PassChecks(2);
  EXPECT_TRUE(quiet.wire.gone);
  EXPECT_TRUE(holder.wire.gone);
  EXPECT_FALSE(wire_.gone) << "it is not the one who waits that pays";
  EXPECT_EQ(Handed(), (Ids{1}));
  Answer(0, "a");
}

TEST_F(StalledFrames, TheOverdraftIsNotKeptByDrops) {
  LimitMemory(kMebibyte);
  Peer& holder = Connect();
  Say(holder, Half(kMebibyte));
  for (int i = 0; i < 20; ++i) {
    Say(holder, "h");
    PassChecks(1);
  }
  EXPECT_FALSE(holder.wire.gone) << "nobody waits";
  Open();
  Say(Request(kProduceKey, 3, 1, std::string(600'000, 'x')));
  EXPECT_EQ(Handed(), (Ids{}));
  for (int i = 0; i < 6; ++i) {
    if (!holder.wire.gone) Say(holder, "h");
    PassChecks(1);
  }
  EXPECT_TRUE(holder.wire.gone);
  EXPECT_FALSE(wire_.gone);
  EXPECT_EQ(Handed(), (Ids{1}));
  Answer(0, "a");
}

// Its answer is still to come, but the frame that it has cut off never will.
TEST_F(StalledFrames, AHalfFrameGoesWithTheEndOfTheInput) {
  LimitMemory(4 * kMebibyte);
  Peer& peer = Connect();
  Say(peer, Request(kProduceKey, 3, 1) + Half(kMebibyte));
  ASSERT_GE(context_.budget->used(), static_cast<std::uint64_t>(kMebibyte));
  peer.wire.eof = true;
  Settle();
  EXPECT_FALSE(peer.wire.gone);
  EXPECT_LT(context_.budget->used(), 300'000u);
  Answer(0, "a");
  EXPECT_TRUE(peer.wire.gone);
}

TEST_F(StalledFrames, AQuietHalfFrameStaysWhileThereIsRoom) {
  LimitMemory(4 * kMebibyte);
  Peer& quiet = Connect();
  Say(quiet, Half(100'000));
  PassChecks(20);
  EXPECT_FALSE(quiet.wire.gone);
}

}  // namespace
}  // namespace ottla
