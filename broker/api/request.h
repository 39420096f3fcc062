// The contract between the server (sockets, framing, order) and the handlers of requests.
//
// A connection's loop cuts a frame, gives it an order slot and hands it over with a Responder. The handler answers
// once, now or later; answers leave in the order of the requests, whatever the order of answering. Requests of one
// connection are handed over one after the other's answer, except pipelined ones (RequestClass), which may overlap each
// other.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <utility>

#include "common/base/clock.h"
#include "common/base/executor.h"
#include "common/net/frame_buffer.h"
#include "common/net/network.h"
#include "common/net/segment.h"

namespace ottla {

// One client connection. Owner: its loop; the constant part may be read anywhere.
struct ConnectionInfo {
  std::uint64_t id = 0;  // unique in the process, never used again
  std::string listener;  // name in `listeners`
  std::string security_protocol;
  Endpoint local;
  Endpoint peer;  // numeric host
  std::size_t loop_index = 0;
  Executor* loop = nullptr;  // outlives the connection

  // What the handlers keep here between requests; only on the loop.
  std::string principal = "User:ANONYMOUS";
  std::string client_software_name = "unknown";  // by ApiVersions
  std::string client_software_version = "unknown";
  std::shared_ptr<void> authentication;  // an exchange that is under way
  // While true, frames are SASL tokens without a request header (after SaslHandshake v0); see RequestContext::raw.
  bool raw_frames = false;
};

struct ReceivedHeader {
  std::int16_t api_key = 0;
  std::int16_t api_version = 0;
  std::int32_t correlation_id = 0;
  std::string client_id;  // null counts as empty
};

struct RequestContext {
  std::shared_ptr<ConnectionInfo> connection;
  ReceivedHeader header;
  bool raw = false;      // no header: `body` is a SASL token and the answer is written without a header too
  Frame frame;           // keeps `body` alive; hold it as long as slices of the body are used
  std::span<char> body;  // after the header; may be patched in place. Empty for an ApiVersions too new to parse
  MonoTime arrival;
};

// What is written for one request. The server puts the length and the response header in front.
struct Response {
  int header_version = 0;  // 0: correlation id; 1: correlation id and an empty tag section
  WireSegments body;
  Millis throttle{0};  // the connection hands over no further request for so long after this answer
};

// Where answers go; implemented by the server, and by tests that want to see them.
class ResponseSink {
 public:
  virtual ~ResponseSink() = default;
  // On the connection's loop; ignored when the connection has gone.
  virtual void Answer(std::uint64_t slot, Response response) = 0;
  virtual void AnswerNothing(std::uint64_t slot, Millis throttle) = 0;
  virtual void AnswerClose(std::uint64_t slot) = 0;
  // Any thread: nobody waits for answers any more, because the connection has gone or the process stops.
  virtual bool closed() const = 0;
};

// The right and the duty to answer one request, once. Movable between threads; the three answers are given on the
// connection's loop, or from anywhere with OnLoop(). Dropping one unused while the connection lives is a bug (CHECK):
// its client would wait for ever, and all later answers with it.
class Responder {
 public:
  Responder() = default;
  Responder(std::shared_ptr<ResponseSink> sink, Executor* loop, std::uint64_t slot)
      : sink_(std::move(sink)), loop_(loop), slot_(slot) {}
  Responder(Responder&& other) noexcept : sink_(std::move(other.sink_)), loop_(other.loop_), slot_(other.slot_) {}
  Responder& operator=(Responder&& other) noexcept;
  ~Responder() { CheckUsed(); }

  void Respond(Response response);
  // Produce with acks=0: no bytes, the order slot is free.
  void NoResponse(Millis throttle = Millis{0});
  // The answers before this one still leave; then the connection closes without an answer to this one.
  void CloseConnection();

  explicit operator bool() const { return sink_ != nullptr; }                     // not yet used
  bool connection_closed() const { return sink_ == nullptr || sink_->closed(); }  // any thread; nobody reads the answer
  Executor& loop() const { return *loop_; }

  // From any thread: posts `answer(std::move(responder))` to the connection's loop, or calls it at once when already
  // there.
  static void OnLoop(Responder responder, UniqueFunction<void(Responder)> answer);

 private:
  void CheckUsed() const;

  std::shared_ptr<ResponseSink> sink_;
  Executor* loop_ = nullptr;
  std::uint64_t slot_ = 0;
};

enum class RequestClass {
  kClose,      // unknown key or version on this listener: the connection closes without an answer
  kSerial,     // handed over when all earlier requests of the connection are answered
  kPipelined,  // may overlap earlier pipelined ones (Produce: its order is fixed at the hand-over)
};

// Implemented by the dispatcher. One per process; both are called on the connection's loop, from several loops at once.
class RequestHandler {
 public:
  virtual ~RequestHandler() = default;
  // Asked when a frame has come in; keys and versions that common/protocol cannot decode are closed before. Only
  // ApiVersions comes in unknown versions, too: the handler answers it in version 0 with error 35.
  virtual RequestClass Classify(const ConnectionInfo& connection, std::int16_t api_key,
                                std::int16_t api_version) const = 0;
  virtual void Handle(RequestContext request, Responder responder) = 0;
  // The connection has gone; its last request may still be under way.
  virtual void OnConnectionClosed(const ConnectionInfo& /*connection*/) {}
};

}  // namespace ottla
