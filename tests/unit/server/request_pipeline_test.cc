// One connection's order slots, over a stream that the test fills and reads by hand.
#include "broker/server/request_pipeline.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <deque>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "common/protocol/api_key.h"
#include "common/protocol/frame.h"

namespace ottla {
namespace {

class FakeClock final : public Clock {
 public:
  MonoTime Now() const override { return now; }
  std::int64_t WallMillis() const override { return 0; }
  MonoTime now{};
};

// Tasks and timers run when the test says so.
class FakeExecutor final : public Executor {
 public:
  explicit FakeExecutor(FakeClock& clock) : clock_(clock) {}
  void Post(Task task) override { tasks_.push_back(std::move(task)); }
  TimerId RunAfter(Micros delay, Task task) override {
    timers_.push_back({++last_, clock_.now + delay, std::move(task)});
    return last_;
  }
  void Cancel(TimerId id) override {
    std::erase_if(timers_, [id](const Timer& timer) { return timer.id == id; });
  }
  bool OnThread() const override { return true; }

  void Drain() {
    while (!tasks_.empty()) {
      Task task = std::move(tasks_.front());
      tasks_.pop_front();
      task();
    }
  }
  void Pass(Micros time) {
    clock_.now += time;
    while (true) {
      const auto due =
          std::find_if(timers_.begin(), timers_.end(), [&](const Timer& t) { return t.due <= clock_.now; });
      if (due == timers_.end()) break;
      Task task = std::move(due->task);
      timers_.erase(due);
      task();
    }
    Drain();
  }

 private:
  struct Timer {
    TimerId id;
    MonoTime due;
    Task task;
  };
  FakeClock& clock_;
  std::deque<Task> tasks_;
  std::vector<Timer> timers_;
  TimerId last_ = 0;
};

// What the client does and sees.
struct Wire {
  std::string to_server;
  std::string from_server;
  std::size_t room = SIZE_MAX / 2;
  bool eof = false;
  bool read_on = false;
  bool write_on = false;
  bool gone = false;
  Stream::Handler* handler = nullptr;
};

class FakeStream final : public Stream {
 public:
  explicit FakeStream(Wire& wire) : wire_(wire) {}
  ~FakeStream() override { wire_.gone = true; }
  void Attach(Executor&, Handler* handler) override { wire_.handler = handler; }
  void EnableRead(bool on) override { wire_.read_on = on; }
  void EnableWrite(bool on) override { wire_.write_on = on; }
  IoResult Read(std::span<char> into) override {
    if (wire_.to_server.empty()) return {wire_.eof ? IoResult::Kind::kEof : IoResult::Kind::kWouldBlock, 0};
    const std::size_t count = std::min(into.size(), wire_.to_server.size());
    std::memcpy(into.data(), wire_.to_server.data(), count);
    wire_.to_server.erase(0, count);
    return {IoResult::Kind::kOk, count};
  }
  IoResult Write(std::span<const iovec> parts, bool /*more*/) override {
    std::size_t taken = 0;
    for (const iovec& part : parts) {
      const std::size_t count = std::min<std::size_t>(part.iov_len, wire_.room);
      wire_.from_server.append(static_cast<const char*>(part.iov_base), count);
      wire_.room -= count;
      taken += count;
    }
    return taken == 0 ? IoResult{IoResult::Kind::kWouldBlock, 0} : IoResult{IoResult::Kind::kOk, taken};
  }
  IoResult SendFile(const File&, std::uint64_t, std::size_t) override { return {IoResult::Kind::kError, 0}; }
  Endpoint local() const override { return {"10.0.0.1", 9092}; }
  Endpoint peer() const override { return {"10.0.0.2", 40000}; }

 private:
  Wire& wire_;
};

constexpr std::int16_t kProduceKey = 0;
constexpr std::int16_t kMetadataKey = 3;
constexpr std::int16_t kHandshakeKey = 17;
constexpr std::int16_t kApiVersionsKey = 18;
constexpr std::int16_t kNotServed = 4;

// Notes what it is handed and answers when told to.
class FakeHandler final : public RequestHandler {
 public:
  RequestClass Classify(const ConnectionInfo&, std::int16_t key, std::int16_t) const override {
    if (key == kNotServed) return RequestClass::kClose;
    return key == kProduceKey ? RequestClass::kPipelined : RequestClass::kSerial;
  }
  void Handle(RequestContext request, Responder responder) override {
    got.push_back({std::move(request), std::move(responder)});
    if (on_request) on_request(got.back().first, got.back().second);
  }
  void OnConnectionClosed(const ConnectionInfo&) override { ++closed; }

  std::vector<std::pair<RequestContext, Responder>> got;
  std::function<void(RequestContext&, Responder&)> on_request;
  int closed = 0;
};

std::string BigEndian(std::int32_t value) {
  const std::uint32_t big = __builtin_bswap32(static_cast<std::uint32_t>(value));
  return {reinterpret_cast<const char*>(&big), sizeof big};
}

std::string FrameOf(const std::string& body) { return BigEndian(static_cast<std::int32_t>(body.size())) + body; }

// A request of a version without tags.
std::string Request(std::int16_t key, std::int16_t version, std::int32_t id, const std::string& body = "body") {
  std::string header;
  OTTLA_CHECK(EncodeRequestHeader({key, version, id, "client"}, &header).ok());
  return FrameOf(header + body);
}

class RequestPipelineTest : public testing::Test {
 protected:
  RequestPipelineTest() {
    context_.executor = &executor_;
    context_.clock = &clock_;
  }
  ~RequestPipelineTest() override {
    pipeline_.reset();
    executor_.Drain();
  }

  void Open(RequestPipeline::Options options = {}) {
    auto info = std::make_shared<ConnectionInfo>();
    info->loop = &executor_;
    info_ = info;
    pipeline_ = std::make_unique<RequestPipeline>(context_, std::make_unique<FakeStream>(wire_), options, info,
                                                  handler_, [this] { ++ended_; });
  }
  // Everything that can happen now happens.
  void Settle() {
    executor_.Drain();
    for (int i = 0; i < 100 && !wire_.gone && wire_.read_on && (!wire_.to_server.empty() || wire_.eof); ++i) {
      wire_.handler->OnReadable();
      executor_.Drain();
    }
    if (!wire_.gone && wire_.write_on && wire_.room > 0) wire_.handler->OnWritable();
    executor_.Drain();
  }
  void Say(const std::string& bytes) {
    wire_.to_server += bytes;
    Settle();
  }
  void Answer(std::size_t which, const std::string& body, Millis throttle = Millis{0}, int header_version = 0) {
    Response response;
    response.header_version = header_version;
    response.body.emplace_back(body);
    response.throttle = throttle;
    handler_.got.at(which).second.Respond(std::move(response));
    Settle();
  }
  std::vector<std::int32_t> Handed() const {
    std::vector<std::int32_t> ids;
    for (const auto& [request, responder] : handler_.got) ids.push_back(request.header.correlation_id);
    return ids;
  }
  std::string TakeAnswers() { return std::exchange(wire_.from_server, {}); }
  static std::string AnswerBytes(std::int32_t id, const std::string& body) { return FrameOf(BigEndian(id) + body); }

  FakeClock clock_;
  FakeExecutor executor_{clock_};
  LoopContext context_;
  Wire wire_;
  FakeHandler handler_;
  std::shared_ptr<ConnectionInfo> info_;
  std::unique_ptr<RequestPipeline> pipeline_;
  int ended_ = 0;
};

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

TEST_F(RequestPipelineTest, APeerThatLeavesTakesItsRequestsWithIt) {
  Open();
  Say(Request(kProduceKey, 3, 1));
  wire_.eof = true;
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
  context_.budget = std::make_shared<MemoryBudget>(20'000);
  Open();
  context_.budget->SetListener([this] { executor_.Post([this] { pipeline_->OnRoom(); }); });
  // Somebody else holds it all.
  auto other = std::make_unique<FrameBuffer>(context_.budget);
  other->Reserve(30'000);
  Say(Request(kProduceKey, 3, 1));
  EXPECT_EQ(Handed(), (Ids{}));
  other.reset();
  Settle();
  EXPECT_EQ(Handed(), (Ids{1}));
  Answer(0, "a");
  // A frame that has begun goes on though it fills the budget by itself.
  Say(Request(kProduceKey, 3, 2, std::string(100'000, 'x')));
  EXPECT_EQ(Handed(), (Ids{1, 2}));
  Answer(1, "b");
  handler_.got.clear();
  EXPECT_EQ(context_.budget->used(), 0u);
}

}  // namespace
}  // namespace ottla
