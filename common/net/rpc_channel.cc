#include "common/net/rpc_channel.h"

#include <algorithm>
#include <optional>

#include "common/base/check.h"
#include "common/protocol/messages/18_api_versions.h"

namespace ottla {
namespace {

constexpr auto kApiVersionsKey = static_cast<std::int16_t>(ApiVersionsRequest::kKey);
constexpr int kMaxDoublings = 10;

}  // namespace

RpcChannel::RpcChannel(LoopContext& context, Network& network, std::uint64_t seed, Endpoint to, Options options)
    : context_(context),
      network_(network),
      random_(seed),
      to_(std::move(to)),
      options_(std::move(options)),
      self_(std::make_shared<RpcChannel*>(this)) {}

RpcChannel::~RpcChannel() {
  context_.executor->Cancel(timer_);
  RetireConnection();
}

void RpcChannel::CallNegotiated(std::int16_t api_key, std::int16_t min_version, std::int16_t max_version,
                                Encoder encode, Done done, Micros timeout) {
  OTTLA_CHECK(options_.negotiate);
  PendingCall call;
  call.api_key = api_key;
  call.min_version = min_version;
  call.version = max_version;
  call.encode = std::move(encode);
  call.done = std::move(done);
  Enqueue(std::move(call), timeout);
}

void RpcChannel::CallEncoded(std::int16_t api_key, std::int16_t version, const Status& encoded, std::string body,
                             Done done, Micros timeout) {
  if (!encoded.ok()) {
    FailLater(std::move(done), encoded);
    return;
  }
  PendingCall call;
  call.api_key = api_key;
  call.min_version = version;
  call.version = version;
  call.body = std::move(body);
  call.done = std::move(done);
  Enqueue(std::move(call), timeout);
}

void RpcChannel::Enqueue(PendingCall call, Micros timeout) {
  context_.executor->CheckOnLoop();
  if (waiting_.size() >= options_.max_waiting) {
    FailLater(std::move(call.done), Status(StatusCode::kOutOfRange, "too many requests wait for " + to_.ToString()));
    return;
  }
  call.deadline = context_.clock->Now() + (timeout.count() > 0 ? timeout : options_.request_timeout);
  waiting_.push_back(std::move(call));
  Pump();
}

void RpcChannel::FailLater(Done done, Status why) {
  context_.executor->Post([done = std::move(done), why = std::move(why), weak = std::weak_ptr(self_)]() mutable {
    if (!weak.expired()) done(std::move(why));
  });
}

void RpcChannel::Pump() {
  if (state_ == State::kDisconnected && !waiting_.empty()) {
    if (context_.clock->Now() >= backoff_until_) {
      StartConnecting();
    } else {
      state_ = State::kBackoff;
    }
  }
  while (state_ == State::kReady && !waiting_.empty() && in_flight_.size() < options_.max_in_flight) {
    PendingCall call = std::move(waiting_.front());
    waiting_.pop_front();
    if (SendCall(call)) in_flight_.push_back(std::move(call));
  }
  ArmTimer();
}

void RpcChannel::StartConnecting() {
  state_ = State::kConnecting;
  connect_deadline_ = context_.clock->Now() + options_.connect_timeout;
  Connection::Options options;
  options.max_frame_bytes = options_.max_frame_bytes;
  connection_ = std::make_unique<Connection>(context_, network_, to_, options, static_cast<Connection::Owner&>(*this));
}

void RpcChannel::OnConnected() {
  if (options_.negotiate) {
    state_ = State::kNegotiating;
    SendApiVersions(ApiVersionsRequest::kMaxVersion);
  } else {
    state_ = State::kReady;
    failures_ = 0;
  }
  Pump();
}

void RpcChannel::SendApiVersions(std::int16_t version) {
  ApiVersionsRequest request;
  request.client_software_name = "ottla";
  request.client_software_version = "1";
  EncodedBody body;
  const Status status = Encode(request, version, &body);
  OTTLA_CHECK(status.ok()) << status;
  versions_asked_in_ = version;
  versions_correlation_ = NextCorrelation();
  WriteRequest(kApiVersionsKey, version, versions_correlation_, std::move(body.bytes));
}

void RpcChannel::OnApiVersions(const Frame& frame) {
  const std::string_view bytes(frame.bytes.data(), frame.bytes.size());
  const auto response = ReadApiVersions(bytes);
  if (!response.ok()) {
    Drop(response.status().WithContext("ApiVersions of " + to_.ToString()), /*failure=*/true);
    return;
  }
  if (!response->has_value()) return;
  peer_versions_.clear();
  for (const auto& row : (*response)->api_keys) peer_versions_[row.api_key] = {row.min_version, row.max_version};
  state_ = State::kReady;
  failures_ = 0;
  Pump();
}

Result<std::optional<ApiVersionsResponse>> RpcChannel::ReadApiVersions(std::string_view frame) {
  const auto parsed = ParseResponseHeader(frame, kApiVersionsKey, versions_asked_in_);
  if (!parsed.ok()) return parsed.status();
  if (parsed->correlation_id != versions_correlation_) {
    return Status(StatusCode::kCorrupt, "the answer to another request");
  }
  ApiVersionsResponse response;
  // A refused version is answered in the layout of version 0; since 2.4 with the one row of this API (KIP-511).
  auto left = Decode(parsed->body, 0, &response);
  if (left.ok() && response.error_code == ErrorCode::kUnsupportedVersion && versions_asked_in_ > 0) {
    std::int16_t known = 0;
    for (const auto& row : response.api_keys) {
      if (row.api_key == kApiVersionsKey) known = row.max_version;
    }
    SendApiVersions(std::clamp<std::int16_t>(known, 0, static_cast<std::int16_t>(versions_asked_in_ - 1)));
    return std::optional<ApiVersionsResponse>();
  }
  response = ApiVersionsResponse{};
  left = Decode(parsed->body, versions_asked_in_, &response);
  if (!left.ok()) return left.status();
  if (response.error_code != ErrorCode::kNone) {
    return Status(StatusCode::kUnavailable, std::string(ToString(response.error_code)));
  }
  return std::optional(std::move(response));
}

std::int32_t RpcChannel::NextCorrelation() {
  const std::int32_t id = next_correlation_;
  next_correlation_ = id == INT32_MAX ? 0 : id + 1;
  return id;
}

Status RpcChannel::Negotiate(PendingCall& call) const {
  const auto peer = peer_versions_.find(call.api_key);
  if (peer == peer_versions_.end() || peer->second.second < call.min_version || peer->second.first > call.version) {
    return {StatusCode::kUnsupported, to_.ToString() + " does not serve API " + std::to_string(call.api_key) +
                                          " in versions " + std::to_string(call.min_version) + " to " +
                                          std::to_string(call.version)};
  }
  call.version = std::min(call.version, peer->second.second);
  return Status::Ok();
}

bool RpcChannel::SendCall(PendingCall& call) {
  if (call.encode) {
    Status status = Negotiate(call);
    EncodedBody body;
    if (status.ok()) status = call.encode(call.version, &body);
    if (!status.ok()) {
      FailLater(std::move(call.done), std::move(status));
      return false;
    }
    call.body = std::move(body.bytes);
  }
  call.correlation_id = NextCorrelation();
  WriteRequest(call.api_key, call.version, call.correlation_id, std::move(call.body));
  return true;
}

void RpcChannel::WriteRequest(std::int16_t api_key, std::int16_t version, std::int32_t correlation_id,
                              std::string body) {
  std::string head(kFramePrefixSize, '\0');
  const Status status = EncodeRequestHeader({api_key, version, correlation_id, options_.client_id}, &head);
  OTTLA_CHECK(status.ok()) << status;
  const std::uint32_t size =
      __builtin_bswap32(static_cast<std::uint32_t>(head.size() - kFramePrefixSize + body.size()));
  head.replace(0, kFramePrefixSize, reinterpret_cast<const char*>(&size), sizeof size);
  WireSegments segments;
  segments.emplace_back(std::move(head));
  segments.emplace_back(std::move(body));
  connection_->Send(std::move(segments));
}

void RpcChannel::OnFrames(std::vector<Frame> frames, MonoTime /*arrival*/) {
  const std::weak_ptr<RpcChannel*> alive = self_;
  const Connection* from = connection_.get();
  for (Frame& frame : frames) {
    OnFrame(std::move(frame));
    if (alive.expired() || connection_.get() != from) return;  // an answer's receiver may end the channel
  }
}

void RpcChannel::OnFrame(Frame frame) {
  if (state_ == State::kNegotiating) {
    OnApiVersions(frame);
    return;
  }
  if (in_flight_.empty()) {
    Drop(Status(StatusCode::kCorrupt, to_.ToString() + " answered what was not asked"), /*failure=*/true);
    return;
  }
  const std::string_view bytes(frame.bytes.data(), frame.bytes.size());
  const auto parsed = ParseResponseHeader(bytes, in_flight_.front().api_key, in_flight_.front().version);
  if (!parsed.ok() || parsed->correlation_id != in_flight_.front().correlation_id) {
    Drop(Status(StatusCode::kCorrupt, to_.ToString() + " answered another request"), /*failure=*/true);
    return;
  }
  PendingCall call = std::move(in_flight_.front());
  in_flight_.pop_front();
  const std::weak_ptr<RpcChannel*> alive = self_;
  call.done(RpcReply{std::move(frame), parsed->body, call.version});
  if (!alive.expired()) Pump();
}

void RpcChannel::OnBadFrame(const Status& why) { Drop(why, /*failure=*/true); }

void RpcChannel::OnClosed(const Status& why) {
  // A peer that closes an idle connection has not failed; connecting again needs no pause.
  const bool failure = state_ != State::kReady || !in_flight_.empty();
  Drop(Status(StatusCode::kUnavailable, to_.ToString() + ": " + why.message()), failure);
}

void RpcChannel::SetEndpoint(const Endpoint& to) {
  if (to == to_) return;
  to_ = to;
  failures_ = 0;
  backoff_until_ = MonoTime{};
  if (state_ != State::kDisconnected) Drop(Status(StatusCode::kUnavailable, "the peer has moved"), /*failure=*/false);
}

void RpcChannel::Disconnect() { Drop(Status(StatusCode::kUnavailable, "disconnected"), /*failure=*/false); }

void RpcChannel::Drop(const Status& why, bool failure) {
  RetireConnection();
  state_ = State::kDisconnected;
  if (failure) {
    const Micros pause =
        std::min(options_.backoff_max, options_.backoff_min * (1 << std::min(failures_, kMaxDoublings)));
    const auto jitter = static_cast<std::int64_t>(random_.Below(static_cast<std::uint64_t>(pause.count()) / 5 + 1));
    backoff_until_ = context_.clock->Now() + pause - Micros(jitter);
    ++failures_;
  }
  std::vector<Done> failed;
  for (PendingCall& call : in_flight_) failed.push_back(std::move(call.done));
  for (PendingCall& call : waiting_) failed.push_back(std::move(call.done));
  in_flight_.clear();
  waiting_.clear();
  for (Done& done : failed) FailLater(std::move(done), why);
  ArmTimer();
}

void RpcChannel::RetireConnection() {
  if (connection_ == nullptr) return;
  connection_->Close();
  // It may be the caller: it ends after the turn.
  context_.executor->Post([connection = std::move(connection_)] {});
}

// One timer for all deadlines. It is armed for the earliest of them and looks again when it fires.
void RpcChannel::ArmTimer() {
  std::optional<MonoTime> next;
  const auto consider = [&next](MonoTime t) { next = next ? std::min(*next, t) : t; };
  if (state_ == State::kBackoff) consider(backoff_until_);
  if (state_ == State::kConnecting || state_ == State::kNegotiating) consider(connect_deadline_);
  // The oldest of each queue stands for the rest: most calls have the channel's own timeout.
  if (!in_flight_.empty()) consider(in_flight_.front().deadline);
  if (!waiting_.empty()) consider(waiting_.front().deadline);
  if (!next || (timer_ != 0 && timer_at_ <= *next)) return;
  context_.executor->Cancel(timer_);
  timer_at_ = *next;
  timer_ = context_.executor->RunAfter(
      std::max(Micros(0), std::chrono::duration_cast<Micros>(*next - context_.clock->Now())),
      [weak = std::weak_ptr(self_)] {
        if (const auto alive = weak.lock()) (*alive)->OnTimer();
      });
}

void RpcChannel::OnTimer() {
  timer_ = 0;
  const MonoTime now = context_.clock->Now();
  if (state_ == State::kBackoff && now >= backoff_until_) state_ = State::kDisconnected;
  if ((state_ == State::kConnecting || state_ == State::kNegotiating) && now >= connect_deadline_) {
    Drop(Status(StatusCode::kUnavailable, "connecting to " + to_.ToString() + " takes too long"), /*failure=*/true);
    return;
  }
  if (!in_flight_.empty() && now >= in_flight_.front().deadline) {
    FailLater(std::move(in_flight_.front().done), Status(StatusCode::kTimeout, "no answer from " + to_.ToString()));
    in_flight_.pop_front();
    Drop(Status(StatusCode::kUnavailable, to_.ToString() + " did not answer an earlier request"), /*failure=*/true);
    return;
  }
  while (!waiting_.empty() && now >= waiting_.front().deadline) {
    FailLater(std::move(waiting_.front().done), Status(StatusCode::kTimeout, "not sent to " + to_.ToString()));
    waiting_.pop_front();
  }
  Pump();
}

}  // namespace ottla
