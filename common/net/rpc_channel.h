// Requests to one broker: the client side of a connection, for the replica fetcher, the controller's channels,
// AlterPartition and the like.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/base/random.h"
#include "common/net/connection.h"
#include "common/protocol/codec.h"
#include "common/protocol/frame.h"

namespace ottla {

struct ApiVersionsResponse;

// The answer to one request. The body and all views decoded from it live as long as `frame`, and may be patched there.
struct RpcReply {
  Frame frame;
  std::string_view body;
  std::int16_t api_version = 0;  // of the request

  // kCorrupt: the peer sent what does not parse.
  template <class T>
  Status DecodeInto(T* message) const {
    const auto left = Decode(body, api_version, message);
    return left.ok() ? Status::Ok() : left.status();
  }
};

// Connects when it has something to send, answers each call once, in the order of the calls unless one fails. Owner:
// the loop of its context; it dies there, and calls that are then under way are dropped unanswered. A lost connection
// fails everything that was sent or waits; whether the peer has acted on it is unknown. Connecting again is held back
// by a growing pause with jitter, so a caller may simply call again: the channel sets the pace. Nothing survives a
// crash.
class RpcChannel final : private Connection::Owner {
 public:
  struct Options {
    std::string client_id;
    Micros connect_timeout{std::chrono::seconds(10)};
    Micros request_timeout{std::chrono::seconds(30)};  // from the call to its answer
    Micros backoff_min{Millis(50)};                    // doubles with each failure in a row
    Micros backoff_max{std::chrono::seconds(1)};
    std::size_t max_in_flight = 1;
    std::size_t max_waiting = 10'000;  // calls beyond fail with kOutOfRange
    bool negotiate = false;            // ask for ApiVersions first on each connection
    std::int32_t max_frame_bytes = INT32_MAX;
  };

  // Never called from inside a call of the owner's. kUnavailable: no connection, or lost; kTimeout (the connection is
  // closed, as an answer may still be on its way); kUnsupported: the peer does not know the API in any version asked
  // for; kCorrupt: the answer is not for this request; kOutOfRange: too many calls wait; else what encoding said.
  using Done = UniqueFunction<void(Result<RpcReply>)>;
  // Encodes the body in the version that was agreed. Owns what it needs; called once or not at all.
  using Encoder = UniqueFunction<Status(std::int16_t version, EncodedBody* body)>;

  RpcChannel(LoopContext& context, Network& network, std::uint64_t seed, Endpoint to, Options options);
  ~RpcChannel() override;
  RpcChannel(const RpcChannel&) = delete;
  RpcChannel& operator=(const RpcChannel&) = delete;

  // In a fixed version; the message is encoded before this returns. `timeout` 0: the channel's.
  template <class T>
  void Call(const T& request, std::int16_t version, Done done, Micros timeout = Micros{0}) {
    EncodedBody body;
    const Status status = Encode(request, version, &body);
    CallEncoded(static_cast<std::int16_t>(T::kKey), version, status, std::move(body.bytes), std::move(done), timeout);
  }
  // In the highest version up to `max_version` that both sides know (needs `negotiate`).
  void CallNegotiated(std::int16_t api_key, std::int16_t min_version, std::int16_t max_version, Encoder encode,
                      Done done, Micros timeout = Micros{0});

  // The peer listens elsewhere now; a connection to the old place is closed.
  void SetEndpoint(const Endpoint& to);
  const Endpoint& endpoint() const { return to_; }
  // Closes; what is under way fails with kUnavailable. The next call connects again.
  void Disconnect();
  bool connected() const { return state_ == State::kReady; }
  std::size_t waiting() const { return waiting_.size() + in_flight_.size(); }

 private:
  enum class State { kDisconnected, kBackoff, kConnecting, kNegotiating, kReady };
  struct PendingCall {
    std::int16_t api_key = 0;
    std::int16_t min_version = 0;
    std::int16_t version = 0;  // highest wanted; when sent, the one sent
    std::int32_t correlation_id = 0;
    std::string body;
    Encoder encode;  // null: `body` is encoded
    Done done;
    MonoTime deadline;
  };

  void CallEncoded(std::int16_t api_key, std::int16_t version, const Status& encoded, std::string body, Done done,
                   Micros timeout);
  void Enqueue(PendingCall call, Micros timeout);
  void FailLater(Done done, Status why);
  void Pump();
  void StartConnecting();
  void SendApiVersions(std::int16_t version);
  void OnApiVersions(const Frame& frame);
  // The answer to ApiVersions. Nothing: the peer knows only lower versions and has been asked in one.
  Result<std::optional<ApiVersionsResponse>> ReadApiVersions(std::string_view frame);
  std::int32_t NextCorrelation();
  // False: the call was answered with an error instead of being sent.
  bool SendCall(PendingCall& call);
  Status Negotiate(PendingCall& call) const;
  void WriteRequest(std::int16_t api_key, std::int16_t version, std::int32_t correlation_id, std::string body);
  void OnFrame(Frame frame);
  void ArmTimer();
  void OnTimer();
  // Closes the connection; everything fails with `why`. A failure pauses connecting.
  void Drop(const Status& why, bool failure);
  void RetireConnection();

  void OnConnected() override;
  void OnFrames(std::vector<Frame> frames, MonoTime arrival) override;
  void OnBadFrame(const Status& why) override;
  void OnClosed(const Status& why) override;

  LoopContext& context_;
  Network& network_;
  Random random_;
  Endpoint to_;
  const Options options_;
  State state_ = State::kDisconnected;
  std::unique_ptr<Connection> connection_;
  std::deque<PendingCall> waiting_;
  std::deque<PendingCall> in_flight_;
  std::map<std::int16_t, std::pair<std::int16_t, std::int16_t>> peer_versions_;  // by key: lowest, highest
  std::int16_t versions_asked_in_ = 0;  // the version of the ApiVersions that is under way
  std::int32_t versions_correlation_ = 0;
  std::int32_t next_correlation_ = 0;
  int failures_ = 0;  // in a row
  MonoTime connect_deadline_{};
  MonoTime backoff_until_{};
  TimerId timer_ = 0;
  MonoTime timer_at_{};
  std::shared_ptr<RpcChannel*> self_;
};

}  // namespace ottla
