#include "tests/sim/kit/sim_rpc.h"

#include <deque>
#include <optional>
#include <utility>

namespace ottla::sim {

// One connection. Dies when its last request has been answered after it broke.
class SimRpc::Link final : public Stream::Handler, public std::enable_shared_from_this<SimRpc::Link> {
 public:
  Link(SimRpc& rpc, Endpoint to) : rpc_(&rpc), loop_(rpc.loop_), to_(std::move(to)) {
    stream_ = rpc.network_.Connect(loop_, to_, this);
  }

  void Send(RequestHeader header, const MessageRows& rows, const void* request, Micros timeout, Done done) {
    header.correlation_id = next_correlation_++;
    EncodedBody frame;
    const Status encoded = EncodeRequestFrame(header, rows, request, &frame);
    OTTLA_CHECK(encoded.ok()) << encoded.ToString();
    const std::int32_t id = header.correlation_id;
    const TimerId timer = loop_.RunAfter(timeout, [self = shared_from_this(), id] { self->Late(id); });
    pending_.push_back({id, header.api_key, header.api_version, timer, std::move(done)});
    out_ += frame.bytes;
    if (connected_) stream_->EnableWrite(true);
  }

  void Abandon() {
    rpc_ = nullptr;
    stream_.reset();
    for (const Pending& pending : pending_) loop_.Cancel(pending.timer);
    pending_.clear();
  }

 private:
  struct Pending {
    std::int32_t correlation = 0;
    std::int16_t key = 0;
    std::int16_t version = 0;
    TimerId timer = 0;
    Done done;
  };

  void OnConnected(Status status) override {
    if (!status.ok()) {
      Fail(status);
      return;
    }
    connected_ = true;
    stream_->EnableRead(true);
    if (!out_.empty()) stream_->EnableWrite(true);
  }

  void OnReadable() override {
    char bytes[16384];
    const IoResult result = stream_->Read(bytes);
    if (result.kind == IoResult::Kind::kWouldBlock) return;
    if (result.kind != IoResult::Kind::kOk) {
      Fail({StatusCode::kUnavailable, to_.ToString() + " closed the connection"});
      return;
    }
    in_.append(bytes, result.bytes);
    const std::shared_ptr<Link> self = shared_from_this();
    while (rpc_ != nullptr && stream_ != nullptr && TakeFrame()) {
    }
  }

  bool TakeFrame() {
    const std::optional<std::int32_t> size = ReadFrameSize(in_);
    if (!size.has_value()) return false;
    if (*size < 0 || *size > (64 << 20)) {
      Fail({StatusCode::kCorrupt, "frame size"});
      return false;
    }
    const std::size_t end = kFramePrefixSize + static_cast<std::size_t>(*size);
    if (in_.size() < end) return false;
    const std::string frame = in_.substr(kFramePrefixSize, end - kFramePrefixSize);
    in_.erase(0, end);
    if (pending_.empty()) {
      Fail({StatusCode::kCorrupt, "an answer to nothing"});
      return false;
    }
    Pending pending = std::move(pending_.front());
    pending_.pop_front();
    loop_.Cancel(pending.timer);
    const Result<ParsedResponse> parsed = ParseResponseHeader(frame, pending.key, pending.version);
    if (!parsed.ok() || parsed.value().correlation_id != pending.correlation) {
      pending.done({StatusCode::kCorrupt, "answer header"}, {});
      Fail({StatusCode::kCorrupt, "answer header"});
      return false;
    }
    pending.done({}, parsed.value().body);
    return true;
  }

  void OnWritable() override {
    const iovec part{out_.data(), out_.size()};
    const IoResult result = stream_->Write({&part, 1}, false);
    if (result.kind == IoResult::Kind::kError || result.kind == IoResult::Kind::kEof) {
      Fail({StatusCode::kUnavailable, "write to " + to_.ToString()});
      return;
    }
    out_.erase(0, result.bytes);
    if (out_.empty()) stream_->EnableWrite(false);
  }

  void Late(std::int32_t correlation) {
    for (const Pending& pending : pending_) {
      if (pending.correlation != correlation) continue;
      if (rpc_ != nullptr && rpc_->on_late_) rpc_->on_late_(to_, pending.key);
      Fail({StatusCode::kTimeout, "no answer from " + to_.ToString()});
      return;
    }
  }

  void Fail(const Status& status) {
    const std::shared_ptr<Link> self = shared_from_this();
    if (rpc_ != nullptr && rpc_->on_corrupt_ && status.code() == StatusCode::kCorrupt) {
      rpc_->on_corrupt_(to_, status.ToString());
    }
    if (rpc_ != nullptr) {
      const auto found = rpc_->links_.find(to_);
      if (found != rpc_->links_.end() && found->second == self) rpc_->links_.erase(found);
    }
    std::deque<Pending> failed = std::exchange(pending_, {});
    stream_.reset();
    for (Pending& pending : failed) loop_.Cancel(pending.timer);
    for (Pending& pending : failed) pending.done(status, {});
  }

  SimRpc* rpc_;
  Executor& loop_;
  const Endpoint to_;
  std::unique_ptr<Stream> stream_;
  bool connected_ = false;
  std::string out_;
  std::string in_;
  std::int32_t next_correlation_ = 1;
  std::deque<Pending> pending_;
};

SimRpc::SimRpc(Executor& loop, Network& network, std::string client_id)
    : loop_(loop), network_(network), client_id_(std::move(client_id)) {}

SimRpc::~SimRpc() { Drop(); }

void SimRpc::Drop() {
  for (const auto& link : std::exchange(links_, {})) link.second->Abandon();
}

void SimRpc::Send(const Endpoint& to, std::int16_t api_key, std::int16_t version, const MessageRows& rows,
                  const void* request, Micros timeout, Done done) {
  loop_.CheckOnLoop();
  std::shared_ptr<Link>& link = links_[to];
  if (link == nullptr) link = std::make_shared<Link>(*this, to);
  const std::shared_ptr<Link> held = link;
  held->Send({api_key, version, 0, client_id_}, rows, request, timeout, std::move(done));
}

}  // namespace ottla::sim
