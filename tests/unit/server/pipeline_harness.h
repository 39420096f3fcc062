// A connection's pipeline between a stream that the test fills and reads by hand, and a handler that answers when told
// to. Time passes and tasks run when the test says so.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "broker/server/request_pipeline.h"
#include "common/net/frame_buffer.h"
#include "common/protocol/frame.h"

namespace ottla {
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
  bool broken = false;
  bool read_on = false;
  bool write_on = false;
  bool gone = false;
  int acknowledged = 0;  // ahead of the kernel's own time
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
    if (wire_.broken) return {IoResult::Kind::kError, 0};
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
  void AcknowledgeNow() override { ++wire_.acknowledged; }
  Endpoint local() const override { return {"10.0.0.1", 9092}; }
  Endpoint peer() const override { return {"10.0.0.2", 40000}; }

 private:
  Wire& wire_;
};

inline constexpr std::int16_t kProduceKey = 0;
inline constexpr std::int16_t kMetadataKey = 3;
inline constexpr std::int16_t kHandshakeKey = 17;
inline constexpr std::int16_t kApiVersionsKey = 18;
inline constexpr std::int16_t kNotServed = 4;

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

inline std::string BigEndian(std::int32_t value) {
  const std::uint32_t big = __builtin_bswap32(static_cast<std::uint32_t>(value));
  return {reinterpret_cast<const char*>(&big), sizeof big};
}

inline std::string FrameOf(const std::string& body) { return BigEndian(static_cast<std::int32_t>(body.size())) + body; }

// A request of a version without tags.
inline std::string Request(std::int16_t key, std::int16_t version, std::int32_t id, const std::string& body = "body") {
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
    for (const auto& peer : peers_) peer->pipeline.reset();
    executor_.Drain();
  }

  void Open(RequestPipeline::Options options = {}) {
    auto info = std::make_shared<ConnectionInfo>();
    info->loop = &executor_;
    info_ = info;
    pipeline_ = std::make_unique<RequestPipeline>(context_, std::make_unique<FakeStream>(wire_), options, info,
                                                  handler_, [this] { ++ended_; });
  }
  // One more connection of the same loop.
  struct Peer {
    Wire wire;
    std::unique_ptr<RequestPipeline> pipeline;
  };
  Peer& Connect() {
    auto info = std::make_shared<ConnectionInfo>();
    info->loop = &executor_;
    Peer& peer = *peers_.emplace_back(std::make_unique<Peer>());
    peer.pipeline = std::make_unique<RequestPipeline>(
        context_, std::make_unique<FakeStream>(peer.wire), RequestPipeline::Options{}, info, handler_,
        [this, &peer] { executor_.Post([&peer] { peer.pipeline.reset(); }); });
    return peer;
  }
  void LimitMemory(std::uint64_t bytes) {
    context_.budget = std::make_shared<MemoryBudget>(bytes);
    context_.budget->SetListener([this] {
      executor_.Post([this] {
        if (pipeline_) pipeline_->OnRoom();
        for (const auto& peer : peers_) {
          if (peer->pipeline) peer->pipeline->OnRoom();
        }
      });
    });
  }
  // Everything that can happen now happens.
  void Settle() {
    Settle(wire_);
    for (const auto& peer : peers_) Settle(peer->wire);
  }
  void Settle(Wire& wire) {
    executor_.Drain();
    for (int i = 0; i < 100 && !wire.gone && wire.read_on && (!wire.to_server.empty() || wire.eof || wire.broken);
         ++i) {
      wire.handler->OnReadable();
      executor_.Drain();
    }
    if (!wire.gone && wire.write_on && wire.room > 0) wire.handler->OnWritable();
    executor_.Drain();
  }
  void Say(Peer& peer, const std::string& bytes) {
    peer.wire.to_server += bytes;
    Settle();
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
  std::vector<std::unique_ptr<Peer>> peers_;
  int ended_ = 0;
};

}  // namespace ottla
